#include "meta/schema_convert.h"

#include <string.h>

#include "base/arena.h"
#include "meta/schema_describe.h"
#include "meta/schema_shape.h"

enum class {
	CLASS_TEXT,
	CLASS_INT,
	CLASS_DECIMAL,
	CLASS_BOOL,
	CLASS_DATE,
	CLASS_TIME,
	CLASS_DURATION,
	CLASS_LOOKUP,
	CLASS_FILE,
	CLASS_NONE
};

static enum class class_of(enum field_type t) {
	switch (t){
		case FIELD_TEXT : case FIELD_EMAIL : case FIELD_PHONE : case FIELD_URL : case FIELD_AUTONUMBER : case FIELD_CHOICE : case
		FIELD_STAGE : return CLASS_TEXT;
		case FIELD_INTEGER : case FIELD_ID : return CLASS_INT;
		case FIELD_DECIMAL : case FIELD_MONEY : case FIELD_PERCENT : return CLASS_DECIMAL;
		case FIELD_BOOLEAN : return CLASS_BOOL;
		case FIELD_DATE : return CLASS_DATE;
		case FIELD_DATETIME : return CLASS_TIME;
		case FIELD_DURATION : return CLASS_DURATION;
		case FIELD_LOOKUP : return CLASS_LOOKUP;
		case FIELD_FILE : return CLASS_FILE;
		case FIELD_DETAIL : case FIELD_FORMULA : case FIELD_ROLLUP : case FIELD_TYPE_COUNT : break;
	}
return CLASS_NONE;
}

bool schema_same_class(enum field_type x, enum field_type y)
{
	return class_of(x) == class_of(y);
}

enum field_type schema_type_by_name(const char *name)
{
	for (int t = 0; t < FIELD_TYPE_COUNT && name; t++)
		if (strcmp(field_type_name(t), name) == 0)
			return t;
	return FIELD_TYPE_COUNT;
}

static struct schema_convert to_text(struct arena *a, enum class from, const char *c)
{
	switch (from) {
	case CLASS_INT:
	case CLASS_DECIMAL: return (struct schema_convert){arena_printf(a, "(%s)::text", c), NULL};
	case CLASS_BOOL: return (struct schema_convert){arena_printf(a, "CASE WHEN %s THEN 'true' WHEN NOT %s THEN 'false' END", c, c), NULL};
	case CLASS_DATE: return (struct schema_convert){arena_printf(a, "to_char(%s, 'YYYY-MM-DD')", c), NULL};
	case CLASS_TIME:
		return (struct schema_convert){arena_printf(a, "to_char(%s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')", c), NULL};
	case CLASS_DURATION: return (struct schema_convert){arena_printf(a, "(make_interval(secs => %s / 1000000.0))::text", c), NULL};
	default: return (struct schema_convert){"NULL::text", "true"};
	}
}

/* A numeric expression into the whole numbers or decimals of the field; `guard` is the condition under which `number` may be computed. */
static struct schema_convert to_number(struct arena *a, const struct field *to, const char *number, const char *guard)
{
	enum field_type type = schema_value_type(to);
	const char *rounded, *fits;
	if (class_of(type) == CLASS_INT) {
		rounded = arena_printf(a, "round(%s)", number);
		fits = arena_printf(a, "abs(%s) < 9223372036854775807", number);
	} else {
		int before = to->scale > 8 ? 10 : 18 - to->scale;
		rounded = arena_printf(a, "round(%s, %d)", number, to->scale);
		fits = arena_printf(a, "abs(%s) < 1e%d", rounded, before);
	}
	const char *sql_type = shape_column_type(a, to);
	struct schema_convert out;
	if (guard) {
		out.value = arena_printf(a, "CASE WHEN %s THEN CASE WHEN %s THEN (%s)::%s END END", guard, fits, rounded, sql_type);
		out.misfit = arena_printf(a, "CASE WHEN %s THEN NOT (%s) OR %s <> %s ELSE true END", guard, fits, rounded, number);
	} else {
		out.value = arena_printf(a, "CASE WHEN %s THEN (%s)::%s END", fits, rounded, sql_type);
		out.misfit = arena_printf(a, "NOT (%s) OR %s <> %s", fits, rounded, number);
	}
	return out;
}

