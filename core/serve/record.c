#include "serve/record.h"

#include <string.h>

#include "base/arena.h"
#include "pg/pg.h"
#include "serve/event.h"
#include "serve/plan.h"
#include "serve/record_private.h"
#include "serve/rollup.h"
#include "serve/stage.h"

enum { HOOK_DEPTH = 8, LINES_MAX = 2000 };

enum act { ACT_CREATE, ACT_UPDATE, ACT_REMOVE };

/* Of a line that is not sent: a whole list leaves it out. */
#define NO_PLACE SIZE_MAX

struct lines {
	struct record_line *items;
	size_t count, cap;
};

/* One record of a write: the one asked for, or a line written with it. */
struct piece {
	struct record *r;
	const struct record_input *in;
	enum act act;
	struct piece *owner;  /* of a line */
	struct field *detail; /* by which it is owned */
	const char *prefix;
	enum change_kind kind;
	bool idle; /* an update that changed nothing */
};

struct batch {
	struct unit *u;
	struct {
		struct piece **items;
		size_t count, cap;
	} pieces;
	struct err faults;
};

static const struct record_input NOTHING;

/* ---- drafts ---- */

static void prefetch(struct unit *u, const struct record_input *in)
{
	if (u->actor->system)
		return;
	for (size_t i = 0; i < in->sets.count; i++) {
		const struct record_set *set = &in->sets.items[i];
		struct field *f = set->field;
		if (f->type != FIELD_LOOKUP || !(f->where.set || access_get(u->reg, u->actor, f->to)->rows[GRANT_READ] != ACCESS_ALL))
			continue;
		const struct value *items = set->value.kind == VALUE_LIST ? set->value.list.items : &set->value;
		size_t n = set->value.kind == VALUE_LIST ? set->value.list.count : 1;
		for (size_t k = 0; k < n; k++)
			if (items[k].kind == VALUE_INT && items[k].i > 0)
				record_prefetch(u, f->to, items[k].i);
	}
}

static struct record *draft_new(struct batch *b, struct section *s, int64_t id, const char *prefix, unsigned flags)
{
	struct unit *u = b->u;
	struct record_plan *p = record_plan_get(u->reg, s);
	struct record *r = record_new(u, s, id);
	r->fresh = r->locked = true;
	r->now.values = arena_array(u->arena, struct value, p->nfields + 1);
	for (size_t i = 0; i < p->nlinks; i++)
		r->now.values[p->links[i]->pos] = (struct value){.kind = VALUE_LIST};
	const struct field *f = section_find(s, "id");
	if (f)
		r->now.values[f->pos] = value_int(id);
	struct value by = u->user->id ? value_int(u->user->id) : value_nil();
	r->now.values[p->created_by->pos] = r->now.values[p->changed_by->pos] = by;
	r->now.values[p->created_at->pos] = r->now.values[p->changed_at->pos] = value_time(u->now_us);
	r->priv->prefix = prefix;
	r->priv->flags = flags;
	r->priv->faults = &b->faults;
	r->priv->writing = true;
	record_set_drafted(r);
	return r;
}

static struct piece *piece_add(struct batch *b, struct record *r, const struct record_input *in, enum act act, struct piece *owner,
							   struct field *detail)
{
	struct piece *p = arena_new(b->u->arena, struct piece);
	*p = (struct piece){.r = r, .in = in ? in : &NOTHING, .act = act, .owner = owner, .detail = detail};
	p->kind = act == ACT_CREATE ? CHANGE_CREATED : act == ACT_REMOVE ? CHANGE_DELETED : CHANGE_CHANGED;
	arena_push(b->u->arena, &b->pieces, p);
	return p;
}

static int lines_add(struct batch *b, struct piece *owner, struct err *err);

