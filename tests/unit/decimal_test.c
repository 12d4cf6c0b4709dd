#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/decimal.h"

static struct arena *a;

static struct value dec(const char *s)
{
	struct value v;
	if (!decimal_parse(a, s, strlen(s), &v))
		fail_msg("%s does not parse", s);
	return v;
}

static void same(struct value v, const char *text)
{
	assert_int_equal(v.kind, VALUE_DEC);
	assert_string_equal(v.text.s, text);
	assert_int_equal(v.text.len, strlen(text));
}

static void parse(void **state)
{
	(void)state;
	same(dec("0"), "0");
	same(dec("-0"), "0");
	same(dec("-0.00"), "0.00");
	same(dec("+12.50"), "12.50");
	same(dec("007"), "7");
	same(dec("000.5"), "0.5");
	same(dec("1e3"), "1000");
	same(dec("1.25e1"), "12.5");
	same(dec("1.25e5"), "125000");
	same(dec("125e-2"), "1.25");
	same(dec("-1e-4"), "-0.0001");
	same(dec("100e-2"), "1.00");
	same(dec("123456789012345678901234567890.12"), "123456789012345678901234567890.12");
	struct value v;
	const char *bad[] = {"", "-", ".5", "5.", "1e", "1e+", "1.2.3", "0x10", "NaN", " 1", "1 ", "1e99999", "1e1001", "1e-1001"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (decimal_parse(a, bad[i], strlen(bad[i]), &v))
			fail_msg("'%s' parses", bad[i]);
	char many[1102];
	memset(many, '9', 1101);
	many[1101] = 0;
	assert_false(decimal_parse(a, many, 1001, &v));
	assert_true(decimal_parse(a, many, 1000, &v));
	assert_true(decimal_parse(a, "1e999", 5, &v));
	assert_int_equal(v.text.len, 1000);
}

static void arithmetic(void **state)
{
	(void)state;
	struct value x = dec("12.50"), y = dec("-0.125"), z = dec("0"), big = dec("99999999999999999999999999999.99");
	same(decimal_add(a, &x, &y), "12.375");
	same(decimal_subtract(a, &x, &y), "12.625");
	same(decimal_multiply(a, &x, &y), "-1.56250");
	same(decimal_divide(a, &x, &y), "-100.00000000000000000000");
	assert_int_equal(decimal_divide(a, &x, &z).kind, VALUE_NIL);
	same(decimal_negate(a, &x), "-12.50");
	same(decimal_negate(a, &y), "0.125");
	same(decimal_negate(a, &z), "0");
	struct value cent = dec("0.01");
	same(decimal_add(a, &big, &cent), "100000000000000000000000000000.00");
	struct value one = dec("1"), two = dec("2"), three = dec("3"), minus = dec("-2");
	same(decimal_divide(a, &one, &three), "0.33333333333333333333");
	same(decimal_divide(a, &two, &three), "0.66666666666666666667");
	same(decimal_divide(a, &minus, &three), "-0.66666666666666666667");
	struct value tiny = dec("0.00000000000000000001");
	same(decimal_divide(a, &tiny, &two), "0.00000000000000000001"); /* a half goes away from zero */
	same(decimal_divide(a, &tiny, &minus), "-0.00000000000000000001");
	same(decimal_subtract(a, &x, &x), "0.00");
}

static void rounding(void **state)
{
	(void)state;
	struct value x = dec("2.345"), y = dec("-2.345"), z = dec("0.004"), w = dec("-0.004"), n = dec("7"), nine = dec("9.995");
	same(decimal_round(a, &x, 2), "2.35");
	same(decimal_round(a, &y, 2), "-2.35");
	same(decimal_round(a, &z, 2), "0.00");
	same(decimal_round(a, &w, 2), "0.00");
	same(decimal_round(a, &n, 2), "7.00");
	same(decimal_round(a, &nine, 2), "10.00");
	same(decimal_round(a, &x, 0), "2");
	assert_int_equal(decimal_scale(&x), 3);
	assert_int_equal(decimal_scale(&n), 0);
}

static void compare(void **state)
{
	(void)state;
	/* ascending */
	const char *in_order[] = {
		"-1000.1", "-1000", "-2.5", "-2.49", "-0.01", "0", "0.009", "0.01", "1", "1.001", "9", "10", "123456789012345678901234567890"};
	size_t n = sizeof in_order / sizeof *in_order;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			struct value x = dec(in_order[i]), y = dec(in_order[j]);
			assert_int_equal(decimal_compare(&x, &y), i < j ? -1 : i > j);
		}
	struct value x = dec("1.0"), y = dec("1.000"), z = dec("-0.0"), w = dec("0");
	assert_int_equal(decimal_compare(&x, &y), 0);
	assert_int_equal(decimal_compare(&z, &w), 0);
}

static void integers(void **state)
{
	(void)state;
	int64_t i;
	struct value min = decimal_from_int(a, INT64_MIN), max = decimal_from_int(a, INT64_MAX);
	same(min, "-9223372036854775808");
	assert_true(decimal_to_int(&min, &i));
	assert_true(i == INT64_MIN);
	assert_true(decimal_to_int(&max, &i));
	assert_true(i == INT64_MAX);
	struct value over = dec("9223372036854775808"), part = dec("1.5"), whole = dec("-15.00");
	assert_false(decimal_to_int(&over, &i));
	assert_false(decimal_to_int(&part, &i));
	assert_true(decimal_to_int(&whole, &i));
	assert_int_equal(i, -15);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse),   cmocka_unit_test(arithmetic), cmocka_unit_test(rounding),
		cmocka_unit_test(compare), cmocka_unit_test(integers),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
