/* rules: the third pass: every expression parses and types; formulas and rollups in the order in which they need each other; what depends on what. */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "expr/expr_reach.h"
#include "meta/build.h"

/* Longest chain of formulas that need each other. */
#define MAX_CHAIN 64
/* Of a text that does not stand in the configuration itself, but in its translation. */
#define NO_OFFSET SIZE_MAX
/* Digits after the point of a rollup's value that says nothing about them. */
#define MAX_INFERRED_SCALE 6

/* A formula or rollup on its way. */
struct state {
	enum { STATE_FRESH, STATE_OPEN, STATE_DONE } at;
	struct pending *pending;
};

static const char *field_path(struct build *b, const struct field *f)
{
	return arena_printf(b->scratch, "%s.%s", f->section->expr.name, f->expr.name);
}

static void formula_check(struct build *b, struct field *f, struct state *st);

/* Not to be used: what is wrong with it is said where it stands. */
static const struct expr_field *taint(struct build *b, const struct field *f)
{
	b->tainted = true;
	b->taint = f->expr.name;
	return NULL;
}

/* Every step of every path asks here: a formula that is not typed yet is typed first. */
static const struct expr_field *rules_find(void *ctx, const struct expr_table *t, const char *name, size_t len)
{
	struct build *b = ctx;
	struct field *f = section_find_n((const struct section *)t, name, len);
	b->unfound = f ? b->unfound : (const struct section *)t;
	if (!f)
		return NULL;
	if (f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP) {
		struct state *st = map_find(&b->states, field_path(b, f));
		if (st && st->at == STATE_OPEN) {
			if (!b->tainted && st->pending) {
				const char *chain = "";
				for (size_t i = 0; i < b->states.count; i++)
					if (((struct state *)b->states.items[i].value)->at == STATE_OPEN)
						chain = arena_printf(b->scratch, "%s%s%s", chain, *chain ? ", " : "", b->states.items[i].key);
				build_fail(b, st->pending->setting->from, spot_value(b, st->pending->setting), NULL,
						   strchr(chain, ',') ? "computed from itself: %s need each other" : "computed from itself: %s needs itself",
						   chain);
			}
			return taint(b, f);
		}
		if (st && st->at == STATE_FRESH)
			formula_check(b, f, st);
		if (st && !st->pending->formula->expr)
			return taint(b, f);
	}
	/* a lookup or detail whose section is not there leads nowhere, and that is reported where it stands */
	if (((f->value_type == FIELD_LOOKUP || f->value_type == FIELD_DETAIL) && !f->expr.type.table) ||
		(f->type == FIELD_DETAIL && !f->expr.by))
		return taint(b, f);
	return &f->expr;
}

static bool role_known(void *ctx, const char *role)
{
	struct build *b = ctx;
	return map_find(&b->r->roles, role) || build_lost(b, role) || build_absent(b, NULL, map_nearest(&b->r->roles, role));
}

/* The name or code at fault, without quotes and the path before it; NULL when the error is about something else. `quoted`: it stood in quotes. */
static const char *fault_name(struct build *b, const char *text, const struct err *err, bool *quoted)
{
	size_t len = strlen(text);
	*quoted = false;
	if ((err->code != ERR_UNKNOWN_FIELD && err->code != ERR_TYPE) || err->column < 1 || (size_t)err->column > len)
		return NULL;
	const char *from = text + err->column - 1;
	size_t rest = len - (size_t)err->column + 1, n = err->width > 0 && (size_t)err->width <= rest ? (size_t)err->width : rest;
	*quoted = n >= 2 && (*from == '\'' || *from == '"') && from[n - 1] == *from;
	if (*quoted)
		return arena_strndup(b->scratch, from + 1, n - 2);
	const char *name = arena_strndup(b->scratch, from, n), *dot = strrchr(name, '.');
	return dot ? dot + 1 : name;
}

