#include <string.h>

#include "base/arena.h"
#include "serve/number.h"
#include "serve/record_private.h"
#include "serve/stage.h"

enum { FILL_ROUNDS = 4 };

static const char *label(const struct unit *u, const struct field *f)
{
	return label_get(&f->label, u->lang);
}

/* What nobody sets by hand: built-in, computed. */
static bool is_system_field(const struct field *f)
{
	return f->builtin || f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP || f->type == FIELD_AUTONUMBER || f->type == FIELD_DETAIL;
}

static bool system_may(const struct record *r, const struct field *f)
{
	if (!(r->priv->flags & RECORD_DATA))
		return !is_system_field(f);
	return f->type == FIELD_STAGE || f->type == FIELD_AUTONUMBER || !is_system_field(f);
}

/* Some grant gives the field to the actor for something. */
static bool is_known(const struct access *x, const struct field *f)
{
	return access_field(x, GRANT_READ, f) != ACCESS_NONE || access_field(x, GRANT_UPDATE, f) != ACCESS_NONE ||
		   access_field(x, GRANT_CREATE, f) != ACCESS_NONE;
}

/* Some grant gives it for this kind of writing; a field that none gives for anything is not known. */
static bool may_ever(struct record *r, const struct access *x, const struct field *f)
{
	struct unit *u = r->unit;
	if (access_field(x, r->fresh ? GRANT_CREATE : GRANT_UPDATE, f) != ACCESS_NONE)
		return true;
	bool known = is_known(x, f);
	record_fault(r, known ? ERR_INVALID : ERR_UNKNOWN_FIELD, f,
				 known ? say_text(u->arena, u->lang, SAY_FIELD_NOT_YOURS, label(u, f))
					   : say_text(u->arena, u->lang, SAY_UNKNOWN_FIELD, f->expr.name));
	return false;
}

static bool may_write(struct record *r, const struct access *x, const struct field *f)
{
	struct unit *u = r->unit;
	struct arena *a = u->arena;
	if (u->actor->system) {
		if (system_may(r, f))
			return true;
		record_fault(r, ERR_INVALID, f, say_text(a, u->lang, SAY_NOT_WRITABLE, label(u, f)));
		return false;
	}
	if (f->type == FIELD_STAGE) {
		record_fault(r, ERR_FORBIDDEN, f, say_text(a, u->lang, SAY_STAGE_BY_MOVE));
		return false;
	}
	if (is_system_field(f) && is_known(x, f)) {
		record_fault(r, ERR_INVALID, f, say_text(a, u->lang, SAY_NOT_WRITABLE, label(u, f)));
		return false;
	}
	return may_ever(r, x, f);
}

int record_readonly(struct record *r, const struct field *f, bool *out, struct err *err)
{
	struct unit *u = r->unit;
	/* as the row was: a change cannot open the field for itself */
	if (f->readonly.expr && r->was.values)
		return expr_test(u->arena, f->readonly.expr, &u->env, &r->was, NULL, &r->was, out, err);
	return record_rule(r, &f->readonly, false, out, err);
}

/* Read-only binds everybody but the system, unless a grant that holds on the row names the field. A new record is asked when its draft stands. */
static int ask_row(struct record *r, const struct access *x, const struct field *f, bool *granted, bool *readonly, struct err *err)
{
	struct unit *u = r->unit;
	enum grant_action action = r->fresh ? GRANT_CREATE : GRANT_UPDATE;
	bool named = false;
	*granted = true;
	*readonly = false;
	/* a line written with its owner: the detail was asked there */
	if (!r->priv->owner && access_test(u, x, action, r, !r->fresh, f, granted, &named, err) < 0)
		return -1;
	if (!*granted || named || !f->readonly.set)
		return 0;
	return record_readonly(r, f, readonly, err);
}

static int may_write_row(struct record *r, const struct access *x, const struct field *f, struct err *err)
{
	struct unit *u = r->unit;
	bool granted, readonly;
	if (ask_row(r, x, f, &granted, &readonly, err) < 0)
		return -1;
	if (!granted)
		record_fault(r, ERR_INVALID, f, say_text(u->arena, u->lang, SAY_FIELD_NOT_YOURS, label(u, f)));
	else if (readonly)
		record_fault(r, ERR_INVALID, f, say_text(u->arena, u->lang, SAY_READONLY, label(u, f)));
	return 0;
}

