#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "serve/record_private.h"

struct names {
	struct arena *arena;
	struct {
		struct field **items;
		size_t count, cap;
	} fields; /* distinct */
	bool of_old;
};

static void note_field(void *ctx, const struct expr_table *t, const struct expr_field *f, bool of_old)
{
	(void)t;
	struct names *n = ctx;
	n->of_old |= of_old;
	for (size_t i = 0; i < n->fields.count; i++)
		if (n->fields.items[i] == record_field(f))
			return;
	arena_push(n->arena, &n->fields, record_field(f));
}

static void names_of(struct names *n, struct arena *a, const struct expr *e)
{
	memset(n, 0, sizeof *n);
	n->arena = a;
	if (e)
		expr_walk_fields(e, note_field, n);
}

static bool stored_rollup(const struct field *f)
{
	return f->type == FIELD_ROLLUP && f->expr.storage == EXPR_COLUMN && f->rollup.expr;
}

/* A check that needs what the write leaves behind: lines, or rollups that are recomputed. */
static bool is_late(struct arena *a, const struct expr *e)
{
	struct names n;
	names_of(&n, a, e);
	for (size_t i = 0; i < n.fields.count; i++)
		if (n.fields.items[i]->expr.storage == EXPR_DETAIL || stored_rollup(n.fields.items[i]))
			return true;
	return false;
}

/* The same of owned lines only: what else is written changes the rollup, but is not refused for what this record lacks. */
static bool reads_own_lines(struct arena *a, const struct section *s, const struct expr *e)
{
	struct names n;
	names_of(&n, a, e);
	for (size_t i = 0; i < n.fields.count; i++) {
		struct field *f = n.fields.items[i];
		if (f->section != s)
			continue;
		if (f->expr.storage == EXPR_DETAIL ? f->owned : stored_rollup(f) && reads_own_lines(a, s, f->rollup.expr))
			return true;
	}
	return false;
}

static void select_build(struct record_plan *p, struct arena *a)
{
	const struct section *s = p->section;
	struct buf b = BUF_INIT;
	buf_puts(&b, "SELECT t.id, t.row_version");
	for (size_t i = 0; i < p->ncolumns; i++)
		buf_printf(&b, ", t.%s", p->columns[i]->expr.column);
	for (size_t i = 0; i < p->nlinks; i++)
		buf_printf(&b, ", ARRAY(SELECT l.target FROM %s l WHERE l.record = t.id ORDER BY l.position, l.target)", p->links[i]->expr.link);
	buf_printf(&b, " FROM %s AS t WHERE ", s->expr.sql);
	p->select = arena_strndup(a, b.data, b.len);
	buf_destroy(&b);
	p->by_id = arena_printf(a, "%st.id = $1", p->select);
	p->by_ids = arena_printf(a, "%st.id = ANY($1)", p->select);
	p->lock = arena_printf(a, "%st.id = $1 FOR NO KEY UPDATE OF t", p->select);
	p->lock_delete = arena_printf(a, "%st.id = $1 FOR UPDATE OF t", p->select);
	p->next_id = arena_printf(a, "SELECT nextval(pg_get_serial_sequence('%s', 'id'))", s->expr.sql);
	p->next_ids = arena_printf(a, "SELECT nextval(pg_get_serial_sequence('%s', 'id')) FROM generate_series(1, $1)", s->expr.sql);
}

/* The rule of another section looks at lines that are records of this one. */
static void parents_checked(struct record_plan *p, struct arena *a, const struct section *other, const struct expr *e, bool owned)
{
	struct names n;
	names_of(&n, a, e);
	bool lines = false;
	for (size_t i = 0; i < n.fields.count; i++) {
		struct field *f = n.fields.items[i];
		if (f->expr.storage != EXPR_DETAIL || f->by->section != p->section)
			continue;
		lines = true;
		if (f->section == other && (!owned || f->owned))
			rollup_plan_parent(p, a, f->by)->checks = true;
	}
	if (lines)
		record_watch_plan(p, a, other, e, owned);
}

static void parents_of_checks(struct record_plan *p, struct arena *a, const struct section *other)
{
	for (size_t i = 0; i < other->nfields; i++) {
		parents_checked(p, a, other, other->fields[i]->check.expr, false);
		parents_checked(p, a, other, other->fields[i]->required.expr, true);
	}
	parents_checked(p, a, other, other->check.expr, false);
}

struct record_plan *record_plan_get(const struct registry *reg, struct section *s)
{
	if (s->record_plan)
		return s->record_plan;
	struct arena *a = reg->arena;
	struct record_plan *p = arena_new(a, struct record_plan);
	p->section = s;
	p->nfields = s->nfields;
	p->columns = arena_array(a, struct field *, s->nfields + 1);
	p->links = arena_array(a, struct field *, s->nfields + 1);
	p->rollups = arena_array(a, struct field *, s->nfields + 1);
	p->late = arena_array(a, bool, s->nfields + 1);
	p->late_required = arena_array(a, bool, s->nfields + 1);
	for (size_t i = 0; i < s->nfields; i++) {
		struct field *f = s->fields[i];
		f->pos = (int)i;
		const char *name = f->expr.name;
		if (f->expr.storage == EXPR_COLUMN && strcmp(name, "id") != 0)
			p->columns[p->ncolumns++] = f;
		else if (f->expr.storage == EXPR_LINK)
			p->links[p->nlinks++] = f;
		if (stored_rollup(f))
			p->rollups[p->nrollups++] = f;
		if (f->check.expr)
			p->late[i] = is_late(a, f->check.expr);
		p->late_required[i] = f->required.expr && reads_own_lines(a, s, f->required.expr);
		p->fills_by_lines |= f->fill.expr && is_late(a, f->fill.expr);
		if (!f->builtin)
			continue;
		if (strcmp(name, "stage") == 0)
			p->stage = f;
		else if (strcmp(name, "created_at") == 0)
			p->created_at = f;
		else if (strcmp(name, "created_by") == 0)
			p->created_by = f;
		else if (strcmp(name, "changed_at") == 0)
			p->changed_at = f;
		else if (strcmp(name, "changed_by") == 0)
			p->changed_by = f;
	}
	if (s->check.expr)
		p->late_check = is_late(a, s->check.expr);
	select_build(p, a);
	for (size_t i = 0; i < reg->nhooks; i++)
		if (reg->hooks[i]->section == s)
			p->hooks[reg->hooks[i]->event] = true;
	rollup_plan_feeds(p, a, reg);
	for (size_t i = 0; i < reg->nsections; i++)
		parents_of_checks(p, a, reg->sections[i]);
	/* what the plans of others look at is there before this one looks at theirs */
	s->record_plan = p;
	rollup_plan_holds(p, a);
	rollup_plan_above(p, a, reg);
	return p;
}
