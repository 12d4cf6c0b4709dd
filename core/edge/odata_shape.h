/* odata_shape: what of an address decides its statement, and the values that only fill it.
 *
 * A plan is kept by the shape of its query: literals of $filter, the number of $skip and the position of $skiptoken stand in it by their kind alone, and come as
 * values with each run. The reader looks at letters, not at meaning: odata_filter marks those literals that it takes for the same ones, and every other one, and every one
 * whose value its type asked for (a code of a choice, a text that became a date), stays part of the shape by its text. Everything lives in the request's arena.
 * Not here: the store of plans (odata_read), grammar (odata_filter). */
#ifndef OST_EDGE_ODATA_SHAPE_H
#define OST_EDGE_ODATA_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/value.h"

struct buf;
struct expr;
struct http_request;

/* A literal of $filter. */
struct odata_literal {
	const char *text; /* as written, quotes included */
	size_t len;
	size_t at;         /* bytes from the beginning of the filter */
	struct expr *node; /* that odata_filter made of it, or NULL */
};

struct odata_shape {
	const char *key;      /* equal for equal shapes; no byte of it may be misread for another query */
	struct value *values; /* of the literals in their order, then the number of $skip: bindings of a run */
	size_t count;
	struct odata_literal *literals;
	size_t nliterals;
	int skip;          /* place of $skip among the values, from 1; 0: it is part of the key */
	const char *token; /* of $skiptoken, when it is no part of the key; NULL */
};

/* Names of options may be written without `$` and in any letters (v4.01, 11.2.1). True for every spelling of `name` (its own is without `$`) among `n` raw bytes of a query. */
bool odata_option_is(const char *raw, size_t n, const char *name);
/* The system option that a decoded name stands for ("$filter"), the name itself when it begins with '$' or '@', NULL for one of the client's own. */
const char *odata_option_name(const char *name);
/* True for a name that odata_option_name gives a system option. */
bool odata_option_known(const char *name);
/* Reads the query of the request. */
void odata_shape_read(const struct http_request *r, struct odata_shape *out);
/* True when a value of its kind may take the literal's place without another look: odata_filter has parsed and typed it. */
bool odata_shape_free(const struct odata_literal *l);

#endif
