/* odata_filter: OData's expression grammar ($filter) as a second grammar for the rule language's trees (OData v4.01 URL conventions, 5.1.1).
 *
 * Names of properties become paths ("account_id" is the lookup's key, "account/name" a path, a lambda's variable the inner record). Trees live in the arena and are untyped: plan_filter
 * types them in the user's eyes. What is grammar but not executed is ERR_NOT_EXECUTED by name. Bounds: 8 KB, depth 32, 500 nodes. */
#ifndef OST_EDGE_ODATA_FILTER_H
#define OST_EDGE_ODATA_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/value.h"

struct arena;
struct err;
struct expr;
struct section;
struct odata_shape;

enum { ODATA_FILTER_MAX = 8192 }; /* bytes */

/* Parses the (decoded) text of $filter over a section. err has the column. `shape`, or NULL: its literals are marked in the tree where they are those that were parsed. */
int odata_filter_parse(struct arena *a, const struct section *s, const char *text, size_t len, struct odata_shape *shape, struct expr **out,
					   struct err *err);
/* The value of a text literal of `len` bytes, both its quotes included. */
struct value odata_literal_text(struct arena *a, const char *p, size_t len);
/* Reads the number, date or time at p into *v and returns its length, 0 when it is none. */
size_t odata_literal_number(struct arena *a, const char *p, const char *end, struct value *v);
/* Splits a property path ("account/name", "account_id") into names of the rule language; at most max; returns their number, 0 with err set. */
size_t odata_path_names(struct arena *a, const struct section *s, const char *text, size_t len, const char **names, size_t max,
						struct err *err);

#endif
