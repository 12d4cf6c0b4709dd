/* schema_convert: how the values of a column become values of another type, in SQL.
 *
 * Texts live in the arena given. A conversion never fails at run time: what does not fit becomes NULL, and a second expression tells which rows those
 * are, so that a plan can count them before anything happens. Not here: when columns are replaced (schema_diff). */
#ifndef OST_META_SCHEMA_CONVERT_H
#define OST_META_SCHEMA_CONVERT_H

#include "meta/section.h"

struct arena;

struct schema_convert {
	const char *value; /* SQL of the new value, NULL literal where there is none */
	const char
		*misfit; /* SQL condition: this value is lost or changed; "true" when the types have nothing in common, NULL when all values fit */
};

/* Values of `column` (SQL) of type `from` for the field `to`; zone is the organisation's, for dates and times. */
struct schema_convert schema_convert(struct arena *a, enum field_type from, const struct field *to, const char *column, const char *zone);
/* The type of that name, FIELD_TYPE_COUNT when there is none. */
enum field_type schema_type_by_name(const char *name);
/* True when both types keep their values in the same way, so that a column may stay as it is (numbers: apart from their scale). */
bool schema_same_class(enum field_type x, enum field_type y);

#endif