static void fault_report(struct build *b, const struct setting *s, const char *text, size_t offset, const struct err *err)
{
	bool quoted;
	const char *name = fault_name(b, text, err, &quoted), *hint = err->hint;
	/* declared where it could not be read, or looked for only because its name is near */
	if (name && build_lost(b, name))
		return;
	if (err->code == ERR_UNKNOWN_FIELD && err->target && b->unfound &&
		build_absent(b, b->unfound->module, map_nearest(&b->unfound->by_name, err->target)))
		return;
	if (b->tainted && !(name && err->code == ERR_UNKNOWN_FIELD && strcmp(name, b->taint) != 0))
		return;
	if (!hint && quoted && err->code == ERR_UNKNOWN_FIELD)
		hint = hint_near(b, map_nearest(&b->r->roles, name));
	struct spot at =
		err->column > 0 && offset != NO_OFFSET ? spot_inside(b, s, offset + (size_t)err->column - 1, err->width) : spot_value(b, s);
	b->code = err->code;
	if (s->key)
		build_fail(b, s->from, at, hint, "'%s': %s", s->key, err->message);
	else
		build_fail(b, s->from, at, hint, "%s", err->message);
}

static struct expr_scope scope_of(struct build *b, const struct pending *p)
{
	return (struct expr_scope){.table = p->section ? &p->section->expr : NULL,
							   .record = p->record ? &p->record->expr : NULL,
							   .user = b->r->user ? &b->r->user->expr : NULL,
							   .old = p->old,
							   .find = rules_find,
							   .role_known = role_known,
							   .ctx = b};
}

/* Parses and types one text; NULL (reported) on failure. */
static struct expr *expr_take(struct build *b, const struct pending *p, const char *text, size_t offset, const struct expr_type *want)
{
	struct expr *e = NULL;
	struct err err;
	struct expr_scope scope = scope_of(b, p);
	err_init(&err, b->scratch);
	/* what is wrong further down is reported once, there */
	bool before = b->tainted;
	b->tainted = false;
	bool failed = expr_parse(b->arena, text, strlen(text), &e, &err) != 0 || expr_check(b->arena, e, &scope, want, &err) != 0;
	if (failed)
		fault_report(b, p->setting, text, offset, &err);
	b->tainted = before || b->tainted;
	return failed ? NULL : e;
}

/* --- formulas and rollups --- */

static enum field_type type_inferred(const struct expr_type *t)
{
	switch (t->kind) {
	case EXPR_BOOL: return FIELD_BOOLEAN;
	case EXPR_INT: return FIELD_INTEGER;
	case EXPR_DEC: return FIELD_DECIMAL;
	case EXPR_TEXT: return FIELD_TEXT;
	case EXPR_CHOICE: return FIELD_CHOICE;
	case EXPR_DATE: return FIELD_DATE;
	case EXPR_TIME: return FIELD_DATETIME;
	case EXPR_DURATION: return FIELD_DURATION;
	case EXPR_RECORD: return FIELD_LOOKUP;
	default: return FIELD_TYPE_COUNT;
	}
}

struct seen {
	bool money;
	const struct expr_type *type; /* of the value, to find where its codes come from */
	const struct field *codes;
};

static void seen_add(void *ctx, const struct expr_table *t, const struct expr_field *ef, bool of_old)
{
	struct seen *s = ctx;
	const struct field *f = (const struct field *)ef;
	(void)t;
	(void)of_old;
	s->money |= f->value_type == FIELD_MONEY;
	if (s->type->kind == EXPR_CHOICE && f->expr.type.values == s->type->values && f->nvalues)
		s->codes = f;
}

