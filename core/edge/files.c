#include "edge/files.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/json.h"
#include "edge/odata_url.h"
#include "serve/actor.h"
#include "serve/file.h"
#include "serve/plan.h"

/* "type/subtype" of the client's word, without parameters; what is none is a heap of bytes. */
static const char *media_type(struct http_request *r)
{
	static const char unknown[] = "application/octet-stream";
	const char *type = http_header(r, "Content-Type");
	if (!type)
		return unknown;
	size_t len = strcspn(type, ";"), slashes = 0;
	while (len && type[len - 1] == ' ')
		len--;
	if (!len || len > 100)
		return unknown;
	for (size_t i = 0; i < len; i++) {
		slashes += type[i] == '/';
		if (!isalnum((unsigned char)type[i]) && !strchr("/+-._", type[i]))
			return unknown;
	}
	return slashes == 1 && type[0] != '/' && type[len - 1] != '/' ? arena_strndup(r->arena, type, len) : unknown;
}

static int upload(struct http_request *r, struct app_request *q, struct err *err)
{
	const char *sent = http_header(r, "X-File-Name"), *name = "file", *data;
	size_t len;
	int64_t id;
	struct file_info info;
	if (sent && (strlen(sent) > 4096 || !http_decode(r->arena, sent, strlen(sent), false, &name, &len)))
		return err_say(err, ERR_SYNTAX, q->actor->lang, SAY_BAD_FILE_NAME);
	struct file_spool *spool = file_spool_new(r->arena);
	for (;;) {
		int got = http_body_read(r, &data, &len, err);
		if (got < 0)
			return -1;
		if (!got)
			break;
		if (file_spool_add(spool, data, len, err))
			return -1;
	}
	if (!file_spool_size(spool))
		return err_say(err, ERR_INVALID, q->actor->lang, SAY_EMPTY_FILE);
	if (file_spool_save(spool, q->pg, q->reg, q->actor, name, media_type(r), &id, err) ||
		file_find(r->arena, q->pg, q->reg, q->actor->lang, id, &info, err))
		return -1;
	struct buf *b = &r->out;
	buf_printf(b, "{\"id\":%lld,\"name\":", (long long)id);
	buf_json(b, info.name, strlen(info.name));
	buf_printf(b, ",\"size\":%lld,\"media_type\":", (long long)info.size);
	buf_json(b, info.media_type, strlen(info.media_type));
	buf_putc(b, '}');
	http_reply_json(r, 201);
	return 0;
}

/* The file's id as the actor reads it from the record: through the plan, so that rights of record and field decide. `which`: one of several, else 0. */
static int file_of(struct http_request *r, struct app_request *q, struct section *s, int64_t key, const char *field, int64_t which,
				   int64_t *id, struct err *err)
{
	struct plan *p;
	struct plan_query *query;
	struct plan_page page;
	struct pg_bindings b;
	struct buf out = BUF_INIT;
	struct json *row;
	struct value input = value_int(key);
	const struct field *f = section_find(s, field);
	enum lang lang = q->actor->lang;
	if (!f || f->type != FIELD_FILE || f->many != (which != 0))
		return err_say(err, ERR_NOT_FOUND, lang, SAY_NO_FILE);
	const char *property = field_property(r->arena, f);
	if (plan_create(r->arena, q->reg, q->actor, s, &p, err))
		return -1;
	p->one = true;
	/* a field that is not readable is as unknown as one that is not there */
	if (plan_select(p, property, strlen(property), lang, err))
		return err_say(err, ERR_NOT_FOUND, lang, SAY_NO_FILE);
	if (plan_compile(p, &query, err))
		return -1;
	plan_bindings(q->reg, q->actor, &b);
	b.inputs = &input;
	b.ninputs = 1;
	int failed = plan_run(query, q->pg, PG_LANE_FAST, r->arena, &b, &out, &page, err);
	if (!failed && !page.rows)
		failed = err_say(err, ERR_NOT_FOUND, lang, SAY_NOT_FOUND);
	if (!failed)
		failed = json_read(r->arena, out.data, out.len, &row, err);
	buf_destroy(&out);
	if (failed)
		return -1;
	const struct json *v = json_get(row, property);
	*id = 0;
	if (v && v->kind == JSON_DIGITS)
		*id = strtoll(v->text, NULL, 10);
	for (const struct json *one = v && v->kind == JSON_LIST ? v->first : NULL; one; one = one->next)
		if (one->kind == JSON_DIGITS && strtoll(one->text, NULL, 10) == which)
			*id = which;
	return *id ? 0 : err_say(err, ERR_NOT_FOUND, lang, SAY_NO_FILE);
}

