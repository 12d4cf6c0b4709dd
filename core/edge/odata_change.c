#include "edge/odata_change.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/json.h"
#include "edge/odata_body.h"
#include "edge/odata_read.h"
#include "serve/change.h"
#include "serve/plan.h"
#include "serve/record.h"
#include "serve/unit.h"

enum { MAX_KEY = 200 };

enum act { ACT_CREATE, ACT_UPDATE, ACT_DELETE, ACT_MOVE };

/* What one request writes; made before the unit, so that the unit may run again. */
struct change {
	struct http_request *r;
	struct app_request *q;
	enum act act;
	struct section *section;
	int64_t id, version;
	bool has_version;
	const char *move, *comment;
	struct record_input input;
	const struct field *by; /* of a line made below its parent: what points there */
	const char *key;        /* Idempotency-Key, or NULL */
	unsigned char body_hash[32];
	struct unit_answer answer;
};

int odata_if_match(const struct http_request *r, int64_t *version)
{
	const char *h = http_header(r, "If-Match");
	if (!h || strcmp(h, "*") == 0)
		return 0;
	if (strncmp(h, "W/", 2) == 0)
		h += 2;
	char *end;
	if (*h++ != '"')
		return -1;
	*version = strtoll(h, &end, 10);
	if (end == h || *h == '-')
		return -1;
	/* behind the row's version may stand the hash of what was answered with it */
	if (*end == '-')
		end += 1 + strspn(end + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
	return strcmp(end, "\"") == 0 ? 1 : -1;
}

static int run(struct unit *u, void *ctx, struct err *err)
{
	struct change *c = ctx;
	const int64_t *version = c->has_version ? &c->version : NULL;
	int failed = 0;
	if (c->key) {
		const char *what = arena_printf(c->r->arena, "%s %s", c->r->method_name, c->r->path);
		if (unit_idempotency(u, c->key, what, c->body_hash, &c->answer, err))
			return -1;
		if (c->answer.found) {
			/* the answer lives in the unit's arena, the request outlives it */
			char *body = arena_strndup(c->r->arena, c->answer.body ? c->answer.body : "", c->answer.body_len);
			c->answer.body = body;
			c->answer.headers = arena_strdup(c->r->arena, c->answer.headers);
			return 0;
		}
	}
	switch (c->act) {
	case ACT_CREATE: failed = record_create(u, c->section, &c->input, &c->id, err); break;
	case ACT_UPDATE: failed = record_update(u, c->section, c->id, &c->input, version, err); break;
	case ACT_DELETE: failed = record_delete(u, c->section, c->id, version, err); break;
	case ACT_MOVE: failed = record_move(u, c->section, c->id, c->move, c->comment, &c->input, version, err); break;
	}
	if (failed)
		return -1;
	/* what is stored for a repetition says which record it was: the answer is read again then, with the rights of then */
	if (c->key) {
		const char *stored = arena_printf(c->r->arena, "{\"id\":%lld}", (long long)c->id);
		unit_idempotency_store(u, c->key, c->act == ACT_CREATE ? 201 : c->act == ACT_DELETE ? 204 : 200, NULL, stored, strlen(stored));
	}
	return 0;
}

static void write_changes(struct buf *b, struct arena *a, const struct change_field *fields, size_t n, enum lang lang)
{
	buf_putc(b, '[');
	for (size_t i = 0; i < n; i++) {
		const char *label = label_get(&fields[i].field->label, lang);
		buf_printf(b, "%s{\"field\":\"%s\",\"property\":\"%s\",\"label\":", i ? "," : "", fields[i].field->expr.name,
				   field_property(a, fields[i].field));
		buf_json(b, label, strlen(label));
		buf_printf(b, ",\"old\":%s,\"new\":%s}", fields[i].was ? fields[i].was : "null", fields[i].now ? fields[i].now : "null");
	}
	buf_putc(b, ']');
}

/* The ETag that the answer has by now. */
static const char *etag_of(const struct http_request *r)
{
	for (size_t i = 0; i < r->headers.count; i++)
		if (strcasecmp(r->headers.items[i].name, "ETag") == 0)
			return r->headers.items[i].value;
	return "";
}

void odata_reply_stale(struct http_request *r, struct app_request *q, struct section *s, int64_t id, int64_t since, const struct err *err)
{
	struct arena *a = r->arena;
	struct change_field *fields = NULL;
	struct err ignored;
	struct buf *b = &r->out;
	size_t n = 0;
	int64_t by = 0, at_us = 0;
	err_init(&ignored, a);
	r->headers.count = 0;
	buf_clear(b);
	/* the newest ETag comes from the record itself */
	if (odata_read_back(r, q, s, id, 200, &ignored)) {
		http_reply_err(r, &ignored);
		return;
	}
	const char *etag = etag_of(r);
	change_since(a, q->pg, q->reg, q->actor, s, id, since, &fields, &n, &by, &at_us, &ignored);
	struct actor who;
	bool named = by && actor_load(a, q->pg, NULL, q->reg, by, &who, &ignored) == 0;
	r->headers.count = 0;
	buf_clear(b);
	buf_puts(b, "{\"error\":{\"code\":\"stale\",\"message\":");
	buf_json(b, err_message(err, r->lang), strlen(err_message(err, r->lang)));
	buf_puts(b, ",\"ostov.current\":{\"etag\":");
	buf_json(b, etag, strlen(etag));
	buf_puts(b, ",\"changed_at\":");
	if (at_us) {
		buf_putc(b, '"');
		time_write(b, at_us);
		buf_putc(b, '"');
	} else {
		buf_puts(b, "null");
	}
	buf_puts(b, ",\"changed_by\":");
	if (named) {
		buf_printf(b, "{\"id\":%lld,\"title\":", (long long)by);
		buf_json(b, who.name, strlen(who.name));
		buf_putc(b, '}');
	} else {
		buf_puts(b, "null");
	}
	buf_puts(b, ",\"changes\":");
	write_changes(b, a, fields, n, q->actor->lang);
	buf_puts(b, "}}}");
	http_reply_json(r, 412);
}

/* The record as the answer, or nothing when the client prefers that or may no longer see it. */
static int answer(struct change *c, struct err *err)
{
	struct http_request *r = c->r;
	int status = c->act == ACT_CREATE ? 201 : c->act == ACT_DELETE ? 204 : 200;
	const char *prefer = NULL;
	size_t replayed = r->headers.count;
	if (c->answer.found) {
		struct json *stored;
		long long id;
		status = c->answer.status;
		if (json_read(r->arena, c->answer.body, c->answer.body_len, &stored, err) == 0 && json_get_int(stored, "id", &id))
			c->id = id;
		http_set_header(r, "Idempotency-Replayed", "true");
		replayed = r->headers.count;
	}
	if (status == 204) {
		http_reply_empty(r, 204);
		return 0;
	}
	const char *location = arena_printf(r->arena, "%s/api/%s(%lld)", http_base_url(r->server), c->section->expr.name, (long long)c->id);
	bool minimal = http_prefer(r, "return", &prefer) && strcmp(prefer, "minimal") == 0;
	const char *etag = NULL;
	struct err read;
	err_init(&read, r->arena);
	if (odata_read_back(r, c->q, c->section, c->id, status, &read)) {
		if (read.code != ERR_NOT_FOUND) {
			*err = read;
			return -1;
		}
		minimal = true; /* written, but out of the writer's sight now */
	} else {
		etag = etag_of(r);
	}
	if (minimal) {
		buf_clear(&r->out);
		r->headers.count = replayed;
		if (etag)
			http_set_header(r, "ETag", etag);
		if (prefer)
			http_set_header(r, "Preference-Applied", "return=minimal");
		http_set_header(r, "OData-EntityId", location);
		http_reply_empty(r, 204);
	}
	if (c->act == ACT_CREATE)
		http_set_header(r, "Location", location);
	return 0;
}

static int read_body(struct change *c, struct json **body, struct err *err)
{
	*body = NULL;
	if (!c->r->body_len && (c->act == ACT_MOVE || c->act == ACT_DELETE))
		return 0;
	if (!http_is_json(c->r))
		return err_say(err, ERR_MEDIA_TYPE, c->q->actor->lang, SAY_SEND_JSON);
	return json_read(c->r->arena, c->r->body, c->r->body_len, body, err);
}

/* What a move takes: a comment. */
static int move_input(struct change *c, const struct json *body, struct err *err)
{
	enum lang lang = c->q->actor->lang;
	if (body && body->kind != JSON_MAP)
		return err_say(err, ERR_SYNTAX, lang, SAY_MUST_BE_OBJECT);
	for (const struct json *v = body ? body->first : NULL; v; v = v->next) {
		if (*v->key == '@')
			continue;
		if (strcmp(v->key, "comment") != 0) {
			err_say(err, ERR_UNKNOWN_FIELD, lang, SAY_UNKNOWN_FIELD, v->key);
			return err_target(err, v->key);
		}
		if (v->kind != JSON_TEXT && v->kind != JSON_NIL) {
			err_say(err, ERR_INVALID, lang, SAY_MUST_BE_TEXT, v->key);
			return err_target(err, v->key);
		}
	}
	c->comment = json_get_text(body, "comment");
	return 0;
}

/* If-None-Match of a write: the record may not be there as it is named (RFC 9110, 13.1.2). */
static int none_match(struct change *c, const char *header, struct err *err)
{
	struct http_request *r = c->r;
	size_t headers = r->headers.count;
	if (odata_read_back(r, c->q, c->section, c->id, 200, err))
		return -1;
	const char *etag = etag_of(r);
	bool there = strcmp(header, "*") == 0 || strstr(header, etag + 2) != NULL;
	buf_clear(&r->out);
	r->headers.count = headers;
	return there ? err_tell(err, ERR_STALE, SAY_THERE_ALREADY) : 0;
}

/* A line made at the address of its parent's lines: the parent is one that the user sees, and no other may be named. */
static int below_parent(struct change *c, const struct odata_address *address, struct err *err)
{
	struct app_request *q = c->q;
	const struct field *detail = odata_part_field(c->r->arena, q, address);
	bool visible = false;
	if (plan_visible(c->r->arena, q->pg, q->reg, q->actor, address->section, &address->key, 1, &visible, err))
		return -1;
	if (!visible)
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NOT_FOUND);
	c->act = ACT_CREATE;
	c->section = detail->to;
	c->by = (const struct field *)detail->expr.by;
	return 0;
}