/* Takes from the tree what the declaration left open. */
static bool type_settle(struct build *b, struct field *f, struct pending *p, struct expr *e, bool declared)
{
	const struct expr_type *t = expr_type_of(e);
	struct seen seen = {.type = t};
	expr_walk_fields(e, seen_add, &seen);
	if (!declared) {
		f->value_type = type_inferred(t);
		if (f->value_type == FIELD_TYPE_COUNT) {
			build_fail(b, p->setting->from, spot_value(b, p->setting), "sum(lines, amount)", "gives no single value");
			return false;
		}
		if (f->value_type == FIELD_DECIMAL) {
			const struct decl_value *scale = decl_option(p->setting->from, "scale");
			f->value_type = seen.money ? FIELD_MONEY : FIELD_DECIMAL;
			if (!scale)
				f->scale = seen.money ? 2 : t->scale < MAX_INFERRED_SCALE ? t->scale : MAX_INFERRED_SCALE;
		}
	}
	if (f->value_type == FIELD_CHOICE || f->value_type == FIELD_LOOKUP) {
		enum expr_kind kind = f->value_type == FIELD_CHOICE ? EXPR_CHOICE : EXPR_RECORD;
		if (t->kind != kind) {
			build_fail(b, p->setting->from, spot_value(b, p->setting), NULL, "gives no %s", field_type_name(f->value_type));
			return false;
		}
		f->expr.type = *t;
		f->to = kind == EXPR_RECORD ? (struct section *)t->table : NULL;
		if (seen.codes) {
			f->values = seen.codes->values;
			f->nvalues = seen.codes->nvalues;
		}
		return true;
	}
	define_expr_type(b, f);
	if (f->value_type == FIELD_MONEY && t->kind == EXPR_DEC && t->currency) {
		f->expr.type.currency = t->currency;
		if (section_find(f->section, t->currency))
			f->currency = t->currency;
	}
	return true;
}

static void lines_visit(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	(void)t;
	(void)of_old;
	*(bool *)ctx |= f->storage == EXPR_DETAIL || f->storage == EXPR_LINK;
}

static bool looks_at_lines(const struct expr *e)
{
	bool any = false;
	expr_walk_fields(e, lines_visit, &any);
	return any;
}

static void formula_check(struct build *b, struct field *f, struct state *st)
{
	struct pending *p = st->pending;
	size_t open = 0;
	for (size_t i = 0; i < b->states.count; i++)
		open += ((struct state *)b->states.items[i].value)->at == STATE_OPEN;
	if (open >= MAX_CHAIN) {
		build_fail(b, p->setting->from, spot_value(b, p->setting), NULL, "more than %d formulas need each other in a row", MAX_CHAIN);
		st->at = STATE_DONE;
		return;
	}
	st->at = STATE_OPEN;
	bool declared = f->type == FIELD_FORMULA || f->value_type != FIELD_ROLLUP;
	bool open_type = !declared || f->value_type == FIELD_CHOICE || f->value_type == FIELD_LOOKUP;
	struct expr *e = expr_take(b, p, p->formula->text, 0, open_type ? NULL : &f->expr.type);
	st->at = STATE_DONE;
	if (!e || !type_settle(b, f, p, e, declared))
		return;
	if (f->type == FIELD_ROLLUP && !looks_at_lines(e)) {
		build_fail(b, p->setting->from, spot_value(b, p->setting), "sum(lines, amount); what needs only the record itself is a formula",
				   "looks at no lines");
		return;
	}
	p->formula->expr = e;
	if (f->type == FIELD_ROLLUP && !expr_uses_clock(e) && !expr_uses_me(e) && !expr_uses_people(e))
		return;
	f->stored = false;
	f->expr.storage = EXPR_FORMULA;
	f->expr.column = NULL;
	f->expr.formula = e;
}

static void formulas_check(struct build *b)
{
	for (size_t i = 0; i < b->pending.count; i++) {
		struct pending *p = &b->pending.items[i];
		if (p->kind != PENDING_VALUE || !p->field || (p->formula != &p->field->formula && p->formula != &p->field->rollup))
			continue;
		struct state *st = arena_new(b->scratch, struct state);
		st->pending = p;
		map_put(&b->states, field_path(b, p->field), st);
	}
	for (size_t i = 0; i < b->states.count; i++) {
		struct state *st = b->states.items[i].value;
		if (st->at == STATE_FRESH) {
			b->tainted = false;
			formula_check(b, st->pending->field, st);
		}
	}
	b->tainted = false;
}

