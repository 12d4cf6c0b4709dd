#include "edge/odata.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/odata_change.h"
#include "edge/odata_metadata.h"
#include "edge/odata_read.h"
#include "edge/odata_shape.h"
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
	http_reply_json(r, 200);
	return 0;
}

/* What the address answers to; a part of a record is a move or something to read. NULL: nothing is there. */
static const char *methods(struct http_request *r, struct app_request *q, const struct odata_address *address)
{
	const struct field *f;
	switch (address->kind) {
	case ODATA_SET: return "GET, HEAD, POST";
	case ODATA_ONE: return "GET, HEAD, PATCH, DELETE";
	case ODATA_TASK: return address->part ? "POST" : "GET, HEAD";
	case ODATA_PART:
		f = odata_part_field(r->arena, q, address);
		if (f)
			return f->type == FIELD_DETAIL && f->expr.by && !address->part_count ? "GET, HEAD, POST" : "GET, HEAD";
		return !address->part_count && section_find_move(address->section, address->part) ? "POST" : NULL;
	default: return "GET, HEAD";
	}
}

/* True when the method stands in the list. */
static bool takes(const char *methods, const char *method)
{
	size_t n = strlen(method);
	for (const char *p = methods; *p; p += strspn(p, ", ")) {
		size_t len = strcspn(p, ",");
		if (len == n && memcmp(p, method, n) == 0)
			return true;
		p += len;
	}
	return false;
}

/* The protocol's versions: what the client sends, and the newest that it reads. */
static int version(const struct http_request *r, struct odata_format *format, struct err *err)
{
	const char *sent = http_header(r, "OData-Version"), *most = http_header(r, "OData-MaxVersion");
	format->version = "4.01";
	/* "4.0;NetFx": who sends it names itself behind it */
	size_t n = sent ? strcspn(sent, "; ") : 0;
	if (sent && !(n == 3 && memcmp(sent, "4.0", n) == 0) && !(n == 4 && memcmp(sent, "4.01", n) == 0))
		return err_tell(err, ERR_SYNTAX, SAY_ODATA_VERSION, sent);
	if (!most)
		return 0;
	char *end;
	double v = strtod(most, &end);
	if (end == most || (*end && *end != ';' && *end != ' ') || v < 4)
		return err_tell(err, ERR_SYNTAX, SAY_ODATA_VERSION, most);
	if (v < 4.01)
		format->version = "4.0";
	return 0;
}

/* How the client wants the answer written: $format, else Accept. The model has kinds of its own. */
static int format_of(struct http_request *r, const struct odata_address *address, struct odata_format *out, struct err *err)
{
	const char *at = NULL, *name, *value, *params = "", *asked = NULL;
	while (http_query_next(r, &at, &name, &value)) {
		const char *own = odata_option_name(name);
		if (own && strcmp(own, "$format") == 0)
			asked = value;
		else if (own && (address->kind == ODATA_SERVICE || address->kind == ODATA_METADATA)) {
			err_tell(err, ERR_UNKNOWN_OPTION, SAY_OPTION_UNKNOWN, name);
			return err_target(err, name);
		}
	}
	bool model = address->kind == ODATA_METADATA, json;
	if (r->method == HTTP_DELETE) {
		json = true;
	} else if (asked) {
		size_t n = strcspn(asked, "; ");
		static const char type[] = "application/json";
		json = (n == 4 && strncasecmp(asked, "json", 4) == 0) || (n == sizeof type - 1 && strncasecmp(asked, type, n) == 0);
		params = asked + n;
		out->xml = model && ((n == 3 && strncasecmp(asked, "xml", 3) == 0) || (n == 15 && strncasecmp(asked, "application/xml", n) == 0));
	} else {
		int likes = http_accepts(r, "application/json", &params), xml = model ? http_accepts(r, "application/xml", NULL) : 0;
		json = likes > 0 || address->kind == ODATA_SET_COUNT || address->part_count;
		/* as JSON it is written since 4.01: who reads 4.0 alone and knows XML gets that (Excel says that it likes JSON better, and means records) */
		out->xml = xml > 0 && (xml >= likes || strcmp(out->version, "4.0") == 0);
	}
	if (!json && !out->xml)
		return err_tell(err, ERR_NOT_ACCEPTABLE, model ? SAY_FORMAT_KINDS : SAY_ONLY_JSON);
	if (out->xml)
		return 0;
	const char *metadata = http_param(r->arena, params, "odata.metadata"), *exact = http_param(r->arena, params, "IEEE754Compatible");
	if (!metadata)
		metadata = http_param(r->arena, params, "metadata");
	if (metadata && strcasecmp(metadata, "minimal") != 0 && strcasecmp(metadata, "none") != 0)
		return err_tell(err, ERR_NOT_EXECUTED, SAY_OPTION_LATER, arena_printf(r->arena, "odata.metadata=%s", metadata));
	out->exact = exact && strcasecmp(exact, "true") == 0;
	return 0;
}

static int handle(struct http_request *r, struct app_request *q, struct odata_format *format, struct err *err)
{
	struct odata_address address;
	if (version(r, format, err) || odata_address_parse(r->arena, q->reg, q->actor, r->path + strlen("/api"), &address, err))
		return -1;
	bool get = r->method == HTTP_GET || r->method == HTTP_HEAD;
	if (address.kind == ODATA_BATCH)
		return err_tell(err, ERR_NOT_EXECUTED, SAY_NO_BATCH);
	const char *allow = methods(r, q, &address);
	if (!allow)
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_RESOURCE);
	if (!takes(allow, r->method_name)) {
		r->allow = allow;
		bool move = get && strcmp(allow, "POST") == 0;
		return move ? err_tell(err, ERR_METHOD, SAY_MOVE_POST) : http_refuse_method(r, allow, err);
	}
	if (format_of(r, &address, format, err))
		return -1;
	q->exact = format->exact;
	switch (address.kind) {
	case ODATA_SERVICE: return service(r, q);
	case ODATA_METADATA: return odata_metadata(r, q, format, err);
	case ODATA_TASKS:
	case ODATA_TASK: return get ? odata_task_read(r, q, &address, err) : odata_task_act(r, q, &address, err);
	default: return get ? odata_read(r, q, &address, err) : odata_change(r, q, &address, err);
	}
}

void odata_handle(struct http_request *r)
{
	struct app_request *q = r->user_data;
	struct odata_format format = {.version = "4.01"};
	struct err err;
	err_init(&err, r->arena);
	if (handle(r, q, &format, &err)) {
		r->headers.count = 0;
		http_reply_err(r, &err);
	}
	for (size_t i = 0; i < r->headers.count; i++)
		if (strcasecmp(r->headers.items[i].name, "Content-Type") == 0 && strncmp(r->headers.items[i].value, "application/json", 16) == 0)
			r->headers.items[i].value = format.exact ? "application/json;odata.metadata=minimal;IEEE754Compatible=true;charset=utf-8"
													 : "application/json;odata.metadata=minimal;charset=utf-8";
	http_set_header(r, "OData-Version", format.version);
}