static int piece_create(struct batch *b, struct section *s, const struct record_input *in, struct piece *owner, struct field *detail,
						const char *prefix, struct piece **out, struct err *err)
{
	struct unit *u = b->u;
	int64_t id;
	record_ask_id(u, s);
	if (record_take_id(u, s, &id, err) < 0)
		return -1;
	struct record *r = draft_new(b, s, id, prefix, in->flags | (owner ? owner->in->flags : 0));
	struct piece *p = piece_add(b, r, in, ACT_CREATE, owner, detail);
	r->priv->owner = owner ? owner->r : NULL;
	if (record_apply(r, in, err) < 0)
		return -1;
	if (owner) {
		r->now.values[detail->by->pos] = value_int(owner->r->id);
		r->priv->given[detail->by->pos] = false;
		if (r->priv->unread)
			r->priv->unread[detail->by->pos] = false;
	}
	if (record_derive(r, NULL, 0, err) < 0)
		return -1;
	const struct record_plan *plan = record_plan_get(u->reg, s);
	bool given = plan->stage && r->now.values[plan->stage->pos].kind != VALUE_NIL;
	if (plan->stage && !given) {
		struct stage *first;
		if (stage_first(u, r, &first, err) < 0)
			return -1;
		if (first)
			r->now.values[plan->stage->pos] = value_textz(first->name);
	} else if (plan->stage && !stage_of(r)) {
		record_fault(r, ERR_INVALID, plan->stage, say_text(u->arena, u->lang, SAY_NO_STAGE, r->now.values[plan->stage->pos].text.s));
	}
	*out = p;
	if (lines_add(b, p, err) < 0)
		return -1;
	/* a path may be chosen by what the lines come to */
	struct stage *by_lines = NULL;
	if (given || !plan->stage || !r->priv->touched || s->npaths < 2)
		return 0;
	if (stage_first(u, r, &by_lines, err) < 0)
		return -1;
	if (by_lines)
		r->now.values[plan->stage->pos] = value_textz(by_lines->name);
	return 0;
}

static int draft_open(struct batch *b, struct section *s, int64_t id, bool to_delete, const struct record_input *in, const char *prefix,
					  unsigned flags, struct record **out, struct err *err)
{
	struct unit *u = b->u;
	struct record *r;
	if (record_lock(u, s, id, to_delete, in, &r, err) < 0)
		return -1;
	if (r->priv->writing)
		return err_say(err, ERR_CONFLICT, u->lang, SAY_BEING_WRITTEN);
	/* the draft gets values of its own: what others hold of the row stays as it was */
	size_t n = record_plan_get(u->reg, s)->nfields;
	struct value *values = arena_array(u->arena, struct value, n + 1);
	memcpy(values, r->was.values, n * sizeof *values);
	r->now.values = values;
	r->priv->prefix = prefix;
	r->priv->flags = flags;
	r->priv->faults = &b->faults;
	r->priv->writing = true;
	r->priv->given = arena_array(u->arena, bool, n + 1);
	r->priv->unread = NULL;
	r->priv->owner = NULL;
	record_set_drafted(r);
	*out = r;
	return 0;
}

static int line_open(struct batch *b, struct piece *owner, const struct record_line *line, const char *prefix, struct err *err)
{
	struct unit *u = b->u;
	struct record *r;
	struct err one;
	err_init(&one, u->arena);
	const struct record *twice = record_find(u, line->detail->to, line->id);
	if (twice && twice->priv->writing && twice->priv->owner == owner->r) {
		err_say(&one, ERR_INVALID, u->lang, SAY_LINE_TWICE);
		err_target(&one, arena_strndup(u->arena, prefix, strlen(prefix) - 1));
		err_append(&b->faults, &one);
		return 0;
	}
	if (draft_open(b, line->detail->to, line->id, line->op == RECORD_LINE_REMOVE, line->values, prefix, owner->in->flags, &r, &one) < 0) {
		if (one.code != ERR_NOT_FOUND)
			return err_copy(err, &one);
		r = NULL;
	}
	if (!r || r->was.values[line->detail->by->pos].kind != VALUE_INT || r->was.values[line->detail->by->pos].i != owner->r->id) {
		if (r)
			r->priv->writing = false;
		err_init(&one, u->arena);
		err_say(&one, ERR_INVALID, u->lang, SAY_NO_LINE);
		err_target(&one, arena_strndup(u->arena, prefix, strlen(prefix) - 1));
		err_append(&b->faults, &one);
		return 0;
	}
	r->priv->owner = owner->r;
	struct piece *p = piece_add(b, r, line->values, line->op == RECORD_LINE_REMOVE ? ACT_REMOVE : ACT_UPDATE, owner, line->detail);
	if (line->op == RECORD_LINE_REMOVE) {
		r->priv->leaving = true;
		return 0;
	}
	if (record_apply(r, line->values, err) < 0)
		return -1;
	r->now.values[line->detail->by->pos] = value_int(owner->r->id);
	if (record_derive(r, NULL, 0, err) < 0)
		return -1;
	return lines_add(b, p, err);
}

