#include "serve/plan.h"

#include <string.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/err.h"
#include "base/map.h"
#include "base/say.h"
#include "serve/moment.h"

int plan_create(struct arena *a, const struct registry *reg, const struct actor *actor, struct section *s, struct plan **out,
				struct err *err)
{
	struct plan *p = arena_new(a, struct plan);
	struct actor *copy = arena_new(a, struct actor);
	*copy = *actor;
	p->arena = a;
	p->reg = reg;
	p->actor = copy;
	p->section = s;
	p->access = access_get(reg, actor, s);
	p->eyes.reg = reg;
	p->eyes.actor = copy;
	p->top = PLAN_TOP;
	if (!access_exists(p->access))
		return err_say(err, ERR_NOT_FOUND, actor->lang, SAY_NOT_FOUND);
	*out = p;
	return 0;
}

static bool readable(const struct plan *p, const struct field *f)
{
	return access_field(p->access, GRANT_READ, f) != ACCESS_NONE;
}

/* "did you mean" among the readable properties and navigations. */
static int unknown(const struct plan *p, const char *name, size_t len, int lang, struct err *err)
{
	char *text = arena_strndup(p->arena, name, len < 100 ? len : 100);
	struct map names;
	map_create(&names, p->arena);
	for (size_t i = 0; i < p->section->nfields; i++) {
		struct field *f = p->section->fields[i];
		if (!readable(p, f))
			continue;
		map_put(&names, field_property(p->arena, f), f);
		map_put(&names, f->expr.name, f);
	}
	err_say(err, ERR_UNKNOWN_FIELD, lang, SAY_UNKNOWN_FIELD, text);
	err_target(err, text);
	const char *near = map_nearest(&names, text);
	/* what is there but not of the kind that was asked for is no misspelling */
	if (near && strcmp(near, text) != 0)
		err_tell_hint(err, SAY_DID_YOU_MEAN, near);
	return -1;
}

static void add_field(struct plan *p, const struct field *f)
{
	for (size_t i = 0; i < p->fields.count; i++)
		if (p->fields.items[i] == f)
			return;
	arena_push(p->arena, &p->fields, f);
}

int plan_select(struct plan *p, const char *property, size_t len, int lang, struct err *err)
{
	if (len == 1 && *property == '*') {
		plan_select_all(p);
		return 0;
	}
	for (size_t i = 0; i < p->section->nfields; i++) {
		struct field *f = p->section->fields[i];
		const char *name = field_property(p->arena, f);
		if (f->type == FIELD_DETAIL || strlen(name) != len || memcmp(name, property, len) != 0 || !readable(p, f))
			continue;
		add_field(p, f);
		return 0;
	}
	return unknown(p, property, len, lang, err);
}

void plan_select_all(struct plan *p)
{
	p->all = true;
	for (size_t i = 0; i < p->section->nfields; i++) {
		struct field *f = p->section->fields[i];
		if (f->type != FIELD_DETAIL && readable(p, f))
			add_field(p, f);
	}
}

int plan_expand(struct plan *p, const char *name, size_t len, int lang, struct plan **child, struct err *err)
{
	struct field *f = section_find_n(p->section, name, len);
	if (!f || !f->to || !readable(p, f))
		return unknown(p, name, len, lang, err);
	for (size_t i = 0; i < p->expands.count; i++)
		if (p->expands.items[i].nav == f) {
			*child = p->expands.items[i].plan;
			return 0;
		}
	if (p->depth + 1 > PLAN_DEPTH || p->expands.count >= PLAN_EXPANDS)
		return err_tell(err, ERR_TOO_COMPLEX, SAY_TOO_MUCH_EXPANDED);
	struct plan_expand e = {.nav = f};
	/* a target that the actor sees nothing of still expands: to null, or to nothing */
	if (plan_create(p->arena, p->reg, p->actor, f->to, &e.plan, err))
		return unknown(p, name, len, lang, err);
	e.plan->depth = p->depth + 1;
	e.plan->titles = p->titles;
	e.plan->exact = p->exact;
	e.plan->top = PLAN_LINES;
	arena_push(p->arena, &p->expands, e);
	*child = e.plan;
	return 0;
}

/* The scope of what the user sends. */
static void user_scope(struct plan *p, struct expr_scope *scope)
{
	memset(scope, 0, sizeof *scope);
	scope->table = &p->section->expr;
	scope->user = &p->reg->user->expr;
	scope->find = access_find;
	scope->ctx = &p->eyes;
}

/* An expression's error as its user reads it. In English the checker speaks to implementers, too: its hints stay. */
static int in_words(struct err *err)
{
	struct err inner = *err;
	if (inner.code == ERR_UNKNOWN_FIELD && inner.target) {
		err_tell(err, ERR_UNKNOWN_FIELD, SAY_UNKNOWN_FIELD, inner.target);
		err_target(err, inner.target);
		err->hint = inner.hint_ru ? inner.hint : NULL;
		err->hint_ru = inner.hint_ru;
	} else if (inner.message_ru) {
		err_tell_about(err, SAY_BAD_FILTER, &inner);
		err->message = inner.message;
	}
	return -1;
}

int plan_filter(struct plan *p, struct expr *e, struct err *err)
{
	struct expr_scope scope;
	struct expr_type want = {.kind = EXPR_BOOL};
	user_scope(p, &scope);
	if (p->filter)
		e = expr_make_binary(p->arena, EXPR_AND, p->filter, e);
	if (expr_check(p->arena, e, &scope, &want, err))
		return in_words(err);
	p->filter = e;
	return 0;
}