/* --- titles --- */

static struct spot title_spot(struct build *b, const struct pending *p, size_t offset, int width)
{
	return p->translated ? spot_value(b, p->setting) : spot_inside(b, p->setting, offset, width);
}

/* "{number} · {account.name}" → number .. " · " .. account.name */
static void title_check(struct build *b, struct pending *p)
{
	const char *text = p->title->text, *key = p->setting->key, *of = p->translated ? " of the translation" : "";
	struct expr *all = NULL;
	bool failed = false;
	for (const char *s = text; *s;) {
		struct expr *piece;
		if (*s == '{') {
			const char *end = strchr(s, '}');
			if (!end) {
				build_fail(b, p->setting->from, title_spot(b, p, (size_t)(s - text), (int)strlen(s)), NULL,
						   "'%s': the brace%s is not closed", key, of);
				return;
			}
			const char *path = arena_strndup(b->arena, s + 1, (size_t)(end - s) - 1);
			struct err err;
			bool plain = *path != 0;
			for (const char *c = path; *c; c++)
				plain &= (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_' || *c == '.';
			if (!plain) {
				build_fail(b, p->setting->from, title_spot(b, p, (size_t)(s - text), (int)(end - s) + 1), NULL,
						   "'%s': braces%s hold a field or a path, not '%s'", key, of, path);
				return;
			}
			/* checked alone for its place, then parsed again for the whole */
			failed |= !expr_take(b, p, path, p->translated ? NO_OFFSET : (size_t)(s - text) + 1, NULL);
			err_init(&err, b->scratch);
			if (failed || expr_parse(b->arena, path, strlen(path), &piece, &err) != 0) {
				failed = true;
				s = end + 1;
				continue;
			}
			s = end + 1;
		} else {
			size_t n = strcspn(s, "{");
			piece = expr_make_literal(b->arena, value_text(arena_strndup(b->arena, s, n), n));
			s += n;
		}
		all = all ? expr_make_binary(b->arena, EXPR_CONCAT, all, piece) : piece;
	}
	if (failed || !all)
		return;
	struct err err;
	struct expr_scope scope = scope_of(b, p);
	const struct expr_type want = {.kind = EXPR_TEXT};
	err_init(&err, b->scratch);
	/* one value of another type is written as text by joining it to nothing */
	if (text[0] == '{')
		all = expr_make_binary(b->arena, EXPR_CONCAT, expr_make_literal(b->arena, value_text("", 0)), all);
	if (expr_check(b->arena, all, &scope, &want, &err) != 0) {
		err.column = 0;
		fault_report(b, p->setting, text, 0, &err);
		return;
	}
	p->title->expr = all;
}

/* --- who --- */

/* One user or several: a path of lookups, lookups with many, role('x'). */
static void who_check(struct build *b, struct pending *p)
{
	const struct setting *s = p->setting;
	if (text_is_name(p->formula->text, strlen(p->formula->text)) && !section_find(p->section, p->formula->text) &&
		map_find(&b->r->roles, p->formula->text)) {
		build_fail(b, s->from, spot_value(b, s),
				   arena_printf(b->scratch, "%s = \"role('%s')\" means the users of the role", s->key, p->formula->text),
				   "'%s': '%s' is a role, and a path of lookups to users is expected", s->key, p->formula->text);
		return;
	}
	struct expr *e = expr_take(b, p, p->formula->text, 0, NULL);
	const struct expr_type *t = e ? expr_type_of(e) : NULL;
	if (!e)
		return;
	if ((t->kind != EXPR_RECORD && t->kind != EXPR_RECORDS) || !b->r->user || t->table != &b->r->user->expr)
		build_fail(b, s->from, spot_value(b, s), "a lookup to 'user', a path to one, several, or role('…')", "'%s' gives no users", s->key);
	else
		p->formula->expr = e;
}

/* --- dependencies --- */

struct naming {
	struct build *b;
	struct pending *p;
	struct section *form; /* whose form asks again */
	struct field *rollup; /* that depends */
	bool itself;          /* its own field is named */
};

/* Owned lines are typed on the form of the record that owns them. */
static const struct section *form_of(const struct section *s)
{
	while (s->owner_detail)
		s = s->owner_detail->section;
	return s;
}

static void live_add(void *ctx, const struct expr_table *t, const struct expr_field *ef, bool of_old)
{
	struct naming *n = ctx;
	struct field *f = (struct field *)ef;
	if (of_old || form_of((const struct section *)t) != form_of(n->form))
		return;
	if (f == n->p->field)
		n->itself = true;
	else
		f->live = true;
}

static void rollup_add(void *ctx, const struct expr_table *t, const struct expr_field *ef, bool of_old)
{
	struct naming *n = ctx;
	struct field *f = (struct field *)ef;
	(void)t;
	(void)of_old;
	if (f->expr.storage == EXPR_FORMULA || f == n->rollup)
		return;
	for (size_t i = 0; i < f->nrollups; i++)
		if (f->rollups[i] == n->rollup)
			return;
	struct field **all = arena_array(n->b->arena, struct field *, f->nrollups + 1);
	if (f->nrollups)
		memcpy(all, f->rollups, f->nrollups * sizeof *all);
	all[f->nrollups++] = n->rollup;
	f->rollups = all;
}

/* Only what changes with the record's own row can stand in an index. */
static void index_check(struct build *b, const struct pending *p)
{
	const struct field *f = p->field;
	if (!f->index || f->expr.storage != EXPR_FORMULA || expr_is_immutable(p->formula->expr))
		return;
	build_fail(
		b, p->setting->from, spot_value(b, p->setting),
		f->type == FIELD_ROLLUP ? "a sum that is stored can have one" : "leave out index, or compute it from the record's own fields",
		"'index': '%s' follows from more than the record's own fields (other records, the clock, the user, the time zone, how days are "
		"written), and an index would not notice",
		f->expr.name);
}

static void dependencies_take(struct build *b)
{
	for (size_t i = 0; i < b->pending.count; i++) {
		struct pending *p = &b->pending.items[i];
		const struct expr *e = p->kind == PENDING_RULE ? p->rule->expr : p->kind == PENDING_VALUE ? p->formula->expr : NULL;
		struct naming n = {.b = b, .p = p, .form = p->record ? p->record : p->section};
		if (!e)
			continue;
		if (p->of_form)
			expr_walk_fields(e, live_add, &n);
		if (n.itself && p->kind == PENDING_VALUE && p->formula == &p->field->fill)
			build_fail(b, p->setting->from, spot_value(b, p->setting), NULL, "'fill' names its own field");
		if (p->field && p->kind == PENDING_VALUE && (p->formula == &p->field->formula || p->formula == &p->field->rollup))
			index_check(b, p);
		if (p->field && p->kind == PENDING_VALUE && p->formula == &p->field->rollup && p->field->stored) {
			n.rollup = p->field;
			expr_walk_fields(e, rollup_add, &n);
			p->field->reach = expr_reach(b->arena, e, &p->field->section->expr);
		}
	}
	rank_sections(b->r);
}

void rules_check(struct build *b)
{
	static const struct expr_type condition = {.kind = EXPR_BOOL};
	formulas_check(b);
	for (size_t i = 0; i < b->pending.count; i++) {
		struct pending *p = &b->pending.items[i];
		b->tainted = false;
		if (p->kind == PENDING_RULE) {
			p->rule->expr = expr_take(b, p, p->rule->text, 0, &condition);
		} else if (p->kind == PENDING_TITLE) {
			title_check(b, p);
		} else if (p->kind == PENDING_WHO) {
			who_check(b, p);
		} else if (p->formula != &p->field->formula && p->formula != &p->field->rollup) {
			p->formula->expr = expr_take(b, p, p->formula->text, 0, &p->field->expr.type);
		}
	}
	dependencies_take(b);
}
