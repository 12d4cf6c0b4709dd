/* import_map: which column of a file becomes which field, and how: found by name, kept in the configuration, or edited by hand; as JSON between the three.
 *
 * A struct import_plan and its texts live in the arena given. Not here: reading rows (import_source), writing records (import_run). */
#ifndef OST_EDGE_IMPORT_MAP_H
#define OST_EDGE_IMPORT_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "edge/import_detect.h"
#include "edge/json.h"
#include "meta/registry.h"
#include "serve/actor.h"

struct arena;
struct err;

enum { IMPORT_SAMPLES = 5, IMPORT_SAMPLE_ROWS = 500 };

struct import_pair {
	const char *from, *to;
};

struct import_source_column {
	const char *name; /* in the heading, "" when it has none */
	const char *samples[IMPORT_SAMPLES];
	size_t nsamples;
	struct field *to;           /* NULL: not taken */
	struct field *by;           /* key in the lookup's target; NULL with `titled`: it has no text to find it by */
	bool titled;                /* a target that is not found by `by` is found by its title, as people, and exports, see it */
	bool shown;                 /* what exports write there: the title, or the one field that it consists of */
	bool create;                /* a target that is not there is made */
	const char *strip;          /* beginning to take away, or NULL */
	struct import_pair *values; /* text in the file → value */
	size_t nvalues;
};

struct import_plan {
	struct section *section;
	struct import_format format;
	struct import_source_column *columns;
	size_t ncolumns;
	struct field *key;            /* by which records are found again, or NULL: every row is a new record */
	const struct import_map *map; /* kept in the configuration, or NULL */
	size_t rows;                  /* of the file, the heading left out */
};

/* Finds out format and columns of a file; `map` (may be NULL) gives columns, key and constants. */
int import_plan_detect(struct arena *a, const struct registry *reg, const struct actor *actor, struct section *s,
					   const struct import_map *map, const char *bytes, size_t len, struct import_plan *out, struct err *err);
/* Heading and samples again, for a format that was changed by hand: a column that was there before by its name goes where it went; others are mapped as at
 * first, to fields that are still free. `decide`: number and date marks are found out again, too. */
int import_plan_reread(struct arena *a, const struct registry *reg, const struct actor *actor, const char *bytes, size_t len, bool decide,
					   struct import_plan *plan, struct err *err);
/* The mapping that an earlier import kept (`columns` as JSON, its key) for a file that has the same columns, in the same order; false: it has others, and nothing is changed. */
bool import_plan_follow(struct arena *a, const struct registry *reg, const struct actor *actor, const struct json *columns, const char *key,
						struct import_plan *plan);
/* Whether the two formats cut a file into different columns. */
bool import_format_recuts(const struct import_format *x, const struct import_format *y);
/* Some column goes to a field, and the key is a field that some column gives, or none; else ERR_INVALID. */
int import_plan_check(const struct import_plan *plan, const struct actor *actor, struct err *err);
/* Sends a column to a field (NULL: nowhere), a lookup's target found `by` that field (NULL: by its title) and made when it is missing. ERR_INVALID with the column
 * as target when this actor's import may not. */
int import_plan_set(struct arena *a, const struct registry *reg, const struct actor *actor, struct import_plan *plan,
					struct import_source_column *column, const char *to, const char *by, bool create, struct err *err);
/* By what records could be found again though no key is chosen: a unique field among those that the columns give, or the id; else NULL. */
struct field *import_plan_suggest(const struct import_plan *plan);
/* The format and the columns as JSON of docs/developers/http-contract.md. */
void import_plan_format_json(struct buf *out, const struct import_plan *plan);
void import_plan_columns_json(struct buf *out, const struct import_plan *plan);
/* Reads them back over *plan (section, map set); names that are no fields the actor may write are ERR_INVALID with the column as target. NULL leaves as it is.
 * Whether a column gives the key is asked of import_plan_check. */
int import_plan_read(struct arena *a, const struct registry *reg, const struct actor *actor, const struct json *format,
					 const struct json *columns, const char *key, struct import_plan *plan, struct err *err);

#endif