static bool input_names(const struct record_input *in, const struct field *detail, int64_t id)
{
	for (size_t i = 0; i < in->lines.count; i++)
		if (in->lines.items[i].detail == detail && in->lines.items[i].op != RECORD_LINE_CREATE && in->lines.items[i].id == id)
			return true;
	return false;
}

/* The lines to write: stored ones that a whole list leaves out are removed, before others come that may have their values. */
static int lines_gather(struct batch *b, struct piece *owner, struct lines *out, struct err *err)
{
	struct unit *u = b->u;
	const struct record_input *in = owner->in;
	for (size_t i = 0; i < in->whole.count && owner->act == ACT_UPDATE; i++) {
		struct record **stored;
		size_t n;
		bool ok;
		if (record_apply_lines(owner->r, in->whole.items[i], &ok, err) < 0)
			return -1;
		if (!ok)
			continue;
		if (record_lines(u, in->whole.items[i], owner->r, &stored, &n, err) < 0)
			return -1;
		for (size_t k = 0; k < n; k++) {
			struct record_line gone = {.detail = in->whole.items[i], .op = RECORD_LINE_REMOVE, .id = stored[k]->id, .position = NO_PLACE};
			if (input_names(in, gone.detail, gone.id))
				continue;
			/* an expanded record shows no more of them: whoever sends it back has not seen what he would delete */
			if (n > PLAN_LINES) {
				record_fault(owner->r, ERR_INVALID, gone.detail,
							 say_text(u->arena, u->lang, SAY_LINES_MANY, label_get(&gone.detail->label, u->lang),
									  say_number(u->arena, PLAN_LINES), gone.detail->expr.name));
				break;
			}
			arena_push(u->arena, out, gone);
		}
	}
	for (size_t i = 0; i < in->lines.count; i++)
		arena_push(u->arena, out, in->lines.items[i]);
	if (out->count > LINES_MAX)
		return err_say(err, ERR_TOO_COMPLEX, u->lang, SAY_TOO_MANY_RECORDS, arena_printf(u->arena, "%d", LINES_MAX));
	return 0;
}

static int lines_add(struct batch *b, struct piece *owner, struct err *err)
{
	struct unit *u = b->u;
	struct lines lines = {0};
	if (lines_gather(b, owner, &lines, err) < 0)
		return -1;
	const struct field *asked = NULL;
	bool ok = false;
	for (size_t i = 0; i < lines.count; i++) {
		const struct record_line *line = &lines.items[i];
		const char *prefix = line->position == NO_PLACE
								 ? arena_printf(u->arena, "%s%s/", owner->r->priv->prefix, line->detail->expr.name)
								 : arena_printf(u->arena, "%s%s/%zu/", owner->r->priv->prefix, line->detail->expr.name, line->position);
		if (line->detail != asked) {
			asked = line->detail;
			if (record_apply_lines(owner->r, asked, &ok, err) < 0)
				return -1;
		}
		if (!ok)
			continue;
		owner->r->priv->touched = true;
		struct piece *p;
		if (line->op == RECORD_LINE_CREATE) {
			if (piece_create(b, line->detail->to, line->values, owner, line->detail, prefix, &p, err) < 0)
				return -1;
		} else if (line_open(b, owner, line, prefix, err) < 0) {
			return -1;
		}
	}
	return record_derive_lines(owner->r, NULL, 0, err);
}