int record_takes(struct record *r, const struct field *f, bool *ok, struct err *err)
{
	bool granted, readonly;
	*ok = false;
	if (is_system_field(f))
		return 0;
	if (ask_row(r, access_get(r->unit->reg, r->unit->actor, r->section), f, &granted, &readonly, err) < 0)
		return -1;
	*ok = granted && !readonly;
	return 0;
}

int record_apply_lines(struct record *r, const struct field *detail, bool *ok, struct err *err)
{
	struct unit *u = r->unit;
	const struct access *x = access_get(u->reg, u->actor, r->section);
	*ok = detail->owned;
	if (!*ok)
		record_fault(r, ERR_INVALID, detail, say_text(u->arena, u->lang, SAY_NOT_WRITABLE, label(u, detail)));
	if (!*ok || u->actor->system)
		return 0;
	*ok = may_ever(r, x, detail);
	/* a line of a line has the rights of the first owner, which were asked */
	if (!*ok || r->fresh || r->priv->owner)
		return 0;
	if (access_test(u, x, GRANT_UPDATE, r, true, detail, ok, NULL, err) < 0)
		return -1;
	if (!*ok)
		record_fault(r, ERR_INVALID, detail, say_text(u->arena, u->lang, SAY_FIELD_NOT_YOURS, label(u, detail)));
	return 0;
}

enum { OWNERS = 8 };

static int frozen_at(struct record *r, int depth, const struct stage **out, struct err *err)
{
	const struct stage *s = r->fresh ? NULL : stage_was(r);
	const struct field *owner = r->section->owner;
	if (s && s->freeze) {
		*out = s;
		return 0;
	}
	if (!owner || depth == OWNERS)
		return 0;
	const struct value *ends[] = {r->was.values ? &r->was.values[owner->pos] : NULL, r->now.values ? &r->now.values[owner->pos] : NULL};
	for (size_t i = 0; i < 2 && !*out; i++) {
		struct record *up;
		if (!ends[i] || ends[i]->kind != VALUE_INT || (i && ends[0] && value_same(ends[0], ends[1])))
			continue;
		if (record_load(r->unit, owner->to, ends[i]->i, &up, err) < 0 || (up && frozen_at(up, depth + 1, out, err) < 0))
			return -1;
	}
	return 0;
}

int record_frozen(struct record *r, const struct stage **out, struct err *err)
{
	*out = NULL;
	return frozen_at(r, 0, out, err);
}

int record_apply(struct record *r, const struct record_input *in, struct err *err)
{
	struct unit *u = r->unit;
	struct record_plan *p = record_plan_get(u->reg, r->section);
	const struct access *x = access_get(u->reg, u->actor, r->section);
	r->priv->given = arena_array(u->arena, bool, p->nfields + 1);
	r->priv->unread = in->unread.count ? arena_array(u->arena, bool, p->nfields + 1) : NULL;
	for (size_t i = 0; i < in->unread.count; i++) {
		struct field *f = in->unread.items[i].field;
		/* that it may not be written comes before what is wrong with it */
		if (f && may_write(r, x, f) && r->was.values && !u->actor->system && may_write_row(r, x, f, err) < 0)
			return -1;
		record_fault_add(r, in->unread.items[i].fault);
		if (f)
			r->priv->unread[f->pos] = true;
	}
	for (size_t i = 0; i < in->sets.count; i++) {
		struct field *f = in->sets.items[i].field;
		bool ok = may_write(r, x, f);
		if (ok && r->was.values && !u->actor->system && may_write_row(r, x, f, err) < 0)
			return -1;
		if (!ok)
			continue;
		r->priv->given[f->pos] = true;
		r->now.values[f->pos] = value_copy(u->arena, &in->sets.items[i].value);
	}
	return record_conceal(r, err);
}

