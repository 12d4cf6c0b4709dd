/* schema_describe: a registry as a flat list of items, each with its definition as keys and texts: the desired side of a comparison.
 *
 * Parents stand before children. Everything lives in the arena given and points into the registry. A definition holds what a configuration says of the
 * thing, so that a plan can name what changed. Not here: what the database has (schema_read), what follows from a difference (schema_diff). */
#ifndef OST_META_SCHEMA_DESCRIBE_H
#define OST_META_SCHEMA_DESCRIBE_H

#include <stddef.h>

#include "meta/schema_read.h"
#include "meta/section.h"

struct arena;
struct buf;

/* One thing of the configuration. */
struct schema_item {
	const char *kind;           /* module role grant section field value path stage task move list hook import data */
	const char *path;           /* "order.amount" */
	const char *tail, *was;     /* path without the parent's; the former tail, or NULL */
	struct schema_item *parent; /* or NULL */
	const char *module;
	struct schema_definition definition;
	const struct section *section;    /* of a section and of everything in it */
	const struct field *field;        /* of field and value */
	const struct role *role;          /* of role and grant */
	const struct choice_value *value; /* of value */
	const struct stage *stage;        /* of stage and task */
	/* Filled by schema_diff. */
	struct schema_object *old; /* what it continues, or NULL */
	int64_t id;                /* of the object; 0 until the switch gives one */
	const char *physical;      /* table, link table or column; NULL when nothing is stored */
	const char *replaced;      /* column or link table that `physical` takes the place of, or NULL */
	const char *recoded;       /* of a choice or stage whose codes change in many rows: the new code, SQL over the row `t`; or NULL */
};

struct schema_items {
	struct schema_item **items;
	size_t count, cap;
};

void schema_describe(struct arena *a, const struct registry *r, struct schema_items *out);
/* Appends the definition as a JSON object of texts. */
void schema_definition_json(struct buf *b, const struct schema_definition *d);
/* The type by which a field's values are stored: of formula and rollup that of their value. */
enum field_type schema_value_type(const struct field *f);
/* True when the field has a column of its section's table (built-in ones included). */
bool schema_is_column(const struct field *f);
/* True when its values are rows of a link table. */
bool schema_is_link(const struct field *f);

#endif