/* ---- rights ---- */

static int refuse(struct batch *b, enum err_code code, enum say_text text, const char *arg, struct err *err)
{
	return err_say(err, code, b->u->lang, text, arg ? arg : "");
}

static int check_frozen(struct batch *b, struct record *r, struct err *err)
{
	const struct stage *s;
	if (b->u->actor->system)
		return 0;
	if (record_frozen(r, &s, err) < 0)
		return -1;
	return s ? refuse(b, ERR_CONFLICT, SAY_FROZEN, label_get(&s->label, b->u->lang), err) : 0;
}

static int check_visible(struct batch *b, struct record *r, struct err *err)
{
	struct unit *u = b->u;
	bool ok;
	if (access_test(u, access_get(u->reg, u->actor, r->section), GRANT_READ, r, true, NULL, &ok, NULL, err) < 0)
		return -1;
	return ok ? 0 : refuse(b, ERR_NOT_FOUND, SAY_NOT_FOUND, NULL, err);
}

static int check_version(struct batch *b, const struct record *r, const int64_t *if_version, struct err *err)
{
	return !if_version || *if_version == r->version ? 0 : refuse(b, ERR_STALE, SAY_STALE, NULL, err);
}

/* Creating asks the draft; a line asks its owner. */
static int check_created(struct batch *b, struct err *err)
{
	struct unit *u = b->u;
	for (size_t i = 0; i < b->pieces.count; i++) {
		struct piece *p = b->pieces.items[i];
		bool ok;
		if (u->actor->system || p->act != ACT_CREATE)
			continue;
		const struct access *x = access_get(u->reg, u->actor, p->r->section);
		ok = p->owner != NULL; /* the detail was asked, or is with its new owner */
		if (!ok && access_test(u, x, GRANT_CREATE, p->r, false, NULL, &ok, NULL, err) < 0)
			return -1;
		if (!ok && p->r->priv->unread)
			continue;
		if (!ok)
			return refuse(b, ERR_FORBIDDEN, SAY_NO_CREATE, label_get(&p->r->section->label, u->lang), err);
		if (record_apply_new(p->r, p->in, err) < 0)
			return -1;
		if (!p->owner && check_frozen(b, p->r, err) < 0)
			return -1;
	}
	return 0;
}

/* Updating must hold after the change too, for every field that was changed. */
static int check_left(struct batch *b, struct err *err)
{
	struct unit *u = b->u;
	for (size_t i = 0; i < b->pieces.count; i++) {
		struct piece *p = b->pieces.items[i];
		if (u->actor->system || p->act != ACT_UPDATE || p->owner || p->kind == CHANGE_MOVED)
			continue;
		const struct access *x = access_get(u->reg, u->actor, p->r->section);
		if (x->rows[GRANT_UPDATE] == ACCESS_ALL && !x->parent)
			continue;
		for (size_t k = 0; k < p->in->sets.count; k++) {
			struct field *f = p->in->sets.items[k].field;
			bool ok;
			if (!p->r->priv->given[f->pos] || !record_changed(p->r, f))
				continue;
			if (access_test(u, x, GRANT_UPDATE, p->r, false, f, &ok, NULL, err) < 0)
				return -1;
			if (!ok)
				return refuse(b, ERR_FORBIDDEN, SAY_NO_UPDATE_AFTER, NULL, err);
		}
		for (size_t k = 0; k < p->in->lines.count; k++) {
			bool ok;
			if (k && p->in->lines.items[k].detail == p->in->lines.items[k - 1].detail)
				continue;
			if (access_test(u, x, GRANT_UPDATE, p->r, false, p->in->lines.items[k].detail, &ok, NULL, err) < 0)
				return -1;
			if (!ok)
				return refuse(b, ERR_FORBIDDEN, SAY_NO_UPDATE_AFTER, NULL, err);
		}
		for (size_t k = 0; k < p->in->whole.count; k++) {
			bool ok;
			if (access_test(u, x, GRANT_UPDATE, p->r, false, p->in->whole.items[k], &ok, NULL, err) < 0)
				return -1;
			if (!ok)
				return refuse(b, ERR_FORBIDDEN, SAY_NO_UPDATE_AFTER, NULL, err);
		}
	}
	return 0;
}

