#include "edge/import_trial.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/say.h"
#include "serve/record.h"
#include "serve/unit.h"

enum { TRIAL_BYTES = 128 << 20, REPLAYED = 2000, DEPTH = 100 };

/* A record that the trial has made or changed, as the rows say that did it first and last. */
struct trial_record {
	struct import_row *first, *last;
	const char **unique; /* by constraint: what it has of it now, NULL nothing */
	size_t queued;       /* number of the batch that has its rows already */
};

struct import_trial {
	size_t batch;       /* number of the one at hand, from 1 */
	struct map keys;    /* key of a row → trial_record */
	struct map *selves; /* by column that looks up this section: key of its cell → trial_record that was made */
	struct map taken;   /* "constraint/values" → trial_record that has them; `freed` when it gave them up */
};

static struct trial_record freed;

static bool full(const struct import_running *g)
{
	return arena_used(g->arena) > TRIAL_BYTES;
}

/* Constraints of the section: unique fields and sets of them; the i-th's fields, NULL behind the last. What numbers themselves cannot collide. */
static struct field *const *constraint(const struct section *s, size_t i, size_t *n)
{
	size_t k = 0;
	for (size_t f = 0; f < s->nfields; f++)
		if (s->fields[f]->unique && s->fields[f]->expr.storage == EXPR_COLUMN && k++ == i) {
			*n = 1;
			return &s->fields[f];
		}
	if (i - k >= s->nuniques)
		return NULL;
	*n = s->uniques[i - k].nfields;
	return s->uniques[i - k].fields;
}

static size_t constraints(const struct section *s)
{
	size_t n, i = 0;
	while (constraint(s, i, &n))
		i++;
	return i;
}

void import_trial_create(struct import_running *g)
{
	size_t n = g->run->plan->ncolumns;
	g->trial = arena_new(g->arena, struct import_trial);
	map_create(&g->trial->keys, g->arena);
	map_create(&g->trial->taken, g->arena);
	g->trial->selves = arena_array(g->arena, struct map, n ? n : 1);
	for (size_t c = 0; c < n; c++)
		map_create(&g->trial->selves[c], g->arena);
}

static struct import_row *copy_row(struct arena *a, const struct import_row *r)
{
	struct import_row *out = arena_new(a, struct import_row);
	*out = (struct import_row){.number = r->number, .ncells = r->ncells};
	out->cells = arena_array(a, struct csv_cell, r->ncells ? r->ncells : 1);
	for (size_t i = 0; i < r->ncells; i++)
		out->cells[i] = (struct csv_cell){arena_strndup(a, r->cells[i].text, r->cells[i].len), r->cells[i].len};
	return out;
}

static void queue_needed(struct import_batch *b, struct import_row *r, size_t *replayed, int depth);

static void queue_record(struct import_batch *b, struct trial_record *t, size_t *replayed, int depth)
{
	if (!t || t->queued == b->g->trial->batch || !t->first)
		return;
	t->queued = b->g->trial->batch;
	for (int last = 0; last <= (t->last != t->first); last++) {
		struct import_row *r = copy_row(b->a, last ? t->last : t->first);
		queue_needed(b, r, replayed, depth + 1);
		if (*replayed >= REPLAYED)
			return;
		(*replayed)++;
		r->replayed = true;
		arena_push(b->a, &b->queue, *r);
	}
}

/* What the row needs of earlier batches. */
static void queue_needed(struct import_batch *b, struct import_row *r, size_t *replayed, int depth)
{
	const struct import_plan *p = b->g->run->plan;
	if (depth > DEPTH)
		return;
	for (size_t c = 0; c < p->ncolumns; c++) {
		const struct import_source_column *col = &p->columns[c];
		const char *key = NULL;
		if (b->g->trial->selves[c].count && (key = import_cell_names(b, r, c)))
			queue_record(b, map_find(&b->g->trial->selves[c], key), replayed, depth);
		else if (col->to && col->to == p->key && (key = import_cell_names(b, r, c)))
			queue_record(b, map_find(&b->g->trial->keys, key), replayed, depth);
	}
}

void import_trial_extend(struct import_batch *b)
{
	size_t replayed = 0;
	b->g->trial->batch++;
	for (size_t i = 0; i < b->nrows; i++)
		queue_needed(b, &b->rows[i], &replayed, 0);
	if (!b->queue.count)
		return;
	for (size_t i = 0; i < b->nrows; i++)
		arena_push(b->a, &b->queue, b->rows[i]);
	b->rows = b->queue.items;
	b->nrows = b->queue.count;
}

