/* odata_filter: OData's expression grammar ($filter) as a second grammar for the rule language's trees (OData v4.01 URL conventions, 5.1.1).
 *
 * Names of properties become paths ("account_id" is the lookup's key, "account/name" a path, a lambda's variable the inner record). Trees live in the arena and are untyped: plan_filter
 * types them in the user's eyes. What is grammar but not executed is ERR_NOT_EXECUTED by name. Bounds: 8 KB, depth 32, 500 nodes. */
#ifndef OST_EDGE_ODATA_FILTER_H
#define OST_EDGE_ODATA_FILTER_H

#include <stddef.h>

struct arena;
struct err;
struct expr;
struct section;

/* Parses the (decoded) text of $filter over a section. err has the column. */
int odata_filter_parse(struct arena *a, const struct section *s, const char *text, size_t len, struct expr **out, struct err *err);
/* Splits a property path ("account/name", "account_id") into names of the rule language; at most max; returns their number, 0 with err set. */
size_t odata_path_names(struct arena *a, const struct section *s, const char *text, size_t len, const char **names, size_t max, struct err *err);

#endif
