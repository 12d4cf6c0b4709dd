#include "serve/form.h"

#include <string.h>

#include "base/arena.h"
#include "serve/record_private.h"

/* Drafts of new records need an id that no row has. */
static int64_t fake_id(struct unit *u)
{
	return -1 - (int64_t)u->priv->nrecords;
}

static bool computed(const struct field *f)
{
	return f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP;
}

/* What the client may not set is no part of the draft: rules answer about the record as it would be saved. */
static int take(struct record *r, const struct record_input *in, struct err *err)
{
	struct unit *u = r->unit;
	const struct access *x = access_get(u->reg, u->actor, r->section);
	for (size_t i = 0; i < in->sets.count; i++) {
		struct field *f = in->sets.items[i].field;
		if (f->builtin || !record_stores(f) || computed(f) || f->type == FIELD_AUTONUMBER ||
			access_field(x, r->fresh ? GRANT_CREATE : GRANT_UPDATE, f) == ACCESS_NONE)
			continue;
		bool ok = true;
		if (!r->fresh && record_takes(r, f, &ok, err) < 0)
			return -1;
		if (!ok)
			continue;
		r->priv->given[f->pos] = true;
		r->now.values[f->pos] = value_copy(u->arena, &in->sets.items[i].value);
	}
	return 0;
}

static struct record *draft(struct unit *u, struct section *s, const char *prefix, struct err *faults)
{
	struct record_plan *p = record_plan_get(u->reg, s);
	struct record *r = record_new(u, s, fake_id(u));
	r->fresh = r->locked = true;
	r->now.values = arena_array(u->arena, struct value, p->nfields + 1);
	for (size_t i = 0; i < p->nlinks; i++)
		r->now.values[p->links[i]->pos] = (struct value){.kind = VALUE_LIST};
	r->now.values[p->created_by->pos] = r->now.values[p->changed_by->pos] = u->user->id ? value_int(u->user->id) : value_nil();
	r->now.values[p->created_at->pos] = r->now.values[p->changed_at->pos] = value_time(u->now_us);
	r->priv->given = arena_array(u->arena, bool, p->nfields + 1);
	r->priv->prefix = prefix;
	r->priv->faults = faults;
	record_set_drafted(r);
	return r;
}

static void reopen(struct record *r, const char *prefix, struct err *faults)
{
	struct unit *u = r->unit;
	size_t n = r->section->nfields;
	struct value *values = arena_array(u->arena, struct value, n + 1);
	memcpy(values, r->was.values, n * sizeof *values);
	r->now.values = values;
	r->priv->given = arena_array(u->arena, bool, n + 1);
	r->priv->prefix = prefix;
	r->priv->faults = faults;
	record_set_drafted(r);
}

static int first_stage(struct record *r, struct err *err)
{
	const struct record_plan *p = record_plan_get(r->unit->reg, r->section);
	struct stage *s;
	if (!p->stage)
		return 0;
	if (stage_first(r->unit, r, &s, err) < 0)
		return -1;
	if (s)
		r->now.values[p->stage->pos] = value_textz(s->name);
	return 0;
}

