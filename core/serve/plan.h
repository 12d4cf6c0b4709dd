/* plan: what a reader wants, as data; access rewrites it while it becomes SQL. The one way to read.
 *
 * Fill a plan (section, fields, expands, filter, order, page), compile it once, run it many times with other keys and page positions. Everything of a plan and its
 * query lives in the plan's arena. Only fields that the actor may read can be put in: a name that is not readable does not exist (ERR_UNKNOWN_FIELD).
 * Lookups are joined in the same statement; details and several lookups are one more statement each. See docs/developers/reading.md.
 * Not here: URLs (edge/odata_url), what a user's own expression may say (expr), history (change.h). */
#ifndef OST_SERVE_PLAN_H
#define OST_SERVE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "meta/registry.h"
#include "pg/pg.h"
#include "pg/pg_sql.h"
#include "serve/access.h"
#include "serve/actor.h"

enum {
	PLAN_TOP = 50, /* rows of a page when nothing is said */
	PLAN_TOP_MAX = 1000,
	PLAN_SEARCH_WORDS = 8,
	PLAN_SEARCH_BLANK = 0x1f,
	PLAN_SKIP_MAX = 100000,
	PLAN_DEPTH = 3,   /* nesting of expands */
	PLAN_LINES = 200, /* rows of an expanded collection, per parent */
	PLAN_ORDERS = 5,
	PLAN_STEPS = 8, /* fields of a path */
	PLAN_EXPANDS = 20
};

struct plan;

struct plan_expand {
	const struct field *nav; /* lookup, several lookups, detail, file */
	struct plan *plan;
};

struct plan_order {
	struct expr *expr;                    /* typed path in the user's eyes */
	const struct field *last;             /* the field at its end */
	const struct field *path[PLAN_STEPS]; /* the fields of the path, `last` among them */
	size_t steps;
	bool joins; /* its lookups can be joined, and the value read from the last of them */
	bool desc;
	bool id; /* the key itself */
};

/* A field of plan_rows that stands beyond lookups ("account.city"). */
struct plan_path {
	size_t at;         /* its place among the plan's fields */
	struct expr *expr; /* typed in the user's eyes */
};

struct plan {
	struct arena *arena;
	const struct registry *reg;
	const struct actor *actor; /* a copy in the arena */
	struct section *section;
	const struct access *access;
	struct access_eyes eyes;
	struct {
		const struct field **items;
		size_t count, cap;
	} fields; /* in the order of the answer */
	struct {
		struct plan_path *items;
		size_t count, cap;
	} paths; /* of plan_rows and plan_walk alone */
	struct {
		struct plan_expand *items;
		size_t count, cap;
	} expands;
	bool all;                 /* no selection was made: every readable field but details */
	bool exact;               /* whole numbers and decimals are written as texts (IEEE754Compatible) */
	bool titles;              /* @ostov.title and titles of lookups (Prefer: ostov.titles) */
	bool tasks;               /* the checklists of the record's stages: "tasks" */
	bool task_one;            /* only the row whose id is input 1 */
	bool one;                 /* by key: input 0 */
	struct expr *filter;      /* typed in the user's eyes, or NULL */
	const struct rule *where; /* of a declared list, the system's eyes, or NULL */
	struct {
		struct plan_order *items;
		size_t count, cap;
	} orders;
	const char *search; /* words between blanks, PLAN_SEARCH_BLANK within a word is a blank; or NULL */
	int64_t top, skip;  /* of a page; top 0: none but the count */
	int skip_literal;   /* which of a run's literals, from 1, is the skip; 0: `skip` itself */
	bool after;         /* the page continues at inputs 1… (keyset), see plan_token */
	bool after_nulls;   /* it continues among the rows whose first order value is empty */
	size_t depth;
	/* Further conditions of a caller. */
	bool ids;                   /* rows whose id is in input 0, a list */
	const struct value *titled; /* rows whose title, blanks at its ends taken off, is one of this list of texts; NULL: any */
	const struct expr *choice;  /* `where` of a lookup over this section, the system's eyes; `record` is given by record_value */
	int (*record_value)(void *ctx, const struct expr_field *f, struct value *out, struct err *err);
	int (*record_path)(void *ctx, const struct expr *e, struct value *out, struct err *err); /* as in struct expr_sql */
	void *record_ctx;
	/* Rows whose lookup `by` is input 0 (a parent's collection by navigation). */
	const struct field *by;
};

/* An empty plan over a section; ERR_NOT_FOUND when the actor sees nothing of it at all. */
int plan_create(struct arena *a, const struct registry *reg, const struct actor *actor, struct section *s, struct plan **out,
				struct err *err);
