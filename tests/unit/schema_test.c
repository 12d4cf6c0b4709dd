/* schema: what needs no database: types and literals of columns, names within PostgreSQL's bounds, conversions between types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "meta/schema_convert.h"
#include "meta/schema_describe.h"
#include "meta/schema_shape.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new_sized(0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_delete(arena);
	return 0;
}

static struct field field_of(enum field_type type, int scale)
{
	return (struct field){.type = type, .value_type = type, .scale = scale, .stored = true};
}

static void types(void **state)
{
	(void)state;
	struct field money = field_of(FIELD_MONEY, 2), fine = field_of(FIELD_DECIMAL, 12), text = field_of(FIELD_TEXT, 0),
				 many = field_of(FIELD_LOOKUP, 0), sum = field_of(FIELD_ROLLUP, 2);
	many.many = true;
	sum.value_type = FIELD_MONEY;
	assert_string_equal(shape_column_type(arena, &money), "numeric(18,2)");
	assert_string_equal(shape_column_type(arena, &fine), "numeric(22,12)");
	assert_string_equal(shape_column_sql(arena, &text), "text COLLATE \"C\"");
	assert_string_equal(shape_column_type(arena, &sum), "numeric(18,2)");
	assert_true(schema_is_link(&many));
	assert_false(schema_is_column(&many));
	assert_true(schema_is_column(&sum));
	sum.stored = false;
	assert_false(schema_is_column(&sum));
	/* the catalogue's view of a column and the registry's must be of one mind */
	const enum field_type all[] = {FIELD_TEXT, FIELD_INTEGER,  FIELD_DECIMAL, FIELD_PERCENT, FIELD_BOOLEAN,
								   FIELD_DATE, FIELD_DURATION, FIELD_CHOICE,  FIELD_LOOKUP,  FIELD_FILE};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct field f = field_of(all[i], 3);
		assert_string_equal(shape_column_type(arena, &f), field_sql_type(arena, &f));
	}
}

static void literals(void **state)
{
	(void)state;
	struct field text = field_of(FIELD_TEXT, 0), date = field_of(FIELD_DATE, 0), flag = field_of(FIELD_BOOLEAN, 0);
	struct value v = value_textz("O'Hara"), slash = value_textz("a\\'b"), day = value_date(0), yes = value_bool(true);
	assert_string_equal(shape_literal(arena, &text, &v), "'O''Hara'::text");
	assert_string_equal(shape_literal(arena, &text, &slash), "E'a\\\\''b'::text");
	assert_string_equal(shape_literal(arena, &date, &day), "'1970-01-01'::date");
	assert_string_equal(shape_literal(arena, &flag, &yes), "true");
}

static void names(void **state)
{
	(void)state;
	const char *longest = "a_section_whose_name_is_as_long_as_a_name_may_be__and_a_field_as_long_as_that_one";
	const char *x = shape_name(arena, longest, 6);
	assert_true(strlen(x) <= 57);
	assert_string_equal(shape_name(arena, longest, 6), x);
	assert_string_not_equal(shape_name(arena, arena_printf(arena, "%s2", longest), 6), x);
	assert_string_equal(shape_name(arena, "short", 6), "short");
}

static void conversions(void **state)
{
	(void)state;
	struct field money = field_of(FIELD_MONEY, 2), text = field_of(FIELD_TEXT, 0), lookup = field_of(FIELD_LOOKUP, 0),
				 day = field_of(FIELD_DATE, 0), choice = field_of(FIELD_CHOICE, 0);
	assert_null(schema_convert(arena, FIELD_MONEY, &text, "c", NULL).misfit);
	assert_string_equal(schema_convert(arena, FIELD_MONEY, &text, "c", NULL).value, "(c)::text");
	assert_null(schema_convert(arena, FIELD_TEXT, &choice, "c", NULL).misfit);
	assert_string_equal(schema_convert(arena, FIELD_MONEY, &lookup, "c", NULL).misfit, "true");
	assert_string_equal(schema_convert(arena, FIELD_DURATION, &money, "c", NULL).misfit, "true");
	/* an organisation's zone is a text like any other */
	assert_non_null(strstr(schema_convert(arena, FIELD_DATETIME, &day, "c", "Eu'rope").value, "'Eu''rope'"));
	assert_true(schema_same_class(FIELD_TEXT, FIELD_EMAIL));
	assert_true(schema_same_class(FIELD_MONEY, FIELD_PERCENT));
	assert_false(schema_same_class(FIELD_INTEGER, FIELD_DURATION));
	assert_false(schema_same_class(FIELD_LOOKUP, FIELD_FILE));
	assert_int_equal(schema_type_by_name("money"), FIELD_MONEY);
	assert_int_equal(schema_type_by_name("no such"), FIELD_TYPE_COUNT);
	assert_int_equal(schema_type_by_name(NULL), FIELD_TYPE_COUNT);
}

static void definitions(void **state)
{
	(void)state;
	struct schema_pair pairs[] = {{"label", "Сумма \"итого\""}, {"min", "0"}};
	struct schema_definition d = {pairs, 2, 2};
	struct buf b = BUF_INIT;
	schema_definition_json(&b, &d);
	assert_string_equal(b.data, "{\"label\":\"Сумма \\\"итого\\\"\",\"min\":\"0\"}");
	buf_destroy(&b);
	assert_string_equal(schema_definition_get(&d, "min"), "0");
	assert_null(schema_definition_get(&d, "max"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(types, setup, teardown),       cmocka_unit_test_setup_teardown(literals, setup, teardown),
		cmocka_unit_test_setup_teardown(names, setup, teardown),       cmocka_unit_test_setup_teardown(conversions, setup, teardown),
		cmocka_unit_test_setup_teardown(definitions, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
