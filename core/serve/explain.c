#include "serve/explain.h"

#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "serve/record_private.h"
#include "serve/stage.h"
#include "serve/task.h"

enum { PARTS = 64, PATHS = 32, PEOPLE = 10 };

struct work {
	struct unit *u;
	struct record *r;
	struct explain *out;
	const char *kind; /* of the grants that are looked at */
	struct {
		struct explain_rule *items;
		size_t count, cap;
	} rules;
};

static const char *place_text(struct unit *u, const struct place *p)
{
	return arena_printf(u->arena, "%s:%d", config_path(u->arena, u->reg->config, p->module, p->file), p->line);
}

static const char *printed(struct unit *u, const struct expr *e)
{
	struct buf b = BUF_INIT;
	expr_print(&b, e);
	const char *s = arena_strndup(u->arena, b.data ? b.data : "", b.len);
	buf_destroy(&b);
	return s;
}

/* "17 (Romashka)" for a record, JSON for all else. */
static int value_text_of(struct unit *u, const struct expr_type *type, const struct value *v, const char **out, struct err *err)
{
	struct buf b = BUF_INIT;
	value_json(&b, v);
	*out = arena_strndup(u->arena, b.data, b.len);
	buf_destroy(&b);
	if (v->kind == VALUE_NIL)
		*out = "nil";
	if (type->kind != EXPR_RECORD || v->kind != VALUE_INT)
		return 0;
	struct section *s = record_section(type->table);
	struct record *r;
	struct value title;
	if (record_load(u, s, v->i, &r, err) < 0)
		return -1;
	if (r && s->title.expr && expr_eval(u->arena, s->title.expr, &u->env, &r->now, NULL, NULL, &title, err) == 0 &&
		title.kind == VALUE_TEXT)
		*out = arena_printf(u->arena, "%s %lld (%s)", s->expr.name, (long long)v->i, title.text.s);
	return 0;
}

/* "user 5 (Ann), user 7 (Bob)" */
static int people_text(struct unit *u, const struct expr_type *type, const struct value *v, const char **out, struct err *err)
{
	const struct expr_type one = {.kind = EXPR_RECORD, .table = type->table};
	struct buf b = BUF_INIT;
	const char *text;
	if (v->kind != VALUE_LIST)
		return value_text_of(u, &one, v, out, err);
	for (size_t i = 0; i < v->list.count && i < PEOPLE; i++) {
		if (value_text_of(u, &one, &v->list.items[i], &text, err) < 0) {
			buf_destroy(&b);
			return -1;
		}
		buf_printf(&b, "%s%s", i ? ", " : "", text);
	}
	if (v->list.count > PEOPLE)
		buf_printf(&b, " and %zu more", v->list.count - PEOPLE);
	*out = v->list.count ? arena_strndup(u->arena, b.data, b.len) : "nobody";
	buf_destroy(&b);
	return 0;
}

static void link_note(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	(void)t;
	(void)of_old;
	*(bool *)ctx |= f->storage == EXPR_LINK;
}

/* Several records that a lookup holds: they are few and told one by one, the lines of a detail are not. */
static bool is_link(const struct expr *e)
{
	bool link = false;
	expr_walk_fields(e, link_note, &link);
	return link;
}