static int take_lines(struct record *r, const struct record_input *in, struct err *faults, struct err *err)
{
	struct unit *u = r->unit;
	const struct access *x = access_get(u->reg, u->actor, r->section);
	for (size_t i = 0; i < in->lines.count; i++) {
		const struct record_line *line = &in->lines.items[i];
		struct record *l;
		if (access_field(x, r->fresh ? GRANT_CREATE : GRANT_UPDATE, line->detail) == ACCESS_NONE)
			continue;
		const char *prefix = arena_printf(u->arena, "%s/%zu/", line->detail->expr.name, line->position);
		if (line->op == RECORD_LINE_CREATE) {
			l = draft(u, line->detail->to, prefix, faults);
		} else {
			if (record_load(u, line->detail->to, line->id, &l, err) < 0)
				return -1;
			const struct value *by = l ? &l->was.values[line->detail->by->pos] : NULL;
			if (!by || by->kind != VALUE_INT || by->i != r->id)
				continue;
			reopen(l, prefix, faults);
			if (line->op == RECORD_LINE_REMOVE) {
				l->gone = true;
				continue;
			}
		}
		l->priv->owner = r;
		if (take(l, line->values, err) < 0)
			return -1;
		l->now.values[line->detail->by->pos] = value_int(r->id);
		if (record_derive(l, NULL, 0, err) < 0 || (l->fresh && first_stage(l, err) < 0) || record_check(l, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- answers ---- */

static bool stage_requires(const struct stage *s, const struct field *f)
{
	for (size_t i = 0; s && i < s->nrequired; i++)
		if (s->required[i] == f)
			return true;
	return false;
}

static int answer_field(struct record *r, const struct access *x, struct field *f, bool closed, struct form_field *out, struct err *err)
{
	struct unit *u = r->unit;
	bool granted = false, named = false;
	enum grant_action action = r->fresh ? GRANT_CREATE : GRANT_UPDATE;
	*out = (struct form_field){.field = f, .readonly = true};
	if (record_rule(r, &f->hidden, false, &out->hidden, err) < 0)
		return -1;
	bool fixed = computed(f) || f->type == FIELD_AUTONUMBER || (f->type == FIELD_DETAIL && !f->owned);
	if (!fixed && record_rule(r, &f->required, false, &out->required, err) < 0)
		return -1;
	out->required |= !fixed && stage_requires(stage_of(r), f);
	if (fixed || closed)
		return 0;
	/* a new draft has no row yet on which its grants would hold or not: what they may give is open */
	if (r->fresh) {
		granted = access_field(x, action, f) != ACCESS_NONE;
		for (size_t i = 0; i < x->ngrants && !named; i++)
			for (size_t k = 0; k < x->grants[i]->nfields; k++)
				named |= x->grants[i]->on[action].set && x->grants[i]->fields[k] == f;
	} else if (access_test(u, x, action, r, true, f, &granted, &named, err) < 0) {
		return -1;
	}
	if (!granted)
		return 0;
	out->readonly = false;
	return named ? 0 : record_rule(r, &f->readonly, false, &out->readonly, err);
}

static int answer_fields(struct record *r, const struct access *x, bool closed, struct form *out, struct err *err)
{
	struct unit *u = r->unit;
	out->fields = arena_array(u->arena, struct form_field, r->section->nfields + 1);
	for (size_t i = 0; i < r->section->nfields; i++) {
		struct field *f = r->section->fields[i];
		if (f->builtin || (access_field(x, GRANT_READ, f) == ACCESS_NONE && access_field(x, GRANT_CREATE, f) == ACCESS_NONE))
			continue;
		if (answer_field(r, x, f, closed, &out->fields[out->nfields], err) < 0)
			return -1;
		out->nfields++;
	}
	return 0;
}

static int answer_values(struct record *r, const struct access *x, const struct record_input *in, struct form *out, struct err *err)
{
	struct unit *u = r->unit;
	const struct value nil = value_nil();
	out->values = arena_array(u->arena, struct record_set, r->section->nfields + 1);
	for (size_t i = 0; i < r->section->nfields; i++) {
		struct field *f = r->section->fields[i];
		struct value now, was = nil;
		bool seen = true;
		if (f->builtin || f->type == FIELD_DETAIL)
			continue;
		if (access_field(x, GRANT_READ, f) == ACCESS_NONE && access_field(x, GRANT_CREATE, f) == ACCESS_NONE)
			continue;
		if (!r->fresh && access_field(x, GRANT_READ, f) != ACCESS_ALL && access_test(u, x, GRANT_READ, r, true, f, &seen, NULL, err) < 0)
			return -1;
		if (!seen)
			continue;
		if (f->expr.storage == EXPR_FORMULA && f->expr.formula) {
			if (expr_eval(u->arena, f->expr.formula, &u->env, &r->now, NULL, NULL, &now, err) < 0)
				return -1;
			if (!r->fresh && expr_eval(u->arena, f->expr.formula, &u->env, &r->was, NULL, NULL, &was, err) < 0)
				return -1;
		} else if (f->type == FIELD_ROLLUP) {
			if (expr_eval(u->arena, f->rollup.expr, &u->env, &r->now, NULL, NULL, &now, err) < 0)
				return -1;
			was = r->fresh ? nil : r->was.values[i];
		} else {
			const struct record_set *set = record_input_find(in, f);
			now = r->now.values[i];
			was = set ? set->value : r->fresh ? nil : r->was.values[i];
		}
		record_fit(u->arena, f, &now);
		record_fit(u->arena, f, &was);
		if (value_same(&now, &was) || (record_empty(&now) && record_empty(&was)))
			continue;
		out->values[out->nvalues++] = (struct record_set){f, now};
	}
	return 0;
}

/* On the draft: who makes a move saves the draft first, so this is what the record will be then. */
static int answer_moves(struct record *r, struct form *out, struct err *err)
{
	struct unit *u = r->unit;
	const struct map *moves = &r->section->moves;
	out->moves = arena_array(u->arena, struct form_move, moves->count + 1);
	for (size_t i = 0; i < moves->count; i++) {
		struct form_move m = {.move = moves->items[i].value};
		/* nobody makes it by hand */
		if (m.move->allow.set && m.move->allow.constant && !m.move->allow.value)
			continue;
		if (stage_may(u, r, m.move, &m.verdict, &m.reason, err) < 0)
			return -1;
		if (m.verdict != STAGE_NOT_FROM)
			out->moves[out->nmoves++] = m;
	}
	return 0;
}

static int answer_tasks(struct record *r, struct form *out, struct err *err)
{
	struct unit *u = r->unit;
	struct task_item *items;
	const char **labels;
	size_t n;
	if (task_list(u, r, &items, &n, err) < 0 || (n && task_labels(u, r, items, n, &labels, err) < 0))
		return -1;
	out->tasks = arena_array(u->arena, struct form_task, n + 1);
	for (size_t i = 0; i < n; i++) {
		out->tasks[i] = (struct form_task){.item = &items[i], .label = labels[i]};
		if (task_may(u, r, items[i].task, &out->tasks[i].may, err) < 0)
			return -1;
	}
	out->ntasks = n;
	return 0;
}

int form_evaluate(struct unit *u, struct section *s, int64_t id, const struct record_input *in, struct field *const *changed,
				  size_t nchanged, struct form *out, struct err *err)
{
	const struct access *x = access_get(u->reg, u->actor, s);
	struct err *faults = arena_new(u->arena, struct err);
	struct record *r;
	bool ok, closed = false;
	const struct stage *freeze = NULL;
	memset(out, 0, sizeof *out);
	err_init(faults, u->arena);
	if (unit_ready(u, err) < 0)
		return -1;
	u->priv->form = true;
	if (id) {
		if (record_load(u, s, id, &r, err) < 0)
			return -1;
		ok = r != NULL;
		if (ok && access_test(u, x, GRANT_READ, r, true, NULL, &ok, NULL, err) < 0)
			return -1;
		if (!ok)
			return err_say(err, ERR_NOT_FOUND, u->lang, SAY_NOT_FOUND);
		if (answer_tasks(r, out, err) < 0 || record_frozen(r, &freeze, err) < 0 ||
			access_test(u, x, GRANT_UPDATE, r, true, NULL, &out->can_update, NULL, err) < 0 ||
			access_test(u, x, GRANT_DELETE, r, true, NULL, &out->can_delete, NULL, err) < 0)
			return -1;
		out->can_update &= !freeze;
		out->can_delete &= !freeze;
		closed = !out->can_update;
		reopen(r, "", faults);
	} else {
		if (x->rows[GRANT_CREATE] == ACCESS_NONE)
			return access_exists(x) ? err_say(err, ERR_FORBIDDEN, u->lang, SAY_NO_CREATE, label_get(&s->label, u->lang))
									: err_say(err, ERR_NOT_FOUND, u->lang, SAY_NOT_FOUND);
		r = draft(u, s, "", faults);
		out->can_update = true;
	}
	/* nothing of a closed record can be saved: its draft is what is stored */
	if (!closed && (take(r, in, err) < 0 || record_derive(r, changed, nchanged, err) < 0 || (r->fresh && first_stage(r, err) < 0) ||
					take_lines(r, in, faults, err) < 0))
		return -1;
	if (record_check(r, err) < 0 || (!r->fresh && answer_moves(r, out, err) < 0) || answer_fields(r, x, closed, out, err) < 0 ||
		answer_values(r, x, in, out, err) < 0)
		return -1;
	out->errors = faults->code == ERR_OK ? NULL : faults;
	out->stage = stage_of(r);
	return 0;
}
