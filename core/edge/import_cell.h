/* import_cell: cells of an import's rows as values: plain ones, keys of records, targets of lookups; and what a run, a batch and a row of it hold (for
 * import_run and this file alone).
 *
 * Everything of a batch lives in its arena, what later batches need in that of the run. Not here: writing (import_run), formats of cells (import_detect). */
#ifndef OST_EDGE_IMPORT_CELL_H
#define OST_EDGE_IMPORT_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/value.h"
#include "edge/import_run.h"

struct arena;
struct err;
struct import_seen;
struct import_trial;
struct unit;

/* In place of an id: several records have the key. */
enum { IMPORT_AMBIGUOUS = -1 };

/* How a batch is written. Each way gets along with rows that the one before does not, and takes longer. */
enum import_way {
	TOGETHER, /* a row that fails undoes the batch */
	JOINED, /* a savepoint a row, not waited for: a row that the rules refuse is undone alone; one that the database refuses undoes the batch */
	ALONE /* each row is known to be in the database before the next one begins */
};

struct import_row {
	int64_t number;
	struct csv_cell *cells;
	size_t ncells;
	const char *column, *reason; /* of a rejection */
	bool rejected;
	/* of a trial (import_trial) */
	bool replayed;       /* a row of an earlier batch that others need, uncounted */
	bool written;        /* it made or changed a record: the next three say of it */
	const char *key;     /* by which the record is found again, or NULL */
	const char **unique; /* what it has of each unique constraint */
	const char **selves; /* by column that looks up this very section: the cell that would name the record; NULL none */
};

/* What a run knows beyond its batches. */
struct import_running {
	struct import_run *run;
	struct arena *arena;        /* of the whole run */
	struct map *targets;        /* by column: text of the key → id of the target (boxed) */
	struct map titles;          /* "column/id" of a target → its title in the user's eyes ("" none) */
	struct import_seen **seen;  /* two a column: records by title and by key (import_seen), or NULL */
	struct import_trial *trial; /* of a dry run, else NULL */
	int64_t measure_at;         /* records made by this run at which PostgreSQL counts the tables again */
	enum import_way way;        /* that the last batch needed: dirty files are dirty all over */
	size_t most;                /* rows that are written at once: fewer after others were in the way */
	int calm;                   /* batches since then: after some there are more rows again */
};

/* One batch; its arena dies with it. */
struct import_batch {
	struct import_running *g;
	struct arena *a;
	struct import_row *rows;
	size_t nrows;
	struct {
		struct import_row *items;
		size_t count, cap;
	} queue;              /* of a trial: the rows with those that they need before them */
	struct map existing;  /* key → id of the record */
	struct map *made;     /* by column: targets created in this unit */
	struct map *row_made; /* the same of the row at hand, which may yet be undone */
	const char *row_key;  /* of the record that the row at hand created, or NULL */
	int64_t row_id;
	struct import_counts counts;
	bool undone; /* a row was undone alone */
};

/* An id on the heap of maps. */
int64_t *import_cell_boxed(struct arena *a, int64_t id);
/* Notes why the row is left out; the first reason stays. */
void import_cell_reject(struct import_row *r, const char *column, const char *reason);
/* The same by an error of the write: the column of its field, all its messages. */
void import_cell_reject_err(struct import_batch *b, struct import_row *r, const struct err *e);
/* The cell of a column as the mapping has it: beginning stripped, replaced by `values`. */
void import_cell_text(const struct import_source_column *c, const struct import_row *r, size_t column, const char **text, size_t *len);
/* The value of a plain column, coerced to its field; false: the row is rejected. */
bool import_cell_value(struct import_batch *b, struct import_row *r, const struct import_source_column *c, const struct field *f,
					   const char *text, size_t len, struct value *out);
/* A title as a value, the blanks at its ends taken off; NULL is none. */
struct value import_cell_title(struct import_batch *b, const char *title);
/* A value's text in maps: its JSON. */
const char *import_cell_key(struct arena *a, const struct value *v);
/* The column's cells name records of another section. */
bool import_cell_is_lookup(const struct import_source_column *c);
/* The column's cells name records of the section that is imported. */
bool import_cell_is_self(const struct import_plan *p, size_t c);
/* What the cell names, as text of maps: the key of its row, or of a lookup's target; NULL: nothing, or the row is at fault. */
const char *import_cell_names(struct import_batch *b, const struct import_row *r, size_t c);
/* Looks up at once what the batch needs: records by key, and targets of lookups. */
int import_cell_prefetch(struct import_batch *b, struct err *err);
/* The id of a lookup's target, nil when the cell is empty or the row was rejected. `existing`: of the record that the row is about, or NULL. */
int import_cell_target(struct import_batch *b, struct unit *u, struct import_row *r, size_t c, const int64_t *existing, struct value *out,
					   struct err *err);
/* Would a file that was exported from the value bring this one? Blanks that cells do not keep, choices of one label, an hour that the clock shows twice are no
 * difference. */
bool import_cell_says(struct import_batch *b, const struct field *f, const struct value *now, const struct value *brought);

#endif
