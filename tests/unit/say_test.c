/* say: one error in two languages, with arguments in each one's order, words among them, and without room for more than one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"

static void test_both_languages(void **state)
{
	(void)state;
	struct arena *a = arena_new_sized(0);
	struct err err, copy;
	err_init(&err, a);
	assert_int_equal(err_tell(&err, ERR_TYPE, SAY_EXPR_WANTED, "a condition", "amount", "a record of firm"), -1);
	assert_int_equal(err.code, ERR_TYPE);
	assert_string_equal(err_message(&err, 0), "a condition is wanted here; amount is a record of firm");
	assert_string_equal(err_message(&err, 1), "amount: это запись раздела firm, а здесь нужно другое: условие");
	/* a hint that only implementers understand is not shown beside a Russian sentence */
	err_hint(&err, "write it down");
	assert_string_equal(err_hint_in(&err, 0), "write it down");
	assert_null(err_hint_in(&err, 1));
	err_tell_hint(&err, SAY_DID_YOU_MEAN, "sum");
	assert_string_equal(err_hint_in(&err, 0), "did you mean 'sum'?");
	assert_string_equal(err_hint_in(&err, 1), "возможно, «sum»");
	err_init(&copy, a);
	err_copy(&copy, &err);
	assert_string_equal(err_message(&copy, 1), err_message(&err, 1));
	assert_string_equal(err_hint_in(&copy, 1), err_hint_in(&err, 1));
	struct err about;
	err_init(&about, a);
	err_tell_about(&about, SAY_BAD_FILTER, &copy);
	assert_int_equal(about.code, ERR_TYPE);
	assert_string_equal(err_message(&about, 1), "Условие не подходит: amount: это запись раздела firm, а здесь нужно другое: условие");
	/* an error in one language is the same for everybody */
	err_say(&err, ERR_INVALID, 1, SAY_REQUIRED, "Сумма");
	assert_string_equal(err_message(&err, 0), "Заполните поле «Сумма»");
	assert_string_equal(err_message(&err, 1), "Заполните поле «Сумма»");
	arena_delete(a);
}

static void test_no_room(void **state)
{
	(void)state;
	struct err err;
	char long_name[600];
	memset(long_name, 'x', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = 0;
	err_init(&err, NULL);
	err_tell(&err, ERR_UNAVAILABLE, SAY_DB_UNREACHED, long_name);
	assert_int_equal(strlen(err_message(&err, 0)), sizeof err.fallback - 1);
	/* what takes no argument needs no room */
	assert_string_equal(err_message(&err, 1), "База данных недоступна; повторите чуть позже");
	err_tell(&err, ERR_UNPROCESSABLE, SAY_CSV_QUOTE, say_number(NULL, 17));
	assert_string_equal(err_message(&err, 0), "The quote that opens in line 17 is never closed");
	assert_string_equal(err_message(&err, 1), err_message(&err, 0));
	assert_int_equal(err_tell(NULL, ERR_TYPE, SAY_DB_AWAY), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_languages), cmocka_unit_test(test_no_room)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
