#include "serve/event.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/say.h"
#include "pg/pg.h"
#include "serve/job.h"
#include "serve/record_private.h"

enum { AFTER_DEPTH = 8, AFTER_ATTEMPTS = 8, LEASE_MS = 15 * 1000 };

static const struct event_engine *engine;

void event_set_engine(const struct event_engine *e)
{
	engine = e;
}

const char *event_name(enum hook_event event)
{
	static const char *const names[HOOK_EVENTS] = {"before_create", "before_update", "before_save", "before_delete",
												   "created",       "updated",       "deleted",     "stage_entered"};
	return names[event];
}

bool event_has(const struct registry *reg, const struct section *s, enum hook_event event)
{
	return record_plan_get(reg, (struct section *)s)->hooks[event];
}

static int run(struct unit *u, const struct hook *h, struct record *r, struct err *err)
{
	if (!engine) {
		err_say(err, ERR_SCRIPT, u->lang, SAY_HOOK_FAILED);
		return err_tell_hint(err, SAY_NO_HOOKS);
	}
	const struct actor *was = unit_act_as(u, NULL);
	int done = engine->run(u, h, r, err);
	unit_act_as(u, was);
	return done;
}

int event_before(struct unit *u, enum hook_event event, struct record *r, struct err *err)
{
	if (!event_has(u->reg, r->section, event))
		return 0;
	for (size_t i = 0; i < u->reg->nhooks; i++) {
		const struct hook *h = u->reg->hooks[i];
		if (h->section == r->section && h->event == event && run(u, h, r, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- after commit: a job a hook ---- */

static void payload(struct buf *b, struct unit *u, const struct hook *h, const struct record *r)
{
	struct buf json = BUF_INIT;
	buf_puts(b, "{\"section\":");
	buf_int(b, r->section->id);
	buf_puts(b, ",\"event\":");
	buf_json(b, event_name(h->event), strlen(event_name(h->event)));
	buf_puts(b, ",\"hook\":");
	buf_json(b, h->name, strlen(h->name));
	buf_puts(b, ",\"record\":");
	buf_int(b, r->id);
	buf_puts(b, ",\"depth\":");
	buf_int(b, u->depth + 1);
	/* the row as the event left it: a job that runs later, or after the deletion, sees this */
	change_json(&json, r, h->event == HOOK_DELETED ? CHANGE_DELETED : CHANGE_CHANGED);
	buf_puts(b, ",\"changes\":");
	buf_add(b, json.data, json.len);
	buf_destroy(&json);
	const struct record_plan *p = record_plan_get(u->reg, r->section);
	if (p->stage && r->now.values[p->stage->pos].kind == VALUE_TEXT) {
		buf_puts(b, ",\"stage\":");
		value_json(b, &r->now.values[p->stage->pos]);
	}
	buf_putc(b, '}');
}

void event_after(struct unit *u, enum hook_event event, struct record *r)
{
	if (!event_has(u->reg, r->section, event))
		return;
	if (u->depth >= AFTER_DEPTH) {
		log_warn("hooks of %s after commit lead to each other more than %d times: no further ones are queued", r->section->expr.name,
				 AFTER_DEPTH);
		return;
	}
	for (size_t i = 0; i < u->reg->nhooks; i++) {
		const struct hook *h = u->reg->hooks[i];
		if (h->section != r->section || h->event != event)
			continue;
		struct buf b = BUF_INIT;
		payload(&b, u, h, r);
		job_queue(u, "hook", b.data, 0, AFTER_ATTEMPTS);
		buf_destroy(&b);
	}
}

struct after {
	struct job *job;
	const struct hook *hook;
	int64_t record;
	const char *changes;
	const char *stage;
};

/* Puts the values that the event found over `values`; *stage says whether there was a stage among them. */
static int take_old(struct unit *u, struct section *s, const char *changes, struct value *values, bool *stage, struct err *err)
{
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_text(u->arena, &params, PG_JSONB, changes);
	if (pg_tx_run(u->tx, u->arena,
				  "SELECT e.key, 0, CASE jsonb_typeof(e.value -> 0) WHEN 'array' THEN NULL ELSE e.value ->> 0 END,"
				  " CASE jsonb_typeof(e.value -> 0) WHEN 'array' THEN ARRAY(SELECT x::bigint FROM jsonb_array_elements_text(e.value -> 0) "
				  "x) END FROM jsonb_each($1) e",
				  &params, &rows, err) < 0)
		return -1;
	*stage = false;
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		const char *key = pg_rows_text(rows, i, 0);
		int64_t fid = strtoll(key, NULL, 10);
		for (size_t k = 0; k < s->nfields; k++) {
			struct field *f = s->fields[k];
			if (fid ? f->id != fid : strcmp(f->expr.name, key) != 0)
				continue;
			struct value in = pg_rows_value(rows, u->arena, i, pg_rows_null(rows, i, 3) ? 2 : 3), v;
			struct err ignored;
			err_init(&ignored, u->arena);
			if (record_coerce(u->arena, u->lang, f, &in, &v, &ignored) == 0)
				values[k] = v;
			*stage |= f->type == FIELD_STAGE && values[k].kind != VALUE_NIL;
		}
	}
	return 0;
}

/* The row as the deletion found it. */
static int revive(struct unit *u, struct section *s, int64_t id, const char *changes, struct record **out, struct err *err)
{
	struct value *values = arena_array(u->arena, struct value, s->nfields + 1);
	bool stage;
	if (take_old(u, s, changes, values, &stage, err) < 0)
		return -1;
	struct record *r = record_find(u, s, id);
	if (!r)
		r = record_new(u, s, id);
	r->priv->query = NULL;
	r->priv->absent = false;
	r->now.values = values;
	const struct field *f = section_find(s, "id");
	if (f)
		r->now.values[f->pos] = value_int(id);
	r->was.values = r->now.values;
	*out = r;
	return 0;
}

/* What the hook sees as `old`: the record is as it stands by now, and what the event changed is as it was before. */
static int look_back(struct unit *u, const struct after *a, struct record *r, struct err *err)
{
	size_t n = a->hook->section->nfields;
	struct value *values = arena_array(u->arena, struct value, n + 1);
	bool stage;
	r->after = true;
	if (a->hook->event == HOOK_CREATED)
		return 0;
	memcpy(values, r->now.values, n * sizeof *values);
	if (a->hook->event != HOOK_DELETED && take_old(u, a->hook->section, a->changes, values, &stage, err) < 0)
		return -1;
	/* a new record enters its first stage out of none */
	if (a->hook->event != HOOK_STAGE_ENTERED || stage)
		r->before = values;
	return 0;
}

static int run_after(struct unit *u, void *ctx, struct err *err)
{
	struct after *a = ctx;
	struct record *r;
	if (unit_ready(u, err) < 0)
		return -1;
	if (a->hook->event == HOOK_DELETED) {
		if (revive(u, a->hook->section, a->record, a->changes, &r, err) < 0)
			return -1;
	} else if (record_load(u, a->hook->section, a->record, &r, err) < 0) {
		return -1;
	}
	/* the record may have moved on since: the hook is told of the stage whose entry it is called for */
	const struct record_plan *p = record_plan_get(u->reg, a->hook->section);
	if (r && a->hook->event == HOOK_STAGE_ENTERED && p->stage && a->stage)
		r->now.values[p->stage->pos] = r->was.values[p->stage->pos] = value_textz(a->stage);
	if (r && look_back(u, a, r, err) < 0)
		return -1;
	/* deleted meanwhile: its own event tells of that */
	if (r && engine->run(u, a->hook, r, err) < 0)
		return -1;
	return job_complete(a->job, u, err);
}

static int job_hook(struct job *job, struct err *err)
{
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_params_text(job->arena, &params, PG_JSONB, job->payload);
	if (pg_read(job->pg, PG_LANE_FAST, job->arena,
				"SELECT ($1 ->> 'section')::bigint, $1 ->> 'event', $1 ->> 'hook', ($1 ->> 'record')::bigint, ($1 ->> 'depth')::bigint, "
				"($1 -> 'changes')::text, $1 ->> 'stage'",
				&params, &rows, err) < 0)
		return -1;
	struct after after = {.job = job,
						  .record = pg_rows_int(rows, 0, 3),
						  .changes = pg_rows_text(rows, 0, 5),
						  .stage = pg_rows_text(rows, 0, 6)};
	const char *event = pg_rows_text(rows, 0, 1), *name = pg_rows_text(rows, 0, 2);
	for (size_t i = 0; i < job->reg->nhooks; i++) {
		const struct hook *h = job->reg->hooks[i];
		if (h->section->id == pg_rows_int(rows, 0, 0) && strcmp(event_name(h->event), event) == 0 && strcmp(h->name, name) == 0)
			after.hook = h;
	}
	/* the configuration no longer has it */
	if (!after.hook)
		return 0;
	if (!engine)
		return err_tell(err, ERR_SCRIPT, SAY_NO_HOOKS);
	struct actor actor;
	actor_system(&actor, job->reg->language);
	if (job->user_id) {
		struct actor user;
		struct err ignored;
		err_init(&ignored, job->arena);
		if (actor_load(job->arena, job->pg, NULL, job->reg, job->user_id, &user, &ignored) == 0) {
			actor = user;
			actor.system = true;
			actor.roles_key = "*";
		} else {
			actor.id = job->user_id;
		}
	}
	struct unit_config config = {
		.pg = job->pg, .reg = job->reg, .actor = &actor, .lane = PG_LANE_TX, .depth = (int)pg_rows_int(rows, 0, 4)};
	return unit_run(&config, run_after, &after, err);
}

void event_register_jobs(void)
{
	job_register("hook", job_hook, LEASE_MS);
}