/* ---- checks, hooks ---- */

static int ask_unique(struct batch *b, struct record *r, struct field *const *fields, size_t n, struct err *err)
{
	struct unit *u = b->u;
	struct buf sql = BUF_INIT;
	struct pg_params params = {0};
	bool changed = false;
	pg_params_int(u->arena, &params, r->id);
	buf_printf(&sql, "SELECT 1 FROM %s WHERE id <> $1", r->section->expr.sql);
	for (size_t i = 0; i < n; i++) {
		const struct value *v = &r->now.values[fields[i]->pos];
		if (record_empty(v)) {
			buf_destroy(&sql);
			return 0;
		}
		changed |= record_changed(r, fields[i]);
		pg_params_value(u->arena, &params, field_pg_type(fields[i]), v);
		buf_printf(&sql, " AND %s = $%zu", fields[i]->expr.column, params.count);
	}
	buf_puts(&sql, " LIMIT 1");
	const char *text = arena_strndup(u->arena, sql.data, sql.len);
	buf_destroy(&sql);
	struct pg_rows *rows;
	if (!changed)
		return 0;
	if (pg_tx_run(u->tx, u->arena, text, &params, &rows, err) < 0)
		return -1;
	if (pg_rows_count(rows) == 0)
		return 0;
	const char *labels = label_get(&fields[0]->label, u->lang);
	for (size_t i = 1; i < n; i++)
		labels = arena_printf(u->arena, "%s, %s", labels, label_get(&fields[i]->label, u->lang));
	record_fault(r, ERR_NOT_UNIQUE, fields[0], say_text(u->arena, u->lang, n > 1 ? SAY_NOT_UNIQUE_SET : SAY_NOT_UNIQUE, labels));
	return 0;
}

/* What the database would refuse: uniqueness, and targets that are not there. */
static int look_ahead(struct batch *b, struct err *err)
{
	for (size_t i = 0; i < b->pieces.count; i++)
		if (b->pieces.items[i]->act != ACT_REMOVE)
			record_ask_references(b->pieces.items[i]->r);
	for (size_t i = 0; i < b->pieces.count; i++) {
		struct record *r = b->pieces.items[i]->r;
		if (b->pieces.items[i]->act == ACT_REMOVE)
			continue;
		if (record_check_references(r, err) < 0)
			return -1;
		for (size_t k = 0; k < r->section->nfields; k++) {
			struct field *f = r->section->fields[k];
			if (f->unique && f->expr.storage == EXPR_COLUMN && ask_unique(b, r, &f, 1, err) < 0)
				return -1;
		}
		for (size_t k = 0; k < r->section->nuniques; k++)
			if (ask_unique(b, r, r->section->uniques[k].fields, r->section->uniques[k].nfields, err) < 0)
				return -1;
	}
	return 0;
}

/* Checks that read lines and rollups, on the drafts; with a value missing somewhere nobody can say what they would find. */
static int look_late(struct batch *b, struct err *err)
{
	struct unit *u = b->u;
	int r = 0;
	for (size_t i = 0; i < b->pieces.count; i++)
		if (b->pieces.items[i]->r->priv->unread)
			return 0;
	u->priv->form = true;
	for (size_t i = 0; i < b->pieces.count && r == 0; i++)
		if (b->pieces.items[i]->act != ACT_REMOVE)
			r = record_check_late(b->pieces.items[i]->r, err);
	u->priv->form = false;
	return r;
}