static bool is_keyword(const char *word)
{
	static const char *const words[] = {"and", "or", "not", "in", "nil", "true", "false"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

/* Every path that the text names outside of quotes, with its value; names that mean something only inside any(…) are passed over. */
static int values_of(struct work *w, const char *text, struct explain_part *part, struct err *err)
{
	struct unit *u = w->u;
	struct expr_scope scope = {.table = &w->r->section->expr, .user = &u->reg->user->expr, .old = true};
	struct expr_type any = {.kind = EXPR_ANY};
	part->values = arena_array(u->arena, struct explain_value, PATHS);
	for (const char *p = text; *p && part->nvalues < PATHS;) {
		if (*p == '\'' || *p == '"') {
			char quote = *p++;
			while (*p && *p != quote)
				p += *p == '\\' && p[1] ? 2 : 1;
			p += *p != '\0';
			continue;
		}
		if (!isalpha((unsigned char)*p) && *p != '_') {
			p++;
			continue;
		}
		const char *from = p;
		while (isalnum((unsigned char)*p) || *p == '_' || *p == '.')
			p++;
		const char *name = arena_strndup(u->arena, from, (size_t)(p - from)), *value;
		bool seen = is_keyword(name) || *p == '(';
		for (size_t i = 0; i < part->nvalues && !seen; i++)
			seen = strcmp(part->values[i].path, name) == 0;
		struct expr *e;
		struct value v;
		struct err ignored;
		err_init(&ignored, u->arena);
		if (seen || expr_parse(u->arena, name, strlen(name), &e, &ignored) < 0 || expr_check(u->arena, e, &scope, &any, &ignored) < 0)
			continue;
		bool several = expr_type_of(e)->kind == EXPR_RECORDS;
		if (several && !is_link(e))
			continue;
		if (expr_eval(u->arena, e, &u->env, &w->r->now, NULL, w->r->was.values ? &w->r->was : &w->r->now, &v, err) < 0 ||
			(several ? people_text(u, expr_type_of(e), &v, &value, err) : value_text_of(u, expr_type_of(e), &v, &value, err)) < 0)
			return -1;
		part->values[part->nvalues++] = (struct explain_value){name, value};
	}
	return 0;
}

static int rule_add(struct work *w, const char *kind, const char *role, const struct rule *rule, const struct place *place,
					const char *fields, bool covers, bool *holds, struct err *err)
{
	struct unit *u = w->u;
	struct explain_rule out = {
		.kind = kind, .role = role, .place = place_text(u, place), .fields = fields, .covers = covers, .text = rule->text};
	if (!rule->expr) {
		out.holds = rule->value;
		if (!out.text)
			out.text = rule->value ? "true" : "false";
	} else {
		const struct expr *parts[PARTS];
		size_t n = expr_parts(rule->expr, parts, PARTS);
		if (expr_test(u->arena, rule->expr, &u->env, &w->r->now, NULL, w->r->was.values ? &w->r->was : NULL, &out.holds, err) < 0)
			return -1;
		out.parts = arena_array(u->arena, struct explain_part, n + 1);
		for (size_t i = 0; i < n; i++) {
			struct explain_part *part = &out.parts[out.nparts++];
			part->text = printed(u, parts[i]);
			if (expr_test(u->arena, parts[i], &u->env, &w->r->now, NULL, w->r->was.values ? &w->r->was : NULL, &part->holds, err) < 0 ||
				values_of(w, part->text, part, err) < 0)
				return -1;
		}
	}
	*holds = out.holds;
	arena_push(u->arena, &w->rules, out);
	return 0;
}

static const char *fields_of(struct unit *u, const struct grant *g)
{
	struct buf b = BUF_INIT;
	if (!g->fields)
		return NULL;
	for (size_t i = 0; i < g->nfields; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", g->fields[i]->expr.name);
	const char *s = arena_strndup(u->arena, b.data ? b.data : "", b.len);
	buf_destroy(&b);
	return s;
}

static bool gives(const struct grant *g, const struct field *f)
{
	if (!g->fields || !f || f->builtin)
		return true;
	for (size_t i = 0; i < g->nfields; i++)
		if (g->fields[i] == f)
			return true;
	return false;
}

/* Every grant of the roles held that speaks of the action. `granted`: one that holds gives the field. */
static int grants(struct work *w, struct record *r, enum grant_action action, const struct field *f, bool *granted, bool *named,
				  struct err *err)
{
	struct unit *u = w->u;
	const struct access *x = access_get(u->reg, u->user, r->section);
	*granted = *named = false;
	if (x->parent) {
		struct record *parent, *line = w->r;
		const struct value *by = &r->now.values[r->section->owner->pos];
		if (by->kind != VALUE_INT)
			return 0;
		if (record_load(u, r->section->owner->to, by->i, &parent, err) < 0)
			return -1;
		if (!parent)
			return 0;
		w->r = parent;
		int failed = grants(w, parent, action == GRANT_READ ? GRANT_READ : GRANT_UPDATE, r->section->owner_detail, granted, named, err);
		w->r = line;
		return failed;
	}
	for (size_t i = 0; i < x->ngrants; i++) {
		const struct grant *g = x->grants[i];
		bool holds, covers = gives(g, f);
		if (!g->on[action].set)
			continue;
		if (rule_add(w, w->kind, g->role->name, &g->on[action], &g->place, fields_of(u, g), covers, &holds, err) < 0)
			return -1;
		*granted |= holds && covers;
		*named |= holds && covers && g->fields && f && !f->builtin;
	}
	return 0;
}

static void answer(struct work *w, bool allowed, const char *why)
{
	w->out->allowed = allowed;
	w->out->why = why;
}

/* Whom the task's `who` names here, and whether this user is one of them; without `who` the grants to update are what decides. */
static int task_who(struct work *w, const struct stage_task *t, bool *may, struct err *err)
{
	struct unit *u = w->u;
	struct explain_rule out = {.kind = "who", .place = place_text(u, &t->place), .covers = true, .text = t->who.text};
	struct value v;
	const char *people;
	bool unused;
	if (!t->who.text)
		return grants(w, w->r, GRANT_UPDATE, NULL, may, &unused, err);
	if (task_may(u, w->r, t, &out.holds, err) < 0 || expr_eval(u->arena, t->who.expr, &u->env, &w->r->now, NULL, NULL, &v, err) < 0 ||
		people_text(u, expr_type_of(t->who.expr), &v, &people, err) < 0)
		return -1;
	struct explain_part *part = out.parts = arena_new(u->arena, struct explain_part);
	out.nparts = 1;
	part->text = t->who.text;
	part->holds = *may = out.holds;
	if (values_of(w, t->who.text, part, err) < 0)
		return -1;
	/* the whole stands first; a plain path is the whole already */
	if (part->nvalues != 1 || strcmp(part->values[0].path, t->who.text) != 0) {
		struct explain_value *values = arena_array(u->arena, struct explain_value, part->nvalues + 1);
		values[0] = (struct explain_value){t->who.text, people};
		memcpy(values + 1, part->values, part->nvalues * sizeof *values);
		part->values = values;
		part->nvalues++;
	}
	arena_push(u->arena, &w->rules, out);
	return 0;
}

/* The required tasks of the stage: each with its state; of one that is open also who may tick it. *open: their names, NULL when none holds the record up. */
static int explain_gate(struct work *w, const char **open, struct err *err)
{
	struct unit *u = w->u;
	struct task_item *items;
	size_t n;
	*open = NULL;
	if (task_list(u, w->r, &items, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct stage_task *t = items[i].task;
		bool may;
		if (!t->required)
			continue;
		struct explain_rule out = {.kind = "task", .place = place_text(u, &t->place), .covers = true, .holds = items[i].done};
		out.text = arena_printf(u->arena, "task '%s' is required and %s", t->name, items[i].done ? "ticked" : "open");
		arena_push(u->arena, &w->rules, out);
		if (items[i].done)
			continue;
		*open = *open ? arena_printf(u->arena, "%s, '%s'", *open, t->name) : arena_printf(u->arena, "'%s'", t->name);
		if (t->who.text && task_who(w, t, &may, err) < 0)
			return -1;
	}
	return 0;
}

/* A tick, or its taking back. */
static int explain_task(struct work *w, const struct stage_task *t, bool done, struct err *err)
{
	struct unit *u = w->u;
	const struct stage *s = stage_of(w->r);
	const struct task_item *item = NULL;
	struct task_item *items;
	size_t n;
	bool may;
	if (task_list(u, w->r, &items, &n, err) < 0 || task_who(w, t, &may, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (items[i].task == t)
			item = &items[i];
	if (t->stage != s)
		answer(w, false,
			   arena_printf(u->arena, "the task is of the stage '%s', and the record stands on '%s'", t->stage->name,
							s ? s->name : "none"));
	else if (!item)
		answer(w, false, "the record has no such task: it was configured after the record came here, and the next apply adds it");
	else if (!may && t->who.text)
		answer(w, false, "the task's `who` does not name this user");
	else if (!may)
		answer(w, false, "the task has no `who`, and no grant lets this user update the record");
	else if (item->done == done)
		answer(w, false, done ? "the task is ticked already" : "the task is not ticked");
	else
		answer(w, true,
			   t->who.text ? "the task's `who` names this user" : "the task has no `who`, and a grant lets this user update the record");
	return 0;
}

static int explain_move(struct work *w, const struct move *m, struct err *err)
{
	struct unit *u = w->u;
	const struct stage *s = stage_of(w->r);
	bool from = false, allow = true, when = true, unused;
	for (size_t i = 0; i < m->nfrom; i++)
		from |= m->from[i] == s;
	if (m->allow.set) {
		if (rule_add(w, "allow", NULL, &m->allow, &m->place, NULL, true, &allow, err) < 0)
			return -1;
	} else if (grants(w, w->r, GRANT_UPDATE, NULL, &allow, &unused, err) < 0) {
		return -1;
	}
	if (m->when.set && rule_add(w, "when", NULL, &m->when, &m->place, NULL, true, &when, err) < 0)
		return -1;
	const char *open = NULL;
	if (from && explain_gate(w, &open, err) < 0)
		return -1;
	if (!from)
		answer(w, false, arena_printf(u->arena, "the move starts from another stage than '%s'", s ? s->name : "none"));
	else if (!allow)
		answer(w, false,
			   m->allow.set ? "the move's `allow` is not true for this user"
							: "no grant lets this user update the record, and the move has no `allow` of its own");
	else if (!when)
		answer(w, false,
			   open ? arena_printf(u->arena, "the move's `when` is not true now, and required tasks of the stage are open: %s", open)
					: "the move's `when` is not true now");
	else if (open)
		answer(w, false, arena_printf(u->arena, "required tasks of the stage are open: %s", open));
	else
		answer(w, true, "the stage, `allow` and `when` agree");
	return 0;
}

/* What stops a write although a grant allows it. */
static int obstacles(struct work *w, enum grant_action action, const struct field *f, bool named, struct err *err)
{
	struct unit *u = w->u;
	const struct stage *s = NULL;
	bool holds;
	if (action != GRANT_READ && record_frozen(w->r, &s, err) < 0)
		return -1;
	if (s) {
		struct rule freeze = {.set = true,
							  .constant = true,
							  .value = true,
							  .text = arena_printf(u->arena, "stage '%s' has freeze = true", s->name)};
		if (rule_add(w, "freeze", NULL, &freeze, &s->place, NULL, true, &holds, err) < 0)
			return -1;
		answer(w, false, arena_printf(u->arena, "the stage '%s' freezes the record", s->name));
		return 0;
	}
	if (!f || (action != GRANT_UPDATE && action != GRANT_CREATE))
		return 0;
	if (f->builtin || f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP || f->type == FIELD_AUTONUMBER) {
		answer(w, false, "the field is computed or kept by the system");
		return 0;
	}
	if (!f->readonly.set || named)
		return 0;
	if (rule_add(w, "readonly", NULL, &f->readonly, &f->place, NULL, true, &holds, err) < 0)
		return -1;
	if (holds)
		answer(w, false, "the field is read-only here, and no grant that holds names it");
	return 0;
}

/* What is not seen is not there; the grants to read say why. */
static int unseen(struct work *w, struct err *err)
{
	bool granted, named;
	answer(w, false, "the record is not visible to this user: it does not exist for him");
	w->kind = "read";
	return grants(w, w->r, GRANT_READ, NULL, &granted, &named, err);
}

/* No grant of the roles held: which roles have one. */
static const char *nobody_of(struct work *w, const struct section *s, enum grant_action action)
{
	const struct registry *reg = w->u->reg;
	const char *roles = NULL;
	size_t n = 0;
	while (s->owner && s->owner_detail && s->owner_detail->section != s) {
		action = action == GRANT_READ ? GRANT_READ : GRANT_UPDATE;
		s = s->owner_detail->section;
	}
	for (size_t i = 0; i < reg->ngrants; i++) {
		const struct grant *g = reg->grants[i];
		bool again = false;
		for (size_t k = 0; k < i && !again; k++)
			again = reg->grants[k]->role == g->role && reg->grants[k]->section == s && reg->grants[k]->on[action].set;
		if (g->section != s || !g->on[action].set || again || ++n > PEOPLE)
			continue;
		roles = roles ? arena_printf(w->u->arena, "%s, '%s'", roles, g->role->name) : arena_printf(w->u->arena, "'%s'", g->role->name);
	}
	if (!roles)
		return "no role has a grant for this";
	return arena_printf(w->u->arena, "no role of this user has a grant for this; %s%s %s", roles, n > PEOPLE ? ", …" : "",
						n > 1 ? "have one" : "has one");
}

/* A new record with what a new record begins with. */
static int draft_begin(struct work *w, struct section *s, struct err *err)
{
	struct unit *u = w->u;
	const struct record_plan *p = record_plan_get(u->reg, s);
	struct stage *first;
	struct record *r = w->r = record_new(u, s, -1);
	r->fresh = r->locked = true;
	r->now.values = arena_array(u->arena, struct value, s->nfields + 1);
	r->priv->given = arena_array(u->arena, bool, s->nfields + 1);
	for (size_t i = 0; i < p->nlinks; i++)
		r->now.values[p->links[i]->pos] = (struct value){.kind = VALUE_LIST};
	r->now.values[p->created_by->pos] = r->now.values[p->changed_by->pos] = value_int(u->user->id);
	r->now.values[p->created_at->pos] = r->now.values[p->changed_at->pos] = value_time(u->now_us);
	if (record_derive(r, NULL, 0, err) < 0)
		return -1;
	if (!p->stage)
		return 0;
	if (stage_first(u, r, &first, err) < 0)
		return -1;
	if (first)
		r->now.values[p->stage->pos] = value_textz(first->name);
	return 0;
}

/* The task with that name: of the stage, else of whatever stage has one. */
static const struct stage_task *task_named(const struct section *s, const struct stage *stage, const char *name)
{
	const struct stage_task *other = NULL;
	for (size_t i = 0; i < s->stages.count; i++) {
		const struct stage *st = s->stages.items[i].value;
		for (size_t k = 0; k < st->ntasks; k++)
			if (strcmp(st->tasks[k]->name, name) == 0 && (!other || st == stage))
				other = st->tasks[k];
	}
	return other;
}

int explain_record(struct unit *u, struct section *s, int64_t id, const char *action, const struct field *field, const char *task,
				   struct explain *out, struct err *err)
{
	static const char *const actions[GRANT_ACTIONS] = {"create", "read", "update", "delete"};
	struct work w = {.u = u, .out = out, .kind = "grant"};
	const struct move *m = section_find_move(s, action);
	enum grant_action a = GRANT_ACTIONS;
	memset(out, 0, sizeof *out);
	for (int i = 0; i < GRANT_ACTIONS; i++)
		if (strcmp(action, actions[i]) == 0)
			a = i;
	const struct stage_task *t = NULL;
	if (task) {
		bool done = strcmp(action, "finish") == 0;
		if (!done && strcmp(action, "reopen") != 0) {
			err_set(err, ERR_INVALID, "a task knows no action '%s'", action);
			return err_hint(err, "finish or reopen");
		}
		t = task_named(s, NULL, task);
		if (!t)
			return err_set(err, ERR_NOT_FOUND, "no stage of %s has a task '%s'", s->expr.name, task);
	} else if (a == GRANT_ACTIONS && !m) {
		err_set(err, ERR_INVALID, "%s knows no action '%s'", s->expr.name, action);
		return err_hint(err, s->ntasks ? "create, read, update, delete, the name of a move, or finish and reopen with --task NAME"
									   : "create, read, update, delete or the name of a move");
	}
	if (!id && a != GRANT_CREATE) {
		err_set(err, ERR_INVALID, "which record?");
		return err_hint(err, "write %s/17; %s alone goes with create", s->expr.name, s->expr.name);
	}
	if (id && a == GRANT_CREATE) {
		err_set(err, ERR_INVALID, "%s/%lld is there already: create asks about a new record", s->expr.name, (long long)id);
		return err_hint(err, "write --record %s", s->expr.name);
	}
	if (!id && s->owner && s->owner_detail) {
		err_set(err, ERR_INVALID, "a line of %s is created in its %s, whose rights it takes", s->expr.name, s->owner->to->expr.name);
		return err_hint(err, "write --record %s/17 --action update --field %s", s->owner->to->expr.name, s->owner_detail->expr.name);
	}
	if (unit_ready(u, err) < 0)
		return -1;
	if (id) {
		if (record_load(u, s, id, &w.r, err) < 0)
			return -1;
		if (!w.r)
			return err_set(err, ERR_NOT_FOUND, "there is no record %s/%lld", s->expr.name, (long long)id);
	} else if (draft_begin(&w, s, err) < 0) {
		return -1;
	}
	struct value title;
	if (id && s->title.expr && expr_eval(u->arena, s->title.expr, &u->env, &w.r->now, NULL, NULL, &title, err) == 0 &&
		title.kind == VALUE_TEXT)
		out->title = arena_strndup(u->arena, title.text.s, title.text.len);
	out->stage = stage_of(w.r) ? stage_of(w.r)->name : NULL;
	if (t)
		t = task_named(s, stage_of(w.r), task);
	if (a == GRANT_ACTIONS) {
		bool seen, unused;
		if ((t ? explain_task(&w, t, strcmp(action, "finish") == 0, err) : explain_move(&w, m, err)) < 0 ||
			access_test(u, access_get(u->reg, u->user, s), GRANT_READ, w.r, true, NULL, &seen, &unused, err) < 0)
			return -1;
		if (!seen && unseen(&w, err) < 0)
			return -1;
	} else {
		bool granted, named, seen = true, unused;
		if (grants(&w, w.r, a, field, &granted, &named, err) < 0)
			return -1;
		const struct access *x = access_get(u->reg, u->user, s);
		if (a != GRANT_READ && id) {
			if (access_test(u, x, GRANT_READ, w.r, true, NULL, &seen, &unused, err) < 0)
				return -1;
		}
		if (!seen && unseen(&w, err) < 0)
			return -1;
		if (!seen)
			;
		else if (granted)
			answer(&w, true, "a grant holds");
		else if (w.rules.count == 0)
			answer(&w, false, nobody_of(&w, s, a));
		else if (field && a != GRANT_READ && access_field(x, a, field) == ACCESS_NONE)
			answer(&w, false,
				   access_field(x, GRANT_READ, field) != ACCESS_NONE ? "this user may read the field, but no grant lets him write it"
																	 : "no grant gives this user the field: it is unknown to him");
		else
			answer(&w, false,
				   field ? "no grant that holds gives this field"
				   : id  ? "no grant holds on this record"
						 : "no grant holds on a new record as it begins");
		if (granted && seen && obstacles(&w, a, field, named, err) < 0)
			return -1;
	}
	out->rules = w.rules.items;
	out->nrules = w.rules.count;
	return 0;
}