/* The key by which a target was made in this batch, for its id is another in every batch; NULL: it was not. */
static const char *made_key(struct import_batch *b, const struct field *f, int64_t id)
{
	const struct import_plan *p = b->g->run->plan;
	for (size_t c = 0; c < p->ncolumns; c++)
		for (int row = 0; p->columns[c].to == f && row < 2; row++) {
			const struct map *m = row ? &b->row_made[c] : &b->made[c];
			for (size_t i = 0; i < m->count; i++)
				if (*(int64_t *)m->items[i].value == id)
					return m->items[i].key;
		}
	return NULL;
}

/* "constraint/values" of a record, NULL when one of them is empty. */
static const char *tuple(struct import_batch *b, const struct record *record, size_t i, struct field *const *fields, size_t n)
{
	struct buf key = BUF_INIT;
	buf_printf(&key, "%zu", i);
	for (size_t k = 0; k < n; k++) {
		const struct value *v = &record->now.values[fields[k]->pos];
		const char *made = fields[k]->to && v->kind == VALUE_INT ? made_key(b, fields[k], v->i) : NULL;
		if (v->kind == VALUE_NIL || (v->kind == VALUE_TEXT && !v->text.len)) {
			buf_destroy(&key);
			return NULL;
		}
		buf_putc(&key, made ? '=' : '/');
		if (made)
			buf_puts(&key, made);
		else
			value_json(&key, v);
	}
	const char *out = arena_strndup(b->a, key.data, key.len);
	buf_destroy(&key);
	return out;
}

int import_trial_check(struct import_batch *b, struct unit *u, struct import_row *r, const char *key, int64_t id, struct err *err)
{
	struct section *s = b->g->run->plan->section;
	struct import_trial *t = b->g->trial;
	struct field *const *fields;
	struct record *record;
	size_t n;
	if (record_load(u, s, id, &record, err))
		return -1;
	r->key = key;
	r->written = true;
	r->unique = arena_array(b->a, const char *, constraints(s) + 1);
	const struct trial_record *mine = key ? map_find(&t->keys, key) : NULL;
	for (size_t i = 0; record && (fields = constraint(s, i, &n)); i++) {
		r->unique[i] = tuple(b, record, i, fields, n);
		const struct trial_record *owner = r->unique[i] && !r->replayed ? map_find(&t->taken, r->unique[i]) : NULL;
		/* of a record that is there in this batch the database knows better */
		if (!owner || owner == mine || owner == &freed || owner->queued == t->batch)
			continue;
		const char *labels = label_get(&fields[0]->label, u->lang);
		for (size_t k = 1; k < n; k++)
			labels = arena_printf(b->a, "%s, %s", labels, label_get(&fields[k]->label, u->lang));
		err_say(err, ERR_NOT_UNIQUE, u->lang, n > 1 ? SAY_NOT_UNIQUE_SET : SAY_NOT_UNIQUE, labels);
		return err_target(err, fields[0]->expr.name);
	}
	return 0;
}

static void keep_unique(struct import_running *g, struct trial_record *t, const struct import_row *r, size_t n)
{
	if (!t->unique)
		t->unique = arena_array(g->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		const char *now = r->unique[i];
		if (t->unique[i] && now && strcmp(t->unique[i], now) == 0)
			continue;
		if (t->unique[i] && map_find(&g->trial->taken, t->unique[i]) == t)
			map_put(&g->trial->taken, t->unique[i], &freed);
		t->unique[i] = now ? arena_strdup(g->arena, now) : NULL;
		if (now)
			map_put(&g->trial->taken, now, t);
	}
}

void import_trial_keep(struct import_batch *b)
{
	struct import_running *g = b->g;
	const struct import_plan *p = g->run->plan;
	size_t nunique = constraints(p->section);
	bool again = p->key != NULL;
	for (size_t c = 0; c < p->ncolumns; c++)
		again |= import_cell_is_self(p, c);
	for (size_t i = 0; i < b->nrows; i++) {
		const struct import_row *r = &b->rows[i];
		if (r->replayed || r->rejected || !r->written || full(g))
			continue;
		struct trial_record *t = r->key ? map_find(&g->trial->keys, r->key) : NULL;
		if (!t) {
			t = arena_new(g->arena, struct trial_record);
			if (r->key)
				map_put(&g->trial->keys, r->key, t);
		}
		if (again) {
			t->last = copy_row(g->arena, r);
			t->first = t->first ? t->first : t->last;
		}
		keep_unique(g, t, r, nunique);
		for (size_t c = 0; c < p->ncolumns && r->selves; c++)
			if (r->selves[c])
				map_put(&g->trial->selves[c], r->selves[c], t);
	}
}