/* What else is wrong is looked for only when something is wrong already: then all is told at once. */
static int fail(struct batch *b, struct err *err)
{
	struct unit *u = b->u;
	bool thorough = u->priv->thorough;
	u->priv->thorough = true;
	int r = look_ahead(b, err);
	u->priv->thorough = thorough;
	if (r < 0 || b->faults.code == ERR_OK)
		return r;
	if (look_late(b, err) < 0)
		return -1;
	/* the head decides the answer's status: what is not the actor's to do stands before what is wrong with it */
	struct err sorted;
	err_init(&sorted, u->arena);
	for (int forbidden = 1; forbidden >= 0; forbidden--)
		for (const struct err *e = &b->faults; e; e = e->next)
			if ((e->code == ERR_FORBIDDEN) == forbidden) {
				struct err one = *e;
				one.next = NULL;
				err_append(&sorted, &one);
			}
	return err_copy(err, &sorted);
}

static int check_all(struct batch *b, struct err *err)
{
	for (size_t i = 0; i < b->pieces.count; i++)
		if (b->pieces.items[i]->act != ACT_REMOVE && record_check(b->pieces.items[i]->r, err) < 0)
			return -1;
	return b->faults.code == ERR_OK && !b->u->priv->thorough ? 0 : fail(b, err);
}

static int run_hooks(struct batch *b, bool *changed, struct err *err)
{
	struct unit *u = b->u;
	*changed = false;
	for (size_t i = 0; i < b->pieces.count; i++) {
		struct piece *p = b->pieces.items[i];
		const struct record_plan *plan = record_plan_get(u->reg, p->r->section);
		enum hook_event first = p->act == ACT_CREATE ? HOOK_BEFORE_CREATE : HOOK_BEFORE_UPDATE;
		if (p->act == ACT_REMOVE || p->idle || !(plan->hooks[first] || plan->hooks[HOOK_BEFORE_SAVE]))
			continue;
		size_t size = plan->nfields * sizeof(struct value);
		struct value *before = arena_alloc(u->arena, size + 1);
		memcpy(before, p->r->now.values, size);
		if (event_before(u, first, p->r, err) < 0 || event_before(u, HOOK_BEFORE_SAVE, p->r, err) < 0)
			return -1;
		*changed |= memcmp(before, p->r->now.values, size) != 0;
	}
	return 0;
}

static bool differs(const struct record *r)
{
	for (size_t i = 0; i < r->section->nfields; i++)
		if (record_changed(r, r->section->fields[i]))
			return true;
	return r->priv->touched;
}

/* ---- the write ---- */

