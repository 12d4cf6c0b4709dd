#include "edge/odata.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/odata_change.h"
#include "edge/odata_metadata.h"
#include "edge/odata_read.h"
#include "edge/odata_task.h"
#include "edge/odata_url.h"
#include "serve/access.h"

/* The service document: the sets that this user sees (OData JSON format, 5). */
static int service(struct http_request *r, struct app_request *q)
{
	struct buf *b = &r->out;
	bool first = true;
	buf_printf(b, "{\"@odata.context\":\"%s/api/$metadata\",\"value\":[", http_base_url(r->server));
	for (size_t i = 0; i < q->reg->nsections; i++) {
		struct section *s = q->reg->sections[i];
		if (!access_exists(access_get(q->reg, q->actor, s)))
			continue;
		const char *title = label_get(&s->plural, q->actor->lang);
		buf_printf(b, "%s{\"name\":\"%s\",\"kind\":\"EntitySet\",\"url\":\"%s\",\"title\":", first ? "" : ",", s->expr.name, s->expr.name);
		buf_json(b, title, strlen(title));
		buf_putc(b, '}');
		first = false;
	}
	buf_puts(b, "]}");
	http_set_header(r, "OData-Version", "4.01");
	http_reply_json(r, 200);
	return 0;
}

static int handle(struct http_request *r, struct app_request *q, struct err *err)
{
	struct odata_address address;
	if (odata_address_parse(r->arena, q->reg, q->actor, r->path + strlen("/api"), &address, err))
		return -1;
	bool get = r->method == HTTP_GET || r->method == HTTP_HEAD;
	if (address.kind == ODATA_BATCH)
		return err_tell(err, ERR_NOT_EXECUTED, SAY_NO_BATCH);
	if (address.kind == ODATA_SERVICE && get)
		return service(r, q);
	if (address.kind == ODATA_METADATA && get)
		return odata_metadata(r, q, err);
	if (!address.section)
		return err_say(err, ERR_METHOD, q->actor->lang, SAY_METHOD, r->method_name);
	if (address.kind == ODATA_TASKS || address.kind == ODATA_TASK)
		return get && !address.part ? odata_task_read(r, q, &address, err) : odata_task_act(r, q, &address, err);
	if (get)
		return odata_read(r, q, &address, err);
	return odata_change(r, q, &address, err);
}

void odata_handle(struct http_request *r)
{
	struct app_request *q = r->user_data;
	struct err err;
	err_init(&err, r->arena);
	if (handle(r, q, &err)) {
		r->headers.count = 0;
		http_reply_err(r, &err);
	}
}