static int below_input(struct change *c, int64_t parent, const struct json *body, struct err *err)
{
	struct arena *a = c->r->arena;
	enum lang lang = c->q->actor->lang;
	const char *property = field_property(a, c->by);
	for (const struct json *v = body->first; v; v = v->next) {
		size_t n = strcspn(v->key, "@");
		bool own = strcmp(v->key, property) == 0 || (strlen(c->by->expr.name) == n && strncmp(v->key, c->by->expr.name, n) == 0);
		long long id;
		if (!own || (strcmp(v->key, property) == 0 && json_get_int(body, property, &id) && id == parent))
			continue;
		err_say(err, ERR_INVALID, lang, SAY_READONLY, label_get(&c->by->label, lang));
		return err_target(err, c->by->expr.name);
	}
	if (!json_get(body, property))
		record_input_set(a, &c->input, section_find(c->section, c->by->expr.name), value_int(parent));
	return 0;
}

int odata_change(struct http_request *r, struct app_request *q, const struct odata_address *address, struct err *err)
{
	struct change *c = arena_new(r->arena, struct change);
	struct json *body;
	enum lang lang = q->actor->lang;
	c->r = r;
	c->q = q;
	c->section = address->section;
	c->id = address->key;
	if (address->kind == ODATA_SET && r->method == HTTP_POST)
		c->act = ACT_CREATE;
	else if (address->kind == ODATA_ONE && r->method == HTTP_PATCH)
		c->act = ACT_UPDATE;
	else if (address->kind == ODATA_ONE && r->method == HTTP_DELETE)
		c->act = ACT_DELETE;
	else if (address->kind == ODATA_PART && r->method == HTTP_POST && !address->part_count && section_find_move(c->section, address->part))
		c->act = ACT_MOVE;
	else if (below_parent(c, address, err))
		return -1;
	int match = odata_if_match(r, &c->version);
	if (match < 0)
		c->version = -1; /* never the version of a record: stale */
	c->has_version = match != 0;
	const char *none = http_header(r, "If-None-Match");
	if (read_body(c, &body, err) || (c->act != ACT_DELETE && odata_read_check(r, q, c->section, err)) ||
		(none && c->act != ACT_CREATE && none_match(c, none, err)))
		return -1;
	c->key = http_header(r, "Idempotency-Key");
	if (c->key && (!*c->key || strlen(c->key) > MAX_KEY))
		return err_say(err, ERR_SYNTAX, lang, SAY_BAD_KEY);
	crypto_hash_sha256(c->body_hash, (const unsigned char *)r->body, r->body_len);
	if (c->act == ACT_MOVE) {
		c->move = address->part;
		if (move_input(c, body, err))
			return -1;
	} else if (c->act != ACT_DELETE && odata_body_input(r->arena, q->reg, q->actor, c->section, body, ODATA_BODY_WRITE, &c->input, err)) {
		return -1;
	}
	if (c->by && below_input(c, address->key, body, err))
		return -1;
	struct unit_config config = {.pg = q->pg, .reg = q->reg, .actor = q->actor, .lane = PG_LANE_TX};
	if (unit_run(&config, run, c, err)) {
		if (err->code != ERR_STALE)
			return -1;
		odata_reply_stale(r, q, c->section, c->id, c->version, err);
		return 0;
	}
	return answer(c, err);
}
