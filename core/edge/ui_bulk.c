#include "edge/ui_bulk.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/json.h"
#include "edge/odata_body.h"
#include "edge/ui_record.h"
#include "serve/plan.h"
#include "serve/record.h"
#include "serve/unit.h"

enum { MAX_IDS = 1000 };

static void text(struct buf *b, const char *s)
{
	if (s)
		buf_json(b, s, strlen(s));
	else
		buf_puts(b, "null");
}

/* "ids" of the body, each once, in the order sent. */
static int read_ids(struct http_request *r, struct app_request *q, const struct json *body, int64_t **out, size_t *count, struct err *err)
{
	const struct json *list = json_get(body, "ids");
	if (!list || list->kind != JSON_LIST || !list->count || list->count > MAX_IDS) {
		err_say(err, ERR_INVALID, q->actor->lang, SAY_IDS, arena_printf(r->arena, "%d", MAX_IDS));
		return err_target(err, "ids");
	}
	int64_t *ids = arena_array(r->arena, int64_t, list->count);
	size_t n = 0;
	for (const struct json *one = list->first; one; one = one->next) {
		char *end = NULL;
		int64_t id = one->kind == JSON_DIGITS ? strtoll(one->text, &end, 10) : 0;
		bool seen = false;
		if (id <= 0 || !end || *end) {
			err_say(err, ERR_INVALID, q->actor->lang, SAY_IDS, arena_printf(r->arena, "%d", MAX_IDS));
			return err_target(err, "ids");
		}
		for (size_t i = 0; i < n && !seen; i++)
			seen = ids[i] == id;
		if (!seen)
			ids[n++] = id;
	}
	*out = ids;
	*count = n;
	return 0;
}

int ui_delete_preview(struct http_request *r, struct app_request *q, struct section *s, struct err *err)
{
	struct json *body;
	int64_t *ids;
	size_t nids, n = 0, deletable = 0;
	struct unit *u;
	struct record_effect *effects = NULL;
	if (ui_read_json(r, q, &body, err) || read_ids(r, q, body, &ids, &nids, err))
		return -1;
	/* owned lines go with their parent and have no rights of their own to ask for */
	struct unit_config config = {.pg = q->pg, .reg = q->reg, .actor = q->actor, .lane = PG_LANE_TX};
	if (unit_begin(&config, &u, err))
		return -1;
	int failed = record_delete_preview(u, s, ids, nids, &effects, &n, &deletable, err);
	if (!failed) {
		struct buf *b = &r->out;
		enum lang lang = q->actor->lang;
		for (int blocked = 0; blocked < 2; blocked++) {
			bool first = true;
			buf_puts(b, blocked ? "],\"blocked\":[" : "{\"counts\":[");
			for (size_t i = 0; i < n; i++) {
				if (effects[i].blocked != blocked)
					continue;
				/* records that this user may not know of are told as a number without a name */
				const struct section *of = effects[i].readable ? effects[i].section : NULL;
				const char *other = say_format(lang, SAY_OTHER_RECORDS);
				buf_printf(b, "%s{\"section\":", first ? "" : ",");
				text(b, of ? of->expr.name : NULL);
				buf_puts(b, ",\"label\":");
				text(b, of ? label_get(&of->label, lang) : other);
				buf_puts(b, ",\"plural\":");
				text(b, of ? label_get(&of->plural, lang) : other);
				buf_printf(b, ",\"count\":%lld}", (long long)effects[i].count);
				first = false;
			}
		}
		buf_printf(b, "],\"deletable\":%zu}", deletable);
		http_reply_json(r, 200);
	}
	unit_rollback(u);
	return failed ? -1 : 0;
}

enum bulk_act { BULK_UPDATE, BULK_DELETE, BULK_MOVE };

struct bulk {
	struct section *section;
	enum bulk_act act;
	int64_t id;
	const char *move, *comment;
	struct record_input input;
};

