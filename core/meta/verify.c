/* verify: what holds together once every name is known: stages that can be reached and left, fields that somebody may write, sections that somebody may read. */
#include <string.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/decimal.h"
#include "meta/build.h"

struct spot verify_spot(struct build *b, const struct place *p, const char *name)
{
	struct spot at = {p->module, p->file, p->line, 0, 0};
	const struct source_token *t = source_word(build_source(b, p->module, p->file), p->line, name);
	if (p->column) {
		at.column = p->column;
		at.width = (int)strlen(name) + 2;
	} else if (t) {
		at.column = t->column;
		at.width = (int)t->len;
	}
	return at;
}

/* --- stages --- */

static bool stage_in(const struct move *m, const struct stage *st)
{
	for (size_t i = 0; i < m->nfrom; i++)
		if (m->from[i] == st)
			return true;
	return false;
}

static void stages_verify(struct build *b, const struct section *s, const struct stage_path *path)
{
	bool *reached = arena_array(b->scratch, bool, path->nstages + 1);
	if (path->nstages)
		reached[0] = true; /* by creating a record */
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < path->nstages; i++)
			for (size_t k = 0; reached[i] && k < s->moves.count; k++) {
				const struct move *m = s->moves.items[k].value;
				for (size_t j = 0; stage_in(m, path->stages[i]) && j < path->nstages; j++)
					if (path->stages[j] == m->to && !reached[j])
						reached[j] = more = true;
			}
	}
	for (size_t i = 0; i < path->nstages; i++) {
		const struct stage *st = path->stages[i];
		bool left = st->final;
		for (size_t k = 0; k < s->moves.count; k++) {
			const struct move *m = s->moves.items[k].value;
			left |= m->to != st && stage_in(m, st);
		}
		if (!reached[i])
			build_fail(b, NULL, verify_spot(b, &st->place, st->name), "a move leads to it, or it is the first",
					   "stage '%s' of section '%s': nothing reaches it", st->name, s->expr.name);
		if (!left)
			build_fail(b, NULL, verify_spot(b, &st->place, st->name), "final = true, or a move from it to another",
					   "stage '%s' of section '%s': nothing leaves it", st->name, s->expr.name);
	}
}

/* --- rights --- */

static bool rule_possible(const struct rule *r)
{
	return r->set && !(r->constant && !r->value) && !(r->text && strcmp(r->text, "false") == 0);
}

static bool grant_names(const struct grant *g, const struct field *f)
{
	for (size_t i = 0; i < g->nfields; i++)
		if (g->fields[i] == f)
			return true;
	return false;
}

static bool someone_reads(const struct registry *r, const struct section *s)
{
	if (s->owner_detail && s->owner_detail->section != s) {
		const struct field *d = s->owner_detail;
		for (size_t i = 0; i < r->ngrants; i++) {
			const struct grant *g = r->grants[i];
			if (g->section == d->section && rule_possible(&g->on[GRANT_READ]) && (!g->fields || grant_names(g, d)))
				return true;
		}
		return d->section->owner_detail && someone_reads(r, d->section);
	}
	for (size_t i = 0; i < r->ngrants; i++)
		if (r->grants[i]->section == s && rule_possible(&r->grants[i]->on[GRANT_READ]))
			return true;
	return false;
}

/* True when a grant lets some role write the field, on creating or on changing. */
static bool someone_writes(const struct registry *r, const struct field *f)
{
	const struct section *s = f->section;
	bool readonly = f->readonly.constant && f->readonly.value;
	if (s->owner_detail && s->owner_detail->section != s) {
		if (readonly)
			return false;
		/* lines are written with the field of their parent that shows them; the lookup to it comes by itself */
		return f == s->owner || someone_writes(r, s->owner_detail);
	}
	for (size_t i = 0; i < r->ngrants; i++) {
		const struct grant *g = r->grants[i];
		if (g->section != s || (!rule_possible(&g->on[GRANT_CREATE]) && !rule_possible(&g->on[GRANT_UPDATE])))
			continue;
		if (g->fields ? grant_names(g, f) : !readonly)
			return true;
	}
	return false;
}

static bool gets_value(const struct field *f)
{
	return f->has_default || f->initial.text || f->fill.text || f->type == FIELD_AUTONUMBER || f->type == FIELD_FORMULA ||
		   f->type == FIELD_ROLLUP;
}

static void rights_verify(struct build *b, const struct section *s)
{
	const struct registry *r = b->r;
	const char *hint = s->owner_detail ? arena_printf(b->scratch, "its lines are read with field '%s' of section '%s': a grant gives that",
													  s->owner_detail->expr.name, s->owner_detail->section->expr.name)
									   : arena_printf(b->scratch, "allow \"role\" { on = \"%s\", read = true }", s->expr.name);
	const struct section *root = s;
	while (root->owner_detail && root->owner_detail->section != root)
		root = root->owner_detail->section;
	if (build_grant_lost(b, root->expr.name))
		return;
	if (!someone_reads(r, s))
		build_fail(b, NULL, verify_spot(b, &s->place, s->expr.name), hint, "section '%s': no role may read it", s->expr.name);
	for (size_t i = 0; i < s->nfields; i++) {
		const struct field *f = s->fields[i];
		if (!f->builtin && rule_possible(&f->required) && !gets_value(f) && !someone_writes(r, f))
			build_fail(b, NULL, verify_spot(b, &f->place, f->expr.name), "give it a default, or let a role create or update it",
					   "field '%s' of section '%s' is required, and no role may write it", f->expr.name, s->expr.name);
	}
	for (size_t i = 0; i < s->stages.count; i++) {
		const struct stage *st = s->stages.items[i].value;
		for (size_t k = 0; k < st->nrequired; k++)
			if (!gets_value(st->required[k]) && !someone_writes(r, st->required[k]) &&
				!(st->required[k]->required.set && rule_possible(&st->required[k]->required)))
				build_fail(b, NULL, verify_spot(b, &st->place, st->name), "let a role create or update it",
						   "stage '%s' of section '%s' requires '%s', which no role may write", st->name, s->expr.name,
						   st->required[k]->expr.name);
	}
}

