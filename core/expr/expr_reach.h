/* expr_reach: from where an expression takes its value: for whoever keeps that value and must notice every change of it.
 *
 * Each place is one way, step by step, from the record that the expression is about: `sum(positions, sum(parts, ware.weight))` reads the parts of positions by
 * `position`, `ware` of those parts and `weight` of those wares. Formulas are followed. Not read: `me`, the clock, role('…'), the calendar. */
#ifndef OST_EXPR_EXPR_REACH_H
#define OST_EXPR_EXPR_REACH_H

#include "expr/expr.h"

/* Records that an expression reads. */
struct expr_reach {
	struct expr_reach *from;        /* from where; NULL: the record itself */
	const struct expr_field *by;    /* the lookup, link or detail of from's table that leads here; NULL: the record itself */
	bool above;                     /* `by` is the lookup of a tree: all records above (under) */
	bool leads;                     /* something is read here or further on */
	const struct expr_table *table; /* what they are records of */
	const struct expr_field *
		*reads; /* stored fields of theirs that are read, lookups that lead on and the lookup of a detail included; not their id */
	size_t nreads;
	struct expr_reach *next; /* another place: after the one from where it is reached */
};

/* The places that a checked expression over `table` reads, the record itself first; in `a`. */
struct expr_reach *expr_reach(struct arena *a, const struct expr *e, const struct expr_table *table);

#endif
