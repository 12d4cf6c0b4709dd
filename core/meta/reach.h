/* reach: the places from which a stored rollup takes its value (field->reach, expr/expr_reach.h), as SQL over the tables of the application. */
#ifndef OST_META_REACH_H
#define OST_META_REACH_H

#include "expr/expr_reach.h"
#include "meta/section.h"

struct arena;

/* The lookup by which the rows of the place are lines of those before it; NULL when they are none. */
struct field *reach_line(const struct expr_reach *r);
/* The place reads the field. */
bool reach_reads(const struct expr_reach *r, const struct field *f);
/* SELECT of the ids of the rows that hold the rollup and read rows `set` (a SELECT of ids) at the place; `set` itself for the rows that hold it. */
const char *reach_back(struct arena *a, const struct expr_reach *r, const char *set);
/* SELECT of the ids of the rows of the place that are read from rows `set` of the place before it. */
const char *reach_on(struct arena *a, const struct expr_reach *r, const char *set);

#endif