int record_apply_new(struct record *r, const struct record_input *in, struct err *err)
{
	struct unit *u = r->unit;
	/* with a value missing that the grants may ask for, nobody can say what they give */
	if (u->actor->system || r->priv->unread)
		return 0;
	const struct access *x = access_get(u->reg, u->actor, r->section);
	for (size_t i = 0; i < in->sets.count; i++) {
		struct field *f = in->sets.items[i].field;
		if (r->priv->given[f->pos] && may_write_row(r, x, f, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < in->lines.count; i++)
		if ((i == 0 || in->lines.items[i].detail != in->lines.items[i - 1].detail) &&
			may_write_row(r, x, in->lines.items[i].detail, err) < 0)
			return -1;
	return 0;
}

static int evaluate(struct record *r, const struct field *f, const struct expr *e, struct value *out, struct err *err)
{
	struct unit *u = r->unit;
	struct value v;
	if (expr_eval(u->arena, e, &u->env, &r->now, NULL, r->was.values ? &r->was : NULL, &v, err) < 0)
		return -1;
	struct err one;
	err_init(&one, u->arena);
	record_round(u->arena, f, &v);
	/* a computed value that does not fit its field is none */
	if (record_coerce(u->arena, u->lang, f, &v, out, &one) < 0)
		*out = f->many ? (struct value){.kind = VALUE_LIST} : value_nil();
	return 0;
}

static int start(struct record *r, struct err *err)
{
	struct unit *u = r->unit;
	struct record_plan *p = record_plan_get(u->reg, r->section);
	for (size_t i = 0; i < p->nfields; i++) {
		struct field *f = r->section->fields[i];
		if (f->has_default && record_stores(f) && !r->priv->given[i] && !record_unread(r, f))
			r->now.values[i] = f->default_value;
	}
	for (size_t i = 0; i < p->nfields; i++) {
		struct field *f = r->section->fields[i];
		if (!f->initial.expr || !record_stores(f) || r->priv->given[i] || record_unread(r, f))
			continue;
		if (record_names_unread(r, f->initial.expr))
			r->priv->unread[i] = true;
		else if (evaluate(r, f, f->initial.expr, &r->now.values[i], err) < 0)
			return -1;
	}
	return 0;
}

struct names_one {
	const struct record *r;
	const bool *fresh_fields; /* by pos: changed in this round */
	bool any;
};

static void look(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	(void)t;
	(void)of_old;
	struct names_one *n = ctx;
	struct field *field = record_field(f);
	if (field->section == n->r->section && n->fresh_fields[field->pos])
		n->any = true;
}

/* `news` by pos: what changed in the first round; `changed`: what the form says was edited, NULL: what the input gives. `all`: what changed for the fields that the
 * input does not give: a value that was filled and may not be typed does not come back with the next question. */
static int fill(struct record *r, bool *news, const bool *all, struct field *const *changed, size_t nchanged, struct err *err)
{
	struct unit *u = r->unit;
	struct record_plan *p = record_plan_get(u->reg, r->section);
	for (int round = 0; round < FILL_ROUNDS; round++) {
		bool *next = arena_array(u->arena, bool, p->nfields + 1), any = false;
		for (size_t i = 0; i < p->nfields; i++) {
			struct field *f = r->section->fields[i];
			if (!f->fill.expr || !record_stores(f))
				continue;
			/* the same change gives a value: it wins */
			bool edited = !changed && r->priv->given[i];
			for (size_t k = 0; k < nchanged; k++)
				edited |= changed[k] == f;
			if (edited || record_unread(r, f))
				continue;
			if (record_names_unread(r, f->fill.expr)) {
				r->priv->unread[i] = true;
				continue;
			}
			struct names_one n = {r, round == 0 && !r->priv->given[i] ? all : news, false};
			expr_walk_fields(f->fill.expr, look, &n);
			if (!n.any)
				continue;
			struct value v;
			if (evaluate(r, f, f->fill.expr, &v, err) < 0)
				return -1;
			if (!value_same(&v, &r->now.values[i])) {
				r->now.values[i] = v;
				next[i] = any = true;
			}
		}
		if (!any)
			break;
		news = next;
	}
	return 0;
}

int record_derive(struct record *r, struct field *const *changed, size_t nchanged, struct err *err)
{
	struct unit *u = r->unit;
	struct record_plan *p = record_plan_get(u->reg, r->section);
	if (r->fresh && start(r, err) < 0)
		return -1;
	bool *all = arena_array(u->arena, bool, p->nfields + 1), *news = changed ? arena_array(u->arena, bool, p->nfields + 1) : all;
	bool fills = false;
	for (size_t i = 0; i < p->nfields; i++) {
		struct field *f = r->section->fields[i];
		fills |= f->fill.expr != NULL;
		if (record_stores(f))
			all[i] = r->was.values ? record_changed(r, f) : !record_empty(&r->now.values[i]);
	}
	for (size_t i = 0; i < nchanged; i++)
		news[changed[i]->pos] = true;
	return fills ? fill(r, news, all, changed, nchanged, err) : 0;
}

int record_derive_lines(struct record *r, struct field *const *changed, size_t nchanged, struct err *err)
{
	struct record_plan *p = record_plan_get(r->unit->reg, r->section);
	if (!p->fills_by_lines || !r->priv->touched)
		return 0;
	bool *news = arena_array(r->unit->arena, bool, p->nfields + 1);
	for (size_t i = 0; i < p->nfields; i++)
		news[i] = r->section->fields[i]->type == FIELD_DETAIL || r->section->fields[i]->type == FIELD_ROLLUP;
	return fill(r, news, news, changed, nchanged, err);
}

int record_put(struct record *r, const struct field *f, const struct value *v, struct err *err)
{
	struct unit *u = r->unit;
	struct value out;
	if (is_system_field(f))
		return err_say(err, ERR_INVALID, u->lang, SAY_NOT_WRITABLE, label(u, f));
	if (record_coerce(u->arena, u->lang, f, v, &out, err) < 0)
		return -1;
	r->now.values[f->pos] = value_copy(u->arena, &out);
	return 0;
}

void record_refuse(struct record *r, const struct field *field, const char *message)
{
	struct unit *u = r->unit;
	record_fault(r, ERR_INVALID, field, message && *message ? message : say_text(u->arena, u->lang, SAY_REFUSED));
}

static void look_at_lines(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	bool *any = ctx;
	(void)t;
	(void)of_old;
	*any |= f->storage == EXPR_DETAIL;
}

int record_get_old(struct record *r, struct arena *a, const struct field *f, struct value *out, struct err *err)
{
	struct record_face face = {r, (struct value *)(r->after ? r->before : r->was.values)};
	bool lines = false;
	*out = value_nil();
	if (!face.values)
		return 0;
	if (f->expr.storage == EXPR_COLUMN || f->expr.storage == EXPR_LINK) {
		*out = face.values[f->pos];
		return 0;
	}
	if (f->expr.storage != EXPR_FORMULA || !f->expr.formula)
		return 0;
	expr_walk_fields(f->expr.formula, look_at_lines, &lines);
	if (lines)
		return 0;
	if (expr_eval(a, f->expr.formula, &r->unit->env, &face, NULL, NULL, out, err) < 0)
		return -1;
	record_fit(a, f, out);
	return 0;
}

int record_get(struct record *r, struct arena *a, const struct field *f, struct value *out, struct err *err)
{
	if (record_settle(r, err) < 0)
		return -1;
	if (f->expr.storage == EXPR_FORMULA && f->expr.formula) {
		if (expr_eval(a, f->expr.formula, &r->unit->env, &r->now, NULL, NULL, out, err) < 0)
			return -1;
		record_fit(a, f, out);
		return 0;
	}
	if (r->unit->priv->form ? f->type == FIELD_ROLLUP && f->rollup.expr : record_rollup_open(r, f)) {
		if (expr_eval(a, f->rollup.expr, &r->unit->env, &r->now, NULL, NULL, out, err) < 0)
			return -1;
		record_fit(a, f, out);
		return 0;
	}
	*out = record_stores(f) && r->now.values ? r->now.values[f->pos] : value_nil();
	return 0;
}
