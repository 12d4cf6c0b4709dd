#include "edge/odata_task.h"

#include <sodium.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/odata_shape.h"
#include "serve/plan.h"
#include "serve/task.h"
#include "serve/unit.h"

enum { MAX_KEY = 200 };

/* Options would be about a collection that is too short to need them. */
static int options_check(struct http_request *r, struct err *err)
{
	const char *at = NULL, *name, *value;
	while (http_query_next(r, &at, &name, &value))
		if (odata_option_name(name) && strcmp(odata_option_name(name), "$format") != 0)
			return err_tell(err, ERR_NOT_EXECUTED, SAY_TASK_OPTIONS);
	return 0;
}

int odata_task_read(struct http_request *r, struct app_request *q, const struct odata_address *address, struct err *err)
{
	struct arena *a = r->arena;
	struct plan *p;
	struct plan_query *query;
	struct plan_page page;
	struct pg_bindings b;
	struct value inputs[2] = {value_int(address->key), value_int(address->task)};
	static const char id[] = "id", mark[] = ",\"tasks\":";
	if (options_check(r, err) || plan_create(a, q->reg, q->actor, address->section, &p, err) || plan_select(p, id, 2, q->actor->lang, err))
		return -1;
	p->one = p->tasks = true;
	p->task_one = address->kind == ODATA_TASK;
	if (plan_compile(p, &query, err))
		return -1;
	plan_bindings(q->reg, q->actor, &b);
	b.inputs = inputs;
	b.ninputs = 2;
	struct buf row = BUF_INIT;
	int failed = plan_run(query, q->pg, PG_LANE_FAST, a, &b, &row, &page, err);
	/* the row is {"@odata.etag":…,"id":17,"tasks":[…]} */
	const char *text = !failed && page.rows ? arena_strndup(a, row.data, row.len - 1) : NULL;
	buf_destroy(&row);
	if (failed)
		return -1;
	if (!text)
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NOT_FOUND);
	const char *list = strstr(text, mark) + strlen(mark);
	size_t len = strlen(list);
	if (p->task_one && len <= 2)
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_TASK);
	buf_printf(&r->out, "{\"@odata.context\":\"%s/api/$metadata#%s(%lld)/tasks%s\",", http_base_url(r->server), address->section->expr.name,
			   (long long)address->key, p->task_one ? "/$entity" : "");
	if (p->task_one) /* [{…}] without its bracket and brace */
		buf_add(&r->out, list + 2, len - 3);
	else
		buf_printf(&r->out, "\"value\":%s}", list);
	http_reply_json(r, 200);
	return 0;
}

struct act {
	struct http_request *r;
	const struct odata_address *address;
	const char *key; /* Idempotency-Key, or NULL */
	unsigned char hash[32];
	bool done, found; /* found: answered before */
};

static int run(struct unit *u, void *ctx, struct err *err)
{
	struct act *t = ctx;
	const struct odata_address *to = t->address;
	struct unit_answer answer;
	if (t->key) {
		if (unit_idempotency(u, t->key, arena_printf(t->r->arena, "%s %s", t->r->method_name, t->r->path), t->hash, &answer, err))
			return -1;
		t->found = answer.found;
		if (t->found)
			return 0;
	}
	if (task_set(u, to->section, to->key, to->task, t->done, err))
		return -1;
	if (t->key)
		unit_idempotency_store(u, t->key, 200, NULL, "{}", 2);
	return 0;
}

int odata_task_act(struct http_request *r, struct app_request *q, const struct odata_address *address, struct err *err)
{
	struct act t = {.r = r, .address = address, .key = http_header(r, "Idempotency-Key")};
	const char *prefer;
	t.done = strcmp(address->part, "finish") == 0;
	if (!t.done && strcmp(address->part, "reopen") != 0)
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_RESOURCE);
	if (t.key && (!*t.key || strlen(t.key) > MAX_KEY))
		return err_say(err, ERR_SYNTAX, q->actor->lang, SAY_BAD_KEY);
	crypto_hash_sha256(t.hash, (const unsigned char *)r->body, r->body_len);
	struct unit_config config = {.pg = q->pg, .reg = q->reg, .actor = q->actor, .lane = PG_LANE_TX};
	if (unit_run(&config, run, &t, err))
		return -1;
	if (t.found)
		http_set_header(r, "Idempotency-Replayed", "true");
	if (http_prefer(r, "return", &prefer) && strcmp(prefer, "minimal") == 0) {
		http_set_header(r, "Preference-Applied", "return=minimal");
		http_reply_empty(r, 204);
		return 0;
	}
	return odata_task_read(r, q, address, err);
}