/* One range of bytes: 1 and its ends, 0 when all is to be sent (none asked, several, or another file meanwhile), -1 when it lies outside. */
static int range_of(struct http_request *r, const char *etag, int64_t size, int64_t *from, int64_t *to)
{
	const char *h = http_header(r, "Range"), *unless = http_header(r, "If-Range");
	char *end;
	*from = 0;
	*to = size - 1;
	if (!h || strncmp(h, "bytes=", 6) != 0 || strchr(h, ',') || (unless && strcmp(unless, etag) != 0))
		return 0;
	h += 6;
	if (*h == '-') {
		if (!isdigit((unsigned char)h[1]))
			return 0;
		long long last = strtoll(h + 1, &end, 10);
		if (*end)
			return 0;
		if (last <= 0)
			return -1;
		*from = last >= size ? 0 : size - last;
		return 1;
	}
	if (!isdigit((unsigned char)*h))
		return 0;
	long long first = strtoll(h, &end, 10), last = size - 1;
	if (*end != '-')
		return 0;
	if (end[1]) {
		if (!isdigit((unsigned char)end[1]))
			return 0;
		last = strtoll(end + 1, &end, 10);
		if (*end || last < first)
			return 0;
	}
	if (first >= size)
		return -1;
	*from = first;
	*to = last < size ? last : size - 1;
	return 1;
}

/* Headers for bytes that somebody else brought: saved, never shown as a page of this site (SAFETY 56). */
static void guard_headers(struct http_request *r, const struct file_info *f, const char *etag)
{
	http_set_header(r, "Content-Type", f->media_type && *f->media_type ? f->media_type : "application/octet-stream");
	http_set_attachment(r, f->name ? f->name : "file");
	http_set_header(r, "Content-Security-Policy", "sandbox; default-src 'none'");
	http_set_header(r, "Cache-Control", "private, no-cache");
	http_set_header(r, "Accept-Ranges", "bytes");
	http_set_header(r, "ETag", etag);
}

static int send_bytes(struct http_request *r, struct app_request *q, const struct file_info *f, int64_t from, int64_t to, struct err *err)
{
	for (int64_t at = from; at <= to;) {
		struct arena *a = arena_new_sized(4096);
		const char *data;
		size_t len;
		int failed = file_read(a, q->pg, f, at, &data, &len, err);
		if (!failed) {
			if ((int64_t)len > to - at + 1)
				len = (size_t)(to - at + 1);
			failed = http_stream_write(r, data, len);
			at += (int64_t)len;
		}
		arena_delete(a);
		if (failed)
			return -1;
	}
	return 0;
}

static int download(struct http_request *r, struct app_request *q, const char *path, struct err *err)
{
	struct odata_address address;
	struct file_info f;
	enum lang lang = q->actor->lang;
	int64_t id, which = 0, from, to;
	/* "/deal(17)/scans/5": the address of a property, and which of several */
	const char *second = strchr(path + 1, '/'), *third = second ? strchr(second + 1, '/') : NULL;
	if (!second)
		return err_say(err, ERR_NOT_FOUND, lang, SAY_NO_RESOURCE);
	if (third) {
		char *end;
		which = strtoll(third + 1, &end, 10);
		if (!isdigit((unsigned char)third[1]) || *end || which <= 0)
			return err_say(err, ERR_NOT_FOUND, lang, SAY_NO_FILE);
		path = arena_strndup(r->arena, path, (size_t)(third - path));
	}
	if (odata_address_parse(r->arena, q->reg, q->actor, path, &address, err))
		return -1;
	if (address.kind != ODATA_PART || address.part_count)
		return err_say(err, ERR_NOT_FOUND, lang, SAY_NO_RESOURCE);
	if (file_of(r, q, address.section, address.key, address.part, which, &id, err) || file_find(r->arena, q->pg, q->reg, lang, id, &f, err))
		return -1;
	const char *etag = arena_printf(r->arena, "\"%s\"", f.sha256 ? f.sha256 : "");
	guard_headers(r, &f, etag);
	const char *known = http_header(r, "If-None-Match");
	if (known && strstr(known, etag)) {
		http_reply_empty(r, 304);
		return 0;
	}
	int part = range_of(r, etag, f.size, &from, &to);
	if (part < 0) {
		http_set_header(r, "Content-Range", arena_printf(r->arena, "bytes */%lld", (long long)f.size));
		http_reply_empty(r, 416);
		return 0;
	}
	if (part)
		http_set_header(r, "Content-Range",
						arena_printf(r->arena, "bytes %lld-%lld/%lld", (long long)from, (long long)to, (long long)f.size));
	if (http_stream_begin(r, part ? 206 : 200, to - from + 1, err))
		return 0; /* the client is gone */
	http_stream_end(r, r->head_only || send_bytes(r, q, &f, from, to, err) == 0);
	return 0;
}

void files_handle(struct http_request *r)
{
	struct app_request *q = r->user_data;
	struct err err;
	const char *path = r->path + strlen("/files");
	int failed;
	err_init(&err, r->arena);
	if (!*path && r->method == HTTP_POST)
		failed = upload(r, q, &err);
	else if (*path && (r->method == HTTP_GET || r->method == HTTP_HEAD))
		failed = download(r, q, path, &err);
	else
		failed = http_refuse_method(r, *path ? "GET, HEAD" : "POST", &err);
	if (failed) {
		r->headers.count = 0;
		http_reply_err(r, &err);
	}
}