/* The field at the end of a path of lookups, as far as the user may go. */
static int path_end(struct plan *p, const char *const *names, size_t n, enum say_text refusal, const struct field **last, struct err *err)
{
	struct section *s = p->section;
	for (size_t i = 0; i < n; i++) {
		const struct field *f = (const struct field *)access_find(&p->eyes, &s->expr, names[i], strlen(names[i]));
		if (!f)
			return unknown(p, names[i], strlen(names[i]), p->actor->lang, err);
		if (f->many || f->type == FIELD_DETAIL || (i + 1 < n && !f->to))
			return err_tell(err, ERR_TYPE, refusal, names[i]);
		*last = f;
		s = f->to;
	}
	return 0;
}

int plan_select_path(struct plan *p, const char *const *names, size_t n, const struct field **last, struct err *err)
{
	struct expr_scope scope;
	struct expr_type any = {.kind = EXPR_ANY};
	struct plan_path path = {.at = p->fields.count, .expr = expr_make_path(p->arena, names, n)};
	user_scope(p, &scope);
	if (path_end(p, names, n, SAY_PATH_FIELD, last, err) || expr_check(p->arena, path.expr, &scope, &any, err))
		return -1;
	arena_push(p->arena, &p->fields, *last);
	arena_push(p->arena, &p->paths, path);
	return 0;
}

int plan_order(struct plan *p, const char *const *names, size_t n, bool desc, struct err *err)
{
	struct expr_scope scope;
	struct expr_type any = {.kind = EXPR_ANY};
	struct plan_order o = {.desc = desc};
	user_scope(p, &scope);
	if (p->orders.count >= PLAN_ORDERS)
		return err_tell(err, ERR_TOO_COMPLEX, SAY_ORDER_COUNT, say_number(p->arena, PLAN_ORDERS));
	if (path_end(p, names, n, SAY_ORDER_FIELD, &o.last, err))
		return -1;
	if (!o.last)
		return err_tell(err, ERR_SYNTAX, SAY_ORDER_EMPTY);
	o.id = n == 1 && o.last->type == FIELD_ID;
	struct section *at = p->section;
	o.joins = n > 1 && n <= PLAN_STEPS && o.last->type != FIELD_ID;
	for (size_t i = 0; i < n && i < PLAN_STEPS; i++) {
		o.path[i] = section_find_n(at, names[i], strlen(names[i]));
		o.joins = o.joins && o.path[i] && (i + 1 == n || o.path[i]->expr.storage == EXPR_COLUMN);
		at = o.path[i] ? o.path[i]->to : NULL;
		if (!at)
			break;
	}
	o.steps = n;
	/* a lookup is ordered by what people see of it; its key would be meaningless to them */
	if (o.last->to) {
		const char *path[PLAN_STEPS];
		const struct field *name = NULL;
		for (size_t i = 0; i < o.last->to->nfields && !name; i++) {
			struct field *f = o.last->to->fields[i];
			if (field_is_name(f) && access_find(&p->eyes, &o.last->to->expr, f->expr.name, strlen(f->expr.name)))
				name = f;
		}
		if (name && n + 1 <= PLAN_STEPS) {
			memcpy(path, names, n * sizeof *path);
			path[n] = name->expr.name;
			o.joins = (n == 1 || o.joins) && o.last->expr.storage == EXPR_COLUMN;
			o.path[n] = o.last = name;
			o.steps = n + 1;
			o.expr = expr_make_path(p->arena, path, n + 1);
		}
	}
	if (!o.expr)
		o.expr = expr_make_path(p->arena, names, n);
	if (expr_check(p->arena, o.expr, &scope, &any, err))
		return -1;
	arena_push(p->arena, &p->orders, o);
	return 0;
}

bool plan_list_offered(struct arena *a, const struct registry *reg, const struct actor *actor, struct section *s, const struct list *l)
{
	struct access_eyes eyes = {reg, actor};
	struct expr_scope scope = {.table = &s->expr, .user = &reg->user->expr, .find = access_find, .ctx = &eyes};
	struct expr_type want = {.kind = EXPR_BOOL};
	struct expr *e;
	struct err unread;
	if (actor->system || !l->where.set || l->where.constant || !l->where.text)
		return true;
	err_init(&unread, a);
	return expr_parse(a, l->where.text, strlen(l->where.text), &e, &unread) == 0 && expr_check(a, e, &scope, &want, &unread) == 0;
}

int plan_list(struct plan *p, const struct list *l, struct err *err)
{
	bool asked = p->orders.count > 0;
	p->where = l->where.set ? &l->where : NULL;
	for (size_t i = 0; !asked && i < l->nsort; i++) {
		const char *names[PLAN_STEPS], *at = l->sort[i];
		size_t n = 0;
		bool desc = *at == '-';
		if (desc)
			at++;
		while (*at && n < PLAN_STEPS) {
			size_t len = strcspn(at, ".");
			names[n++] = arena_strndup(p->arena, at, len);
			at += len + (at[len] == '.');
		}
		/* an order by a field that this user may not read is left out, as if the list did not have it */
		struct err ignored;
		err_init(&ignored, p->arena);
		if (plan_order(p, names, n, desc, &ignored) && ignored.code != ERR_UNKNOWN_FIELD) {
			*err = ignored;
			return -1;
		}
	}
	return 0;
}

void plan_bindings(const struct registry *reg, const struct actor *actor, struct pg_bindings *out)
{
	memset(out, 0, sizeof *out);
	out->me = actor->id;
	out->now_us = moment_now();
	/* the zone's calendar is asked once a minute, not at every request */
	static int64_t minute, today;
	static char zone[64];
	if (out->now_us / 60000000 != minute || strncmp(zone, reg->zone, sizeof zone - 1) != 0) {
		minute = out->now_us / 60000000;
		strncpy(zone, reg->zone, sizeof zone - 1);
		today = zone_date_of(reg->zone, out->now_us);
	}
	out->today = today;
	out->zone = reg->zone;
}
