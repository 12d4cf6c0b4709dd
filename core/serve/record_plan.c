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

static struct record_parent *parent_note(struct record_plan *p, struct arena *a, struct field *detail)
{
	for (size_t i = 0; i < p->nparents; i++)
		if (p->parents[i].detail == detail)
			return &p->parents[i];
	struct record_parent *grown = arena_grow(a, p->parents, p->nparents * sizeof *grown, (p->nparents + 1) * sizeof *grown);
	p->parents = grown;
	grown[p->nparents] = (struct record_parent){.by = detail->by, .detail = detail};
	return &grown[p->nparents++];
}

static void push_field(struct arena *a, struct field ***items, size_t *n, struct field *f)
{
	for (size_t i = 0; i < *n; i++)
		if ((*items)[i] == f)
			return;
	*items = arena_grow(a, *items, *n * sizeof f, (*n + 1) * sizeof f);
	(*items)[(*n)++] = f;
}

/* What a rollup of any section reads of this one. */
static void feed_note(struct record_plan *p, struct arena *a, struct field *rollup, const struct names *n)
{
	struct record_feed feed = {.rollup = rollup};
	bool any = rollup->section == p->section;
	for (size_t i = 0; i < n->fields.count; i++) {
		struct field *f = n->fields.items[i];
		if (f->expr.storage == EXPR_DETAIL && f->by->section == p->section) {
			push_field(a, &feed.bys, &feed.nbys, f->by);
			any = true;
		} else if (f->section == p->section) {
			push_field(a, &feed.reads, &feed.nreads, f);
			any = true;
		}
		if ((f->type == FIELD_LOOKUP || f->type == FIELD_FILE) && f->to == p->section)
			feed.looked_up = true;
	}
	if (!any)
		return;
	struct record_feed *grown = arena_grow(a, p->feeds, p->nfeeds * sizeof *grown, (p->nfeeds + 1) * sizeof *grown);
	p->feeds = grown;
	grown[p->nfeeds++] = feed;
}

/* The rule of another section looks at lines that are records of this one. */
static void parents_checked(struct record_plan *p, struct arena *a, const struct section *other, const struct expr *e, bool owned)
{
	struct names n;
	names_of(&n, a, e);
	for (size_t i = 0; i < n.fields.count; i++) {
		struct field *f = n.fields.items[i];
		if (f->expr.storage == EXPR_DETAIL && f->section == other && f->by->section == p->section && (!owned || f->owned))
			parent_note(p, a, f)->checks = true;
	}
}

static void dependants_of(struct record_plan *p, struct arena *a, struct section *other)
{
	struct names n;
	for (size_t i = 0; i < other->nfields; i++) {
		struct field *f = other->fields[i];
		if (stored_rollup(f)) {
			names_of(&n, a, f->rollup.expr);
			feed_note(p, a, f, &n);
			for (size_t k = 0; k < n.fields.count; k++)
				if (n.fields.items[k]->expr.storage == EXPR_DETAIL && n.fields.items[k]->section == other &&
					n.fields.items[k]->by->section == p->section)
					parent_note(p, a, n.fields.items[k])->rollups = true;
		}
		parents_checked(p, a, other, f->check.expr, false);
		parents_checked(p, a, other, f->required.expr, true);
	}
	parents_checked(p, a, other, other->check.expr, false);
}

static int by_section(const void *x, const void *y)
{
	const struct record_parent *a = x, *b = y;
	int64_t ia = a->detail->section->id, ib = b->detail->section->id;
	return ia < ib ? -1 : ia > ib;
}

static const char *record_plan_select(const struct registry *reg, struct section *s)
{
	return record_plan_get(reg, s)->select;
}

enum { ABOVE_DEPTH = 6, ABOVE_MAX = 32 };

/* Locks rows of the section of `detail`: `ids` gives them, $1 being the line, $2 further targets of its lookup `by`; then what reads rollups of theirs. */
static void above_add(struct record_plan *p, struct arena *a, const struct registry *reg, struct field *by, struct field *detail,
					  const char *ids, int depth)
{
	struct section *s = detail->section;
	struct record_parent *grown = arena_grow(a, p->above, p->nabove * sizeof *grown, (p->nabove + 1) * sizeof *grown);
	p->above = grown;
	grown[p->nabove++] = (struct record_parent){.by = by,
												.detail = detail,
												.lock = arena_printf(a, "%st.id = ANY(%s) ORDER BY t.id FOR NO KEY UPDATE OF t",
																	 record_plan_select(reg, s), ids)};
	/* feeds and parents of a plan are there before it looks at others: two that look at each other find them */
	const struct record_plan *up = record_plan_get(reg, s);
	for (size_t i = 0; i < up->nfeeds && depth < ABOVE_DEPTH; i++) {
		const struct record_feed *feed = &up->feeds[i];
		bool reads = false;
		for (size_t k = 0; k < feed->nreads; k++)
			reads |= feed->reads[k]->type == FIELD_ROLLUP;
		for (size_t k = 0; k < up->nparents && reads && p->nabove < ABOVE_MAX; k++) {
			struct field *next = up->parents[k].detail;
			bool fed = next->section == feed->rollup->section && next->section != p->section, there = false;
			for (size_t d = 0; d < p->nabove; d++)
				there |= p->above[d].by == by && p->above[d].detail == next;
			if (fed && !there)
				above_add(p, a, reg, by, next,
						  arena_printf(a, "ARRAY(SELECT y.%s FROM %s y WHERE y.id = ANY(%s))", up->parents[k].by->expr.column, s->expr.sql,
									   ids),
						  depth + 1);
		}
	}
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
	for (size_t i = 0; i < reg->nsections; i++)
		dependants_of(p, a, reg->sections[i]);
	if (p->nparents)
		qsort(p->parents, p->nparents, sizeof *p->parents, by_section);
	s->record_plan = p;
	for (size_t i = 0; i < p->nparents; i++) {
		struct record_parent *up = &p->parents[i];
		above_add(p, a, reg, up->by, up->detail,
				  arena_printf(a, "ARRAY(SELECT x.%s FROM %s x WHERE x.id = $1) || $2::bigint[]", up->by->expr.column, s->expr.sql), 0);
		for (size_t k = 0; k < p->nabove; k++)
			if (p->above[k].by == up->by && p->above[k].detail == up->detail)
				p->above[k].checks = up->checks;
	}
	if (p->nabove)
		qsort(p->above, p->nabove, sizeof *p->above, by_section);
	return p;
}
