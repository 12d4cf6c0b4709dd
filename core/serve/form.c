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
	return record_conceal(r, err);
}

static struct record *draft(struct unit *u, struct section *s, struct err *faults)
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
	r->priv->prefix = "";
	r->priv->faults = faults;
	record_set_drafted(r);
	return r;
}

static void reopen(struct record *r, struct err *faults)
{
	struct unit *u = r->unit;
	size_t n = r->section->nfields;
	struct value *values = arena_array(u->arena, struct value, n + 1);
	memcpy(values, r->was.values, n * sizeof *values);
	r->now.values = values;
	r->priv->given = arena_array(u->arena, bool, n + 1);
	r->priv->prefix = "";
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

/* ---- lines ---- */

/* A line of the draft, evaluated once all of them are in. */
struct drafted {
	struct record *r;
	const struct record_line *line;
	struct err *faults;
	bool shown, can_update;
	struct {
		struct record **items;
		size_t count, cap;
	} below; /* its own lines, and theirs: what is wrong with them is told by it */
};

/* What the actor may do with the lines of a detail, whatever the line. */
struct reach {
	const struct field *detail;
	bool read, write;
};

static int reach(struct record *r, bool closed, const struct field *detail, struct reach *out, struct err *err)
{
	struct unit *u = r->unit;
	const struct access *x = access_get(u->reg, u->actor, r->section);
	*out = (struct reach){.detail = detail};
	if (r->fresh) {
		/* there is no row yet on which a grant would hold or not */
		out->write = access_field(x, GRANT_CREATE, detail) != ACCESS_NONE;
		out->read = out->write || access_field(x, GRANT_READ, detail) != ACCESS_NONE;
		return 0;
	}
	if (access_test(u, x, GRANT_READ, r, true, detail, &out->read, NULL, err) < 0 ||
		(!closed && access_test(u, x, GRANT_UPDATE, r, true, detail, &out->write, NULL, err) < 0))
		return -1;
	return 0;
}

static int open_line(struct record *r, const struct record_line *line, const struct reach *may, struct drafted *d, struct err *err)
{
	struct unit *u = r->unit;
	const struct stage *freeze = NULL;
	d->line = line;
	d->faults = arena_new(u->arena, struct err);
	err_init(d->faults, u->arena);
	if (line->op == RECORD_LINE_CREATE) {
		if (may->write)
			d->r = draft(u, line->detail->to, d->faults);
		d->shown = d->can_update = d->r != NULL;
		return 0;
	}
	struct record *l;
	if (!(may->read || may->write))
		return 0;
	if (record_load(u, line->detail->to, line->id, &l, err) < 0)
		return -1;
	const struct value *by = l && !l->priv->drafted ? &l->was.values[line->detail->by->pos] : NULL;
	if (!by || by->kind != VALUE_INT || by->i != r->id)
		return 0;
	if (record_frozen(l, &freeze, err) < 0)
		return -1;
	d->can_update = may->write && !freeze;
	if (line->op == RECORD_LINE_REMOVE && !d->can_update)
		return 0;
	d->r = l;
	reopen(l, d->faults);
	l->gone = line->op == RECORD_LINE_REMOVE;
	d->shown = may->read && !l->gone;
	return 0;
}

/* The lines of a line: drafts like it, so that its sums and rules see them. */
static int take_below(struct record *r, const struct record_input *in, struct drafted *top, const char *prefix, struct err *err)
{
	struct unit *u = r->unit;
	for (size_t i = 0; i < in->lines.count; i++) {
		const struct record_line *line = &in->lines.items[i];
		const struct reach may = {line->detail, top->shown, true};
		struct drafted d = {0};
		if (open_line(r, line, &may, &d, err) < 0)
			return -1;
		struct record *l = d.r;
		if (!l || !d.can_update)
			continue;
		r->priv->touched = true;
		if (l->gone)
			continue;
		l->priv->owner = r;
		l->priv->faults = top->faults;
		l->priv->prefix = arena_printf(u->arena, "%s%s/%zu/", prefix, line->detail->expr.name, line->position);
		l->now.values[line->detail->by->pos] = value_int(r->id);
		if (take(l, line->values, err) < 0)
			return -1;
		l->now.values[line->detail->by->pos] = value_int(r->id);
		arena_push(u->arena, &top->below, l);
		if (take_below(l, line->values, top, l->priv->prefix, err) < 0)
			return -1;
	}
	return 0;
}

static int derive_below(struct drafted *top, const struct form_edit *edit, struct err *err)
{
	for (size_t i = 0; i < top->below.count; i++) {
		struct record *l = top->below.items[i];
		if (record_derive(l, NULL, 0, err) < 0 || (l->fresh && first_stage(l, err) < 0))
			return -1;
	}
	return record_derive_lines(top->r, edit->known ? edit->fields : NULL, edit->known ? edit->count : 0, err);
}

/* All of them are drafts before a rule of one is asked: it may look at the others. */
static int take_lines(struct record *r, bool closed, const struct record_input *in, const struct form_edit *edits, struct drafted *out,
					  struct err *err)
{
	struct unit *u = r->unit;
	struct reach may = {0};
	for (size_t i = 0; i < in->lines.count && !r->fresh; i++)
		if (in->lines.items[i].op != RECORD_LINE_CREATE && in->lines.items[i].id > 0)
			record_prefetch(u, in->lines.items[i].detail->to, in->lines.items[i].id);
	for (size_t i = 0; i < in->lines.count; i++) {
		const struct record_line *line = &in->lines.items[i];
		if (line->detail != may.detail && reach(r, closed, line->detail, &may, err) < 0)
			return -1;
		if (open_line(r, line, &may, &out[i], err) < 0)
			return -1;
		struct record *l = out[i].r;
		if (!l || !out[i].can_update)
			continue;
		/* what its checks say of lines is asked when one of them differs */
		r->priv->touched |= l->gone || l->fresh || line->values->sets.count;
		if (l->gone)
			continue;
		l->priv->owner = r;
		/* known before its values: what is read-only may ask for the owner */
		l->now.values[line->detail->by->pos] = value_int(r->id);
		if (take(l, line->values, err) < 0)
			return -1;
		l->now.values[line->detail->by->pos] = value_int(r->id);
		if (take_below(l, line->values, &out[i], "", err) < 0)
			return -1;
	}
	for (size_t i = 0; i < in->lines.count; i++) {
		struct record *l = out[i].r;
		const struct form_edit *e = &edits[i];
		if (l && !l->gone && out[i].can_update &&
			(record_derive(l, e->known ? e->fields : NULL, e->known ? e->count : 0, err) < 0 || (l->fresh && first_stage(l, err) < 0) ||
			 derive_below(&out[i], e, err) < 0))
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
	/* a line has the rights of its owner, which were asked */
	bool granted = x->parent != NULL && r->priv->owner, named = false;
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
	if (granted) {
		named = false;
	} else if (r->fresh) {
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
	if (named)
		return 0;
	/* saving asks the row as it was: what the draft would open can be typed when it is saved */
	if (record_readonly(r, f, &out->readonly, err) < 0)
		return -1;
	return out->readonly || r->fresh ? 0 : record_rule(r, &f->readonly, false, &out->readonly, err);
}

static bool is_told(const struct rule *rule)
{
	return rule->set && !rule->constant && rule->expr;
}

/* The fields of the form; of a line those alone that something decides now, for there may be a thousand. */
static int answer_fields(struct record *r, const struct access *x, bool closed, const struct field *by, struct form_face *out,
						 struct err *err)
{
	struct unit *u = r->unit;
	out->fields = arena_array(u->arena, struct form_field, r->section->nfields + 1);
	for (size_t i = 0; i < r->section->nfields; i++) {
		struct field *f = r->section->fields[i];
		if (f->builtin || (access_field(x, GRANT_READ, f) == ACCESS_NONE && access_field(x, GRANT_CREATE, f) == ACCESS_NONE))
			continue;
		if (by && (f == by || !(is_told(&f->required) || is_told(&f->readonly) || is_told(&f->hidden) || stage_requires(stage_of(r), f))))
			continue;
		if (answer_field(r, x, f, closed, &out->fields[out->nfields], err) < 0)
			return -1;
		out->nfields++;
	}
	return 0;
}

struct names_others {
	const struct section *own;
	bool any;
};

static void look_beyond(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	struct names_others *n = ctx;
	(void)of_old;
	n->any |= t != &n->own->expr || f->storage == EXPR_DETAIL;
}

/* The formula looks beyond its record: what it was before the draft cannot be told from the record as it was. */
static bool is_beyond(const struct field *f)
{
	struct names_others n = {f->section, false};
	expr_walk_fields(f->expr.formula, look_beyond, &n);
	return n.any;
}

static int answer_values(struct record *r, const struct access *x, const struct record_input *in, const struct field *by,
						 struct form_face *out, struct err *err)
{
	struct unit *u = r->unit;
	const struct value nil = value_nil();
	out->values = arena_array(u->arena, struct record_set, r->section->nfields + 1);
	for (size_t i = 0; i < r->section->nfields; i++) {
		struct field *f = r->section->fields[i];
		struct value now, was = nil;
		bool seen = true, told = false;
		if (f->builtin || f->type == FIELD_DETAIL || f == by)
			continue;
		if (access_field(x, GRANT_READ, f) == ACCESS_NONE && access_field(x, GRANT_CREATE, f) == ACCESS_NONE)
			continue;
		if (!r->fresh && !by && access_field(x, GRANT_READ, f) != ACCESS_ALL &&
			access_test(u, x, GRANT_READ, r, true, f, &seen, NULL, err) < 0)
			return -1;
		if (!seen)
			continue;
		if (f->expr.storage == EXPR_FORMULA && f->expr.formula) {
			if (expr_eval(u->arena, f->expr.formula, &u->env, &r->now, NULL, NULL, &now, err) < 0)
				return -1;
			told = is_beyond(f);
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
		if (!told && (value_same(&now, &was) || (record_empty(&now) && record_empty(&was))))
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

/* Fills of the record that look at its lines: again when a line was edited last. */
static int derive_by_lines(struct record *r, const struct form_edit *edit, struct err *err)
{
	bool edited = !edit->known;
	for (size_t i = 0; i < edit->count; i++)
		/* one that is again as it is stored is no longer sent as changed */
		if (edit->fields[i]->type == FIELD_DETAIL)
			edited = r->priv->touched = true;
	return edited ? record_derive_lines(r, edit->known ? edit->fields : NULL, edit->known ? edit->count : 0, err) : 0;
}

static int answer_lines(struct unit *u, const struct drafted *lines, size_t n, struct form *out, struct err *err)
{
	out->lines = arena_array(u->arena, struct form_line, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct record *l = lines[i].r;
		const struct field *by = lines[i].line->detail->by;
		if (!l || l->gone)
			continue;
		const struct access *x = access_get(u->reg, u->actor, l->section);
		if (lines[i].can_update && record_check(l, err) < 0)
			return -1;
		for (size_t k = 0; k < lines[i].below.count; k++)
			if (record_check(lines[i].below.items[k], err) < 0)
				return -1;
		if (!lines[i].shown)
			continue;
		struct form_line *line = &out->lines[out->nlines++];
		*line = (struct form_line){.line = lines[i].line, .can_update = lines[i].can_update};
		if (answer_fields(l, x, !lines[i].can_update, by, &line->face, err) < 0 ||
			answer_values(l, x, lines[i].line->values, by, &line->face, err) < 0)
			return -1;
		line->errors = lines[i].faults->code == ERR_OK ? NULL : lines[i].faults;
	}
	return 0;
}

static int open_kept(struct unit *u, struct section *s, int64_t id, struct record **out, struct err *err)
{
	bool ok;
	if (record_load(u, s, id, out, err) < 0)
		return -1;
	ok = *out != NULL;
	if (ok && access_test(u, access_get(u->reg, u->actor, s), GRANT_READ, *out, true, NULL, &ok, NULL, err) < 0)
		return -1;
	return ok ? 0 : err_say(err, ERR_NOT_FOUND, u->lang, SAY_NOT_FOUND);
}

int form_draft(struct unit *u, struct section *s, int64_t id, const struct record_input *in, struct record *owner, struct record **out,
			   struct err *err)
{
	struct err *faults = arena_new(u->arena, struct err);
	struct record *r;
	err_init(faults, u->arena);
	if (unit_ready(u, err) < 0)
		return -1;
	u->priv->form = true;
	if (id && open_kept(u, s, id, &r, err) < 0)
		return -1;
	if (id)
		reopen(r, faults);
	else
		r = draft(u, s, faults);
	if (owner && s->owner && s->owner->to == owner->section) {
		r->priv->owner = owner;
		r->now.values[s->owner->pos] = value_int(owner->id);
	}
	/* sums over its lines are of those that are typed */
	struct drafted *lines = arena_array(u->arena, struct drafted, in->lines.count + 1);
	struct form_edit *edits = arena_array(u->arena, struct form_edit, in->lines.count + 1);
	if (take(r, in, err) < 0 || record_derive(r, NULL, 0, err) < 0 || (r->fresh && first_stage(r, err) < 0) ||
		take_lines(r, false, in, edits, lines, err) < 0 || record_derive_lines(r, NULL, 0, err) < 0)
		return -1;
	*out = r;
	return 0;
}

int form_evaluate(struct unit *u, struct section *s, int64_t id, const struct record_input *in, const struct form_edit *edit,
				  const struct form_edit *edits, struct form *out, struct err *err)
{
	const struct access *x = access_get(u->reg, u->actor, s);
	struct err *faults = arena_new(u->arena, struct err);
	struct record *r;
	bool closed = false;
	const struct stage *freeze = NULL;
	memset(out, 0, sizeof *out);
	err_init(faults, u->arena);
	if (unit_ready(u, err) < 0)
		return -1;
	u->priv->form = true;
	if (id) {
		if (open_kept(u, s, id, &r, err) < 0)
			return -1;
		if (answer_tasks(r, out, err) < 0 || record_frozen(r, &freeze, err) < 0 ||
			access_test(u, x, GRANT_UPDATE, r, true, NULL, &out->can_update, NULL, err) < 0 ||
			access_test(u, x, GRANT_DELETE, r, true, NULL, &out->can_delete, NULL, err) < 0)
			return -1;
		out->can_update &= !freeze;
		out->can_delete &= !freeze;
		closed = !out->can_update;
		reopen(r, faults);
	} else {
		if (x->rows[GRANT_CREATE] == ACCESS_NONE)
			return access_exists(x) ? err_say(err, ERR_FORBIDDEN, u->lang, SAY_NO_CREATE, label_get(&s->label, u->lang))
									: err_say(err, ERR_NOT_FOUND, u->lang, SAY_NOT_FOUND);
		r = draft(u, s, faults);
		out->can_update = true;
	}
	/* nothing of a closed record can be saved: its draft is what is stored */
	if (!closed && (take(r, in, err) < 0 || record_derive(r, edit->known ? edit->fields : NULL, edit->known ? edit->count : 0, err) < 0 ||
					(r->fresh && first_stage(r, err) < 0)))
		return -1;
	struct drafted *lines = arena_array(u->arena, struct drafted, in->lines.count + 1);
	if (take_lines(r, closed, in, edits, lines, err) < 0 || (!closed && derive_by_lines(r, edit, err) < 0) || record_check(r, err) < 0 ||
		answer_lines(u, lines, in->lines.count, out, err) < 0 || (!r->fresh && answer_moves(r, out, err) < 0) ||
		answer_fields(r, x, closed, NULL, &out->face, err) < 0 || answer_values(r, x, in, NULL, &out->face, err) < 0)
		return -1;
	out->errors = faults->code == ERR_OK ? NULL : faults;
	out->stage = stage_of(r);
	return 0;
}