static int write_all(struct batch *b, struct err *err)
{
	struct unit *u = b->u;
	struct record **rs = arena_array(u->arena, struct record *, b->pieces.count + 1);
	size_t n = 0;
	for (size_t i = 0; i < b->pieces.count; i++)
		if (!b->pieces.items[i]->idle)
			rs[n++] = b->pieces.items[i]->r;
	if (record_lock_parents(u, rs, n, err) < 0)
		return -1;
	for (size_t i = 0; i < b->pieces.count; i++) {
		struct piece *p = b->pieces.items[i];
		if (p->idle)
			continue;
		if (p->act == ACT_REMOVE ? record_remove(p->r, err) < 0 : record_write(p->r, p->kind, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < b->pieces.count; i++) {
		struct piece *p = b->pieces.items[i];
		const struct stage *stage = stage_of(p->r);
		if (p->idle || p->act == ACT_REMOVE)
			continue;
		event_after(u, p->act == ACT_CREATE ? HOOK_CREATED : HOOK_UPDATED, p->r);
		if (stage && stage != stage_was(p->r))
			event_after(u, HOOK_STAGE_ENTERED, p->r);
	}
	for (size_t i = 0; i < b->pieces.count; i++) {
		struct piece *p = b->pieces.items[i];
		if (p->idle)
			p->r->priv->writing = false;
		else if (p->act != ACT_REMOVE)
			record_settled(p->r);
	}
	/* many records: their parents are recomputed once, before COMMIT, unless a check waits for the result */
	if (u->bulk && !u->priv->checks.count)
		return 0;
	return rollup_recompute(u, err) < 0 || record_late_run(u, err) < 0 ? -1 : 0;
}

/* A write that failed before anything was queued leaves nothing behind in the unit either: a hook may have caught the error. */
static void drop(struct batch *b)
{
	for (size_t i = 0; i < b->pieces.count; i++) {
		struct record *r = b->pieces.items[i]->r;
		r->priv->writing = r->priv->touched = r->priv->leaving = false;
		r->priv->faults = NULL;
		r->priv->unread = NULL;
		r->priv->move = r->priv->comment = NULL;
		if (b->pieces.items[i]->act == ACT_CREATE)
			r->gone = true;
		else if (r->was.values && !r->gone)
			memcpy(r->now.values, r->was.values, r->section->nfields * sizeof *r->now.values);
	}
}

static int finish(struct batch *b, struct err *err)
{
	struct unit *u = b->u;
	bool changed = false;
	if (check_all(b, err) < 0)
		return -1;
	if (check_left(b, err) < 0)
		return -1;
	for (size_t i = 0; i < b->pieces.count; i++) {
		struct piece *p = b->pieces.items[i];
		p->idle = p->act == ACT_UPDATE && p->kind == CHANGE_CHANGED && !differs(p->r);
	}
	if (u->priv->hook_depth >= HOOK_DEPTH)
		return refuse(b, ERR_SCRIPT, SAY_HOOK_DEPTH, NULL, err);
	u->priv->hook_depth++;
	int r = run_hooks(b, &changed, err);
	u->priv->hook_depth--;
	if (r < 0)
		return -1;
	if (b->faults.code != ERR_OK)
		return fail(b, err);
	if (changed && check_all(b, err) < 0)
		return -1;
	for (size_t i = 0; i < b->pieces.count; i++)
		if (b->pieces.items[i]->r->priv->flags & RECORD_DRY)
			return 0;
	return write_all(b, err);
}

static void batch_begin(struct batch *b, struct unit *u)
{
	memset(b, 0, sizeof *b);
	b->u = u;
	err_init(&b->faults, u->arena);
}

static int batch_end(struct batch *b, int r)
{
	if (r < 0)
		drop(b);
	return r;
}

static int create(struct batch *b, struct section *s, const struct record_input *in, int64_t *id, struct err *err)
{
	struct unit *u = b->u;
	const struct access *x = access_get(u->reg, u->actor, s);
	struct piece *p;
	if (x->rows[GRANT_CREATE] == ACCESS_NONE)
		return access_exists(x) ? refuse(b, ERR_FORBIDDEN, SAY_NO_CREATE, label_get(&s->label, u->lang), err)
								: refuse(b, ERR_NOT_FOUND, SAY_NOT_FOUND, NULL, err);
	record_ask_id(u, s);
	prefetch(u, in);
	record_ask_parents(u, s, 0, in, false);
	record_ask_parents(u, s, 0, in, true);
	if (unit_ready(u, err) < 0 || piece_create(b, s, in, NULL, NULL, "", &p, err) < 0)
		return -1;
	*id = p->r->id;
	return check_created(b, err) < 0 ? -1 : finish(b, err);
}

int record_create(struct unit *u, struct section *s, const struct record_input *in, int64_t *id, struct err *err)
{
	struct batch b;
	batch_begin(&b, u);
	return batch_end(&b, create(&b, s, in, id, err));
}

static int open_visible(struct batch *b, struct section *s, int64_t id, const struct record_input *in, const int64_t *if_version,
						struct record **out, struct err *err)
{
	struct unit *u = b->u;
	if (!access_exists(access_get(u->reg, u->actor, s)))
		return refuse(b, ERR_NOT_FOUND, SAY_NOT_FOUND, NULL, err);
	prefetch(u, in);
	if (draft_open(b, s, id, false, in, "", in->flags, out, err) < 0)
		return -1;
	if (check_visible(b, *out, err) < 0 || check_version(b, *out, if_version, err) < 0) {
		(*out)->priv->writing = false;
		return -1;
	}
	return 0;
}

/* What may not be written at all is told before the stage that freezes the rest; with a fault nothing is written, and all of them are told. */
static int take_input(struct batch *b, struct piece *p, struct err *err)
{
	if (record_apply(p->r, p->in, err) < 0)
		return -1;
	if (b->faults.code == ERR_OK && check_frozen(b, p->r, err) < 0)
		return -1;
	return record_derive(p->r, NULL, 0, err) < 0 || lines_add(b, p, err) < 0 || check_created(b, err) < 0 ? -1 : 0;
}

static int update(struct batch *b, struct section *s, int64_t id, const struct record_input *in, const int64_t *if_version, struct err *err)
{
	struct unit *u = b->u;
	struct record *r;
	bool ok;
	if (open_visible(b, s, id, in, if_version, &r, err) < 0)
		return -1;
	struct piece *p = piece_add(b, r, in, ACT_UPDATE, NULL, NULL);
	/* a stage in the input is refused by name, whatever else the actor may do */
	const struct record_plan *plan = record_plan_get(u->reg, s);
	if (!u->actor->system && plan->stage && record_input_find(in, plan->stage)) {
		refuse(b, ERR_FORBIDDEN, SAY_STAGE_BY_MOVE, NULL, err);
		return err_target(err, "stage");
	}
	if (access_test(u, access_get(u->reg, u->actor, s), GRANT_UPDATE, r, true, NULL, &ok, NULL, err) < 0)
		return -1;
	if (!ok)
		return refuse(b, ERR_FORBIDDEN, SAY_NO_UPDATE, NULL, err);
	if (take_input(b, p, err) < 0)
		return -1;
	return finish(b, err);
}

int record_update(struct unit *u, struct section *s, int64_t id, const struct record_input *in, const int64_t *if_version, struct err *err)
{
	struct batch b;
	batch_begin(&b, u);
	return batch_end(&b, update(&b, s, id, in, if_version, err));
}

static int move_on(struct batch *b, struct section *s, int64_t id, const char *name, const char *comment, const struct record_input *in,
				   const int64_t *if_version, struct err *err)
{
	struct unit *u = b->u;
	struct record *r;
	if (open_visible(b, s, id, in, if_version, &r, err) < 0)
		return -1;
	struct piece *p = piece_add(b, r, in, ACT_UPDATE, NULL, NULL);
	p->kind = CHANGE_MOVED;
	const struct move *m = section_find_move(s, name);
	if (!m)
		return refuse(b, ERR_NOT_FOUND, SAY_UNKNOWN_MOVE, name, err);
	if (in->sets.count || in->lines.count || in->whole.count) {
		bool ok;
		if (access_test(u, access_get(u->reg, u->actor, s), GRANT_UPDATE, r, true, NULL, &ok, NULL, err) < 0)
			return -1;
		if (!ok)
			return refuse(b, ERR_FORBIDDEN, SAY_NO_UPDATE, NULL, err);
		if (take_input(b, p, err) < 0)
			return -1;
	}
	enum stage_verdict verdict;
	const char *reason;
	if (stage_may(u, r, m, &verdict, &reason, err) < 0)
		return -1;
	if (verdict != STAGE_OPEN)
		return err_set(err, verdict == STAGE_NOT_YOURS ? ERR_FORBIDDEN : ERR_CONFLICT, "%s", reason);
	/* blanks explain nothing */
	if (comment && !comment[strspn(comment, " \t\r\n")])
		comment = NULL;
	if (m->comment && !comment && !u->actor->system) {
		refuse(b, ERR_INVALID, SAY_MOVE_COMMENT, NULL, err);
		return err_target(err, "comment");
	}
	r->priv->move = m->name;
	r->priv->comment = comment;
	r->now.values[record_plan_get(u->reg, s)->stage->pos] = value_textz(m->to->name);
	return finish(b, err);
}

int record_move(struct unit *u, struct section *s, int64_t id, const char *move, const char *comment, const struct record_input *in,
				const int64_t *if_version, struct err *err)
{
	struct batch b;
	batch_begin(&b, u);
	return batch_end(&b, move_on(&b, s, id, move, comment, in ? in : &NOTHING, if_version, err));
}