/* Adds a field by its property ("amount", "account_id", "watchers_ids"). */
int plan_select(struct plan *p, const char *property, size_t len, int lang, struct err *err);
/* Adds the field at the end of a path through lookups, for plan_rows and plan_walk; the field of the last name in *last. */
int plan_select_path(struct plan *p, const char *const *names, size_t n, const struct field **last, struct err *err);
/* Adds every readable field but details. */
void plan_select_all(struct plan *p);
/* Adds a navigation and returns the plan of what it leads to. */
int plan_expand(struct plan *p, const char *name, size_t len, int lang, struct plan **child, struct err *err);
/* Types an expression of the user's and sets it as the filter (joined by `and` to one that is there). */
int plan_filter(struct plan *p, struct expr *e, struct err *err);
/* Adds an order by a path ("account.name"; "id"). */
int plan_order(struct plan *p, const char *const *names, size_t n, bool desc, struct err *err);
/* True when the actor may read all that the list's `where` names: which records are in it tells of those fields (SAFETY 16). Others do not have the list. */
bool plan_list_offered(struct arena *a, const struct registry *reg, const struct actor *actor, struct section *s, const struct list *l);
/* A declared list: its where, and its order when none was asked for. */
int plan_list(struct plan *p, const struct list *l, struct err *err);
/* A compiled plan. */
struct plan_query;
/* SQL and output program; the statements' literals are parameters. */
int plan_compile(struct plan *p, struct plan_query **out, struct err *err);
/* `SELECT count(*)` of the same rows; bound 0: exact, else at most bound + 1. */
int plan_compile_count(struct plan *p, int64_t bound, struct pg_sql *out, struct err *err);

struct plan_page {
	size_t rows;       /* written */
	bool more;         /* there are further rows */
	const char *token; /* where the next page begins, in the arena of the run; NULL at the end */
	int64_t version;   /* row_version of the only row (plan->one) */
};

/* Runs the query on a lane and appends the rows as JSON objects joined by commas (no brackets). `inputs`: [0] the key or parent, then the values of a token. */
int plan_run(struct plan_query *q, struct pg *pg, enum pg_lane lane, struct arena *a, const struct pg_bindings *b, struct buf *out,
			 struct plan_page *page, struct err *err);
/* Compiles and runs the plan for its rows instead of JSON: column 0 is the id, 1 the title (null without plan->titles), then plan->fields in their order: a lookup as its title,
 * several as a list of titles, a file as its name, everything else as its value. Ordered and cut like plan_run's page (one row more tells that there are more). */
int plan_rows(struct plan *p, struct pg *pg, enum pg_lane lane, struct arena *a, const struct pg_bindings *b, struct pg_rows **rows,
			  struct err *err);
/* Walks all rows of a plan, plan->top at a time, in the shape of plan_rows: each page begins behind the last row of the one before, so the last page costs what the
 * first one did. Everything between two calls is the walk's own. */
struct plan_walk;
int plan_walk_new(struct plan *p, struct plan_walk **out, struct err *err);
/* The next page in `a`: *n rows, 0 at the end. */
int plan_walk_next(struct plan_walk *w, struct pg *pg, enum pg_lane lane, struct arena *a, const struct pg_bindings *b,
				   struct pg_rows **rows, size_t *n, struct err *err);
/* Titles of visible records of a section by id, in the user's eyes; NULL for those not visible. All in `a`. */
int plan_titles(struct arena *a, struct pg *pg, const struct registry *reg, const struct actor *actor, struct section *s,
				const int64_t *ids, size_t n, const char **titles, struct err *err);
/* Which of these records the actor sees; none of a section that is not there for him. */
int plan_visible(struct arena *a, struct pg *pg, const struct registry *reg, const struct actor *actor, struct section *s,
				 const int64_t *ids, size_t n, bool *visible, struct err *err);
/* Orders by the first text of the section that the actor may read (what people look for), else by the key. */
int plan_order_by_name(struct plan *p, struct err *err);
/* True when `search` would look into at least one field. */
bool plan_searches(const struct plan *p);
/* Bindings of a run for this actor at this moment. */
void plan_bindings(const struct registry *reg, const struct actor *actor, struct pg_bindings *out);
/* Reads a token back: sets after, after_nulls and gives the inputs (index 0 is left for the key). ERR_SYNTAX when it is none of this plan's. */
int plan_token(struct plan *p, const char *token, struct value **inputs, size_t *ninputs, struct err *err);
/* The same for a plan that continues at such a position already: only the values, in `a`. */
int plan_token_values(const struct plan *p, struct arena *a, const char *token, struct value **inputs, size_t *ninputs, struct err *err);
/* 0 or 1: the phase that a token names, which decides the statement; -1: it may be none. */
int plan_token_phase(const char *token, size_t len);

#endif