static int run_one(struct unit *u, void *ctx, struct err *err)
{
	struct bulk *b = ctx;
	switch (b->act) {
	case BULK_UPDATE: return record_update(u, b->section, b->id, &b->input, NULL, err);
	case BULK_DELETE: return record_delete(u, b->section, b->id, NULL, err);
	case BULK_MOVE: return record_move(u, b->section, b->id, b->move, b->comment, &b->input, NULL, err);
	}
	return -1;
}

static int read_act(struct http_request *r, struct app_request *q, const struct json *body, struct bulk *out, struct err *err)
{
	const char *action = json_get_text(body, "action");
	const struct json *values = json_get(body, "values");
	enum lang lang = q->actor->lang;
	if (action && strcmp(action, "update") == 0) {
		out->act = BULK_UPDATE;
		if (!values) {
			err_say(err, ERR_INVALID, lang, SAY_BULK_VALUES);
			return err_target(err, "values");
		}
		return odata_body_input(r->arena, q->reg, q->actor, out->section, values, ODATA_BODY_STRICT, &out->input, err);
	}
	if (action && strcmp(action, "delete") == 0) {
		out->act = BULK_DELETE;
		return 0;
	}
	if (action && strcmp(action, "move") == 0) {
		out->act = BULK_MOVE;
		out->move = json_get_text(body, "move");
		out->comment = json_get_text(body, "comment");
		if (out->move && section_find_move(out->section, out->move))
			return 0;
		err_say(err, ERR_INVALID, lang, SAY_UNKNOWN_MOVE, out->move ? out->move : "");
		return err_target(err, "move");
	}
	err_say(err, ERR_INVALID, lang, SAY_BULK_ACTION);
	return err_target(err, "action");
}

/* What stops the whole, not one record. */
static bool fatal(enum err_code code)
{
	return code == ERR_UNAVAILABLE || code == ERR_INTERNAL || code == ERR_DB_TIMEOUT || code == ERR_OUTCOME_UNKNOWN;
}

struct failure {
	int64_t id;
	struct err err;
};

int ui_bulk(struct http_request *r, struct app_request *q, struct section *s, struct err *err)
{
	struct json *body;
	struct bulk act = {.section = s};
	int64_t *ids;
	size_t n, done = 0, nfailed = 0;
	if (ui_read_json(r, q, &body, err) || read_ids(r, q, body, &ids, &n, err) || read_act(r, q, body, &act, err))
		return -1;
	struct failure *failed = arena_array(r->arena, struct failure, n);
	const char **titles = arena_array(r->arena, const char *, n);
	struct unit_config config = {.pg = q->pg, .reg = q->reg, .actor = q->actor, .lane = PG_LANE_TX};
	/* the titles of before: afterwards a record may be out of sight */
	if (plan_titles(r->arena, q->pg, q->reg, q->actor, s, ids, n, titles, err))
		return -1;
	const char **failed_titles = arena_array(r->arena, const char *, n);
	for (size_t i = 0; i < n; i++) {
		struct failure *f = &failed[nfailed];
		err_init(&f->err, r->arena);
		f->id = act.id = ids[i];
		if (unit_run(&config, run_one, &act, &f->err) == 0) {
			done++;
			continue;
		}
		if (fatal(f->err.code) && !done && !nfailed) {
			*err = f->err;
			return -1;
		}
		failed_titles[nfailed++] = titles[i];
		/* the rest would wait for the same database in vain: they are told as not done */
		if (fatal(f->err.code)) {
			for (size_t k = i + 1; k < n; k++) {
				failed[nfailed].id = ids[k];
				failed[nfailed].err = f->err;
				failed_titles[nfailed++] = titles[k];
			}
			break;
		}
	}
	struct buf *b = &r->out;
	buf_printf(b, "{\"done\":%zu,\"failed\":[", done);
	for (size_t i = 0; i < nfailed; i++) {
		buf_printf(b, "%s{\"id\":%lld,\"title\":", i ? "," : "", (long long)failed[i].id);
		text(b, failed_titles[i]);
		buf_puts(b, ",\"error\":");
		http_write_err(b, r, &failed[i].err);
		buf_putc(b, '}');
	}
	buf_puts(b, "]}");
	http_reply_json(r, 200);
	return 0;
}
