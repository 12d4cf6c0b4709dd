/* source: tables, options and strings are found where they stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "meta/source.h"

static struct arena *a;

static int setup(void **state)
{
	(void)state;
	a = arena_new_sized(0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_delete(a);
	return 0;
}

static struct source *scan(const char *text)
{
	return source_scan(a, text, strlen(text));
}

static void declarations_are_found(void **state)
{
	(void)state;
	struct source *s = scan("section \"a\" {\n  label = \"A\",\n  text \"x\" { long = true },\n  text('y') ({}),\n  unique { \"x\" },\n}\n"
							"local t = other.text \"z\" {}\nfunction f() return { a = 1, b } end\n");
	const struct source_table *section = source_find(s, "section", "a", 1, 0), *x = source_find(s, "text", "x", 3, 0),
							  *y = source_find(s, "text", "y", 4, 0);
	assert_non_null(section);
	assert_non_null(x);
	assert_non_null(y);
	assert_non_null(source_find(s, "unique", NULL, 5, 0));
	assert_null(source_find(s, "text", "z", 7, 0));
	assert_null(source_find(s, "text", "x", 4, 0));
	assert_int_equal(section->count, 4);
	assert_ptr_equal(x->parent, section);
	assert_ptr_equal(source_position(section, 0)->table, x);
	assert_null(source_position(section, 3));
	assert_true(source_is_bool(s, source_key(x, "long")));
	assert_true(source_is_string(s, source_key(section, "label")));
	assert_null(source_key(section, "long"));
}

static void items_end_where_they_end(void **state)
{
	(void)state;
	struct source *s = scan("f \"n\" { a = function(x, y) local t = { 1, 2 } if x then return 1, 2 end for i = 1, 2 do end repeat until x "
							"end, b = g(1, { 2, 3 }), [\"c d\"] = 1, \"e\"; h, }");
	const struct source_table *t = source_find(s, "f", "n", 1, 0);
	assert_non_null(t);
	assert_int_equal(t->count, 5);
	assert_string_equal(t->items[0].key, "a");
	assert_string_equal(t->items[1].key, "b");
	assert_string_equal(t->items[2].key, "c d");
	assert_null(t->items[3].key);
	assert_null(t->items[4].key);
}

static void comments_and_strings_hide(void **state)
{
	(void)state;
	struct source *s = scan("-- text \"a\" {}\n--[[ text \"b\" {}\n]] text \"c\" {} --[==[ ]] ]==] local q = [[ text \"d\" {} ]] .. 'text "
							"\"e\" {}' .. \"\\\"{\"\ntext \"f\" {}");
	assert_int_equal(s->ncalls, 2);
	assert_non_null(source_find(s, "text", "c", 3, 0));
	assert_non_null(source_find(s, "text", "f", 4, 0));
}

static void places_within_strings(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t offset;
		int line, column;
	} cases[] = {
		{"\"abc\"", 0, 1, 2},         {"\"abc\"", 2, 1, 4},       {"\"a\\\"bc\"", 2, 1, 5},  {"\"a\\x41b\"", 2, 1, 7},
		{"\"a\\u{416}b\"", 3, 1, 10}, {"\"a\\065b\"", 2, 1, 7},   {"\"a\\z   b\"", 1, 1, 3}, {"[[abc]]", 1, 1, 4},
		{"[[\nabc]]", 1, 2, 2},       {"[==[a\nbc]==]", 3, 2, 2},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct source *s = scan(cases[i].text);
		int line, column;
		source_inside(s, &s->tokens[0], cases[i].offset, &line, &column);
		assert_int_equal(line, cases[i].line);
		assert_int_equal(column, cases[i].column);
	}
}

static void broken_text_ends(void **state)
{
	(void)state;
	static const char *const cases[] = {"",       "{",     "}",     "text \"x\" {", "text \"x\" { a =", "text \"x\" { a = , }",
										"\"",     "[[",    "[==[",  "--[[",         "text \"",          "{[\"a\"]=",
										"f(){{}", "if if", "end }", "\xff\xfe\x01", "x = {,,;}",        "1e+",
										"..",     "#!"};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct source *s = scan(cases[i]);
		size_t len;
		for (int line = 0; line < 4; line++)
			source_line(s, line, &len);
		source_word(s, 1, "text");
	}
	char deep[2000];
	memset(deep, '{', sizeof deep);
	assert_non_null(source_scan(a, deep, sizeof deep));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(declarations_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(items_end_where_they_end, setup, teardown),
		cmocka_unit_test_setup_teardown(comments_and_strings_hide, setup, teardown),
		cmocka_unit_test_setup_teardown(places_within_strings, setup, teardown),
		cmocka_unit_test_setup_teardown(broken_text_ends, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
