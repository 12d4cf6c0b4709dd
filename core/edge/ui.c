#include "edge/ui.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/export.h"
#include "edge/http.h"
#include "edge/import.h"
#include "edge/ui_bulk.h"
#include "edge/ui_events.h"
#include "edge/ui_meta.h"
#include "edge/ui_record.h"
#include "edge/ui_search.h"
#include "edge/ui_setting.h"
#include "serve/access.h"

enum { PARTS = 4 };

/* "/ui/history/order/17" → {"history", "order", "17"}; the number of parts. */
static size_t split(struct arena *a, const char *path, const char *parts[PARTS])
{
	size_t n = 0;
	while (*path == '/' && n < PARTS) {
		size_t len = strcspn(++path, "/");
		parts[n++] = arena_strndup(a, path, len);
		path += len;
	}
	return *path ? 0 : n;
}

static int handle(struct http_request *r, struct app_request *q, struct err *err)
{
	const char *part[PARTS] = {"", "", "", ""};
	size_t n = split(r->arena, r->path + strlen("/ui"), part);
	enum lang lang = q->actor->lang;
	bool get = r->method == HTTP_GET || r->method == HTTP_HEAD;
	if (n == 1 && strcmp(part[0], "meta") == 0) {
		if (!get)
			return http_refuse_method(r, "GET, HEAD", err);
		ui_meta(r, q);
		return 0;
	}
	if (n == 1 && strcmp(part[0], "events") == 0)
		return ui_events(r, q, err);
	if (n == 1 && strcmp(part[0], "search") == 0)
		return ui_search(r, q, err);
	if (n == 2 && strcmp(part[0], "export") == 0)
		return export_handle(r, q, part[1], err);
	if (n == 2 && strcmp(part[0], "settings") == 0)
		return ui_setting(r, q, part[1], err);
	if (n >= 1 && strcmp(part[0], "import") == 0)
		return import_handle(r, q, part + 1, n - 1, err);
	struct section *s = n >= 2 ? registry_find(q->reg, part[1]) : NULL;
	if (s && !access_exists(access_get(q->reg, q->actor, s)))
		s = NULL;
	if (n == 2 && s && strcmp(part[0], "form") == 0)
		return ui_form(r, q, s, err);
	if (n == 2 && s && strcmp(part[0], "delete") == 0)
		return ui_delete_preview(r, q, s, err);
	if (n == 2 && s && strcmp(part[0], "bulk") == 0)
		return ui_bulk(r, q, s, err);
	if (n == 3 && s && strcmp(part[0], "lookup") == 0)
		return ui_lookup(r, q, s, part[2], err);
	int64_t id;
	if (n == 3 && s && strcmp(part[0], "history") == 0 && ui_number(part[2], &id))
		return get ? ui_history(r, q, s, id, err) : http_refuse_method(r, "GET, HEAD", err);
	return err_say(err, ERR_NOT_FOUND, lang, SAY_NO_RESOURCE);
}

void ui_handle(struct http_request *r)
{
	struct app_request *q = r->user_data;
	struct err err;
	err_init(&err, r->arena);
	if (handle(r, q, &err)) {
		r->headers.count = 0;
		http_reply_err(r, &err);
	}
}