/* --- bounds --- */

/* The bounds as they order: exact numbers, days, moments, lengths of time. */
static bool bounds_crossed(struct build *b, const struct field *f)
{
	struct value x, y;
	int64_t m, n;
	size_t lx = strlen(f->min), ly = strlen(f->max);
	switch (f->type) {
	case FIELD_DATE: return date_parse(f->min, lx, &m) && date_parse(f->max, ly, &n) && m > n;
	case FIELD_DATETIME: return time_parse(f->min, lx, &m) && time_parse(f->max, ly, &n) && m > n;
	case FIELD_DURATION: return duration_parse(f->min, lx, &m) && duration_parse(f->max, ly, &n) && m > n;
	default: return decimal_parse(b->scratch, f->min, lx, &x) && decimal_parse(b->scratch, f->max, ly, &y) && decimal_compare(&x, &y) > 0;
	}
}

static void bounds_verify(struct build *b, const struct section *s)
{
	for (size_t i = 0; i < s->nfields; i++) {
		const struct field *f = s->fields[i];
		if (f->min && f->max && bounds_crossed(b, f))
			build_fail(b, NULL, verify_spot(b, &f->place, f->expr.name), "exchange them, or leave one out",
					   "field '%s' of section '%s': min %s is above max %s", f->expr.name, s->expr.name, f->min, f->max);
	}
}

/* --- former names --- */

/* A name may be taken again where it was given up, in a swap too; as a slip it moves values, so it is said. */
void verify_was(struct build *b, const char *what, const char *name, const char *was, const struct map *names, const struct place *p)
{
	if (was && strcmp(was, name) == 0)
		build_fail(b, NULL, verify_spot(b, p, name), "leave it out", "%s '%s': was = '%s' is its own name", what, name, was);
	else if (was && map_find(names, was))
		build_warn(b, NULL, verify_spot(b, p, name), arena_printf(b->scratch, "leave 'was' out if '%s' stays what it is", was),
				   "%s '%s': takes over what '%s' held, and '%s' is another thing from now on", what, name, was, was);
	if (!was)
		return;
	/* the names are of one place each: a section's fields, a choice's values */
	const char *key = arena_printf(b->scratch, "%s %p %s", what, (const void *)names->items, was);
	const struct place *first = map_find(&b->former, key);
	if (first)
		build_fail(b, NULL, verify_spot(b, p, name), "one thing takes over what it held", "%s '%s': was = '%s' is given already, at %s",
				   what, name, was, place_text(b, first));
	else
		map_put(&b->former, key, (void *)p);
}

static void names_verify(struct build *b, const struct section *s)
{
	verify_was(b, "section", s->expr.name, s->was, &b->r->by_name, &s->place);
	for (size_t i = 0; i < s->nfields; i++) {
		const struct field *f = s->fields[i];
		verify_was(b, "field", f->expr.name, f->was, &s->by_name, &f->place);
		struct map codes;
		map_create(&codes, b->scratch);
		for (size_t k = 0; k < f->nvalues; k++)
			map_put(&codes, f->values[k].code, b);
		for (size_t k = 0; k < f->nvalues; k++)
			verify_was(b, "value", f->values[k].code, f->values[k].was, &codes, &f->values[k].place);
	}
	for (size_t i = 0; i < s->stages.count; i++) {
		const struct stage *st = s->stages.items[i].value;
		verify_was(b, "stage", st->name, st->was, &s->stages, &st->place);
	}
	verify_tasks(b, s);
	for (size_t i = 0; i < s->moves.count; i++) {
		const struct move *m = s->moves.items[i].value;
		verify_was(b, "move", m->name, m->was, &s->moves, &m->place);
	}
}

void verify_check(struct build *b)
{
	for (size_t i = 0; i < b->r->nsections; i++) {
		const struct section *s = b->r->sections[i];
		for (size_t k = 0; k < s->npaths; k++)
			if (!build_holds_unknown(b, &s->paths[k]->place, words[WORD_STAGES].text))
				stages_verify(b, s, s->paths[k]);
		names_verify(b, s);
		bounds_verify(b, s);
		/* while names are missing, a right may be among what was not understood */
		if (!b->decls->nbroken && !b->config->unread)
			rights_verify(b, s);
	}
	for (size_t i = 0; i < b->r->roles.count; i++) {
		const struct role *role = b->r->roles.items[i].value;
		verify_was(b, "role", role->name, role->was, &b->r->roles, &role->place);
	}
}