static struct schema_convert from_text(struct arena *a, const struct field *to, const char *c)
{
	static const char yes[] = "('true', 't', 'yes', 'y', '1', 'да')", no[] = "('false', 'f', 'no', 'n', '0', 'нет')";
	switch (class_of(schema_value_type(to))) {
	case CLASS_INT:
	case CLASS_DECIMAL:
		return to_number(a, to, arena_printf(a, "replace(btrim(%s), ',', '.')::numeric", c),
						 arena_printf(a, "%s ~ '^\\s*[-+]?\\d{1,40}([.,]\\d{1,40})?\\s*$'", c));
	case CLASS_BOOL:
		return (struct schema_convert){arena_printf(a,
													"CASE WHEN lower(btrim(%s)) IN %s THEN true WHEN lower(btrim(%s)) IN %s THEN false END",
													c, yes, c, no),
									   arena_printf(a, "lower(btrim(%s)) NOT IN %s AND lower(btrim(%s)) NOT IN %s", c, yes, c, no)};
	case CLASS_DATE: {
		/* the day is compared only where year and month are sound: the cast would raise */
		const char *shape = arena_printf(a, "%s ~ '^(?!0000)\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$'", c);
		const char *day =
			arena_printf(a, "right(%s, 2)::int <= extract(day FROM (left(%s, 7) || '-01')::date + interval '1 month' - interval '1 day')",
						 c, c);
		return (struct schema_convert){arena_printf(a, "CASE WHEN %s THEN CASE WHEN %s THEN (%s)::date END END", shape, day, c),
									   arena_printf(a, "CASE WHEN %s THEN NOT (%s) ELSE true END", shape, day)};
	}
	default: return (struct schema_convert){arena_printf(a, "NULL::%s", shape_column_type(a, to)), "true"};
	}
}

struct schema_convert schema_convert(struct arena *a, enum field_type from, const struct field *to, const char *c, const char *zone)
{
	enum class x = class_of(from), y = class_of(schema_value_type(to));
	const char *z = shape_quote(a, zone ? zone : "UTC");
	if (x == CLASS_TEXT && y == CLASS_TEXT)
		return (struct schema_convert){c, NULL};
	if (y == CLASS_TEXT)
		return to_text(a, x, c);
	if (x == CLASS_TEXT)
		return from_text(a, to, c);
	if ((x == CLASS_INT || x == CLASS_DECIMAL) && (y == CLASS_INT || y == CLASS_DECIMAL))
		return to_number(a, to, arena_printf(a, "(%s)::numeric", c), NULL);
	if (x == CLASS_BOOL && (y == CLASS_INT || y == CLASS_DECIMAL))
		return (struct schema_convert){arena_printf(a, "(%s)::int::%s", c, shape_column_type(a, to)), NULL};
	if ((x == CLASS_INT || x == CLASS_DECIMAL) && y == CLASS_BOOL)
		return (struct schema_convert){arena_printf(a, "(%s <> 0)", c), arena_printf(a, "%s NOT IN (0, 1)", c)};
	if (x == CLASS_DATE && y == CLASS_TIME)
		return (struct schema_convert){arena_printf(a, "(%s)::timestamp AT TIME ZONE %s", c, z), NULL};
	if (x == CLASS_TIME && y == CLASS_DATE)
		return (struct schema_convert){arena_printf(a, "(%s AT TIME ZONE %s)::date", c, z),
									   arena_printf(a, "(%s AT TIME ZONE %s)::time <> '00:00'", c, z)};
	if (x == y && x != CLASS_NONE)
		return (struct schema_convert){c, NULL};
	return (struct schema_convert){arena_printf(a, "NULL::%s", shape_column_type(a, to)), "true"};
}
