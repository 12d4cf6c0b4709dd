#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/date.h"

static int64_t day(const char *s)
{
	int64_t d;
	if (!date_parse(s, strlen(s), &d))
		fail_msg("%s is no date", s);
	return d;
}

static int64_t moment(const char *s)
{
	int64_t t;
	if (!time_parse(s, strlen(s), &t))
		fail_msg("%s is no time", s);
	return t;
}

static void is_written(void (*write)(struct buf *, int64_t), int64_t v, const char *text)
{
	struct buf b = BUF_INIT;
	write(&b, v);
	assert_string_equal(b.data, text);
	buf_destroy(&b);
}

static void civil(void **state)
{
	(void)state;
	assert_int_equal(date_from_civil(1970, 1, 1), 0);
	assert_int_equal(date_from_civil(2000, 3, 1), 11017);
	assert_int_equal(date_from_civil(1, 1, 1), -719162);
	assert_int_equal(date_from_civil(9999, 12, 31), 2932896);
	int64_t expected = -719162 - 800;
	for (int64_t d = expected; d < 60000; d++) {
		int64_t y;
		int m, n;
		date_to_civil(d, &y, &m, &n);
		assert_int_equal(date_from_civil(y, m, n), d);
	}
	assert_int_equal(date_weekday(0), 4);
	assert_int_equal(date_weekday(day("2026-05-01")), 5);
	assert_int_equal(date_weekday(day("1900-01-01")), 1);
}

static void months(void **state)
{
	(void)state;
	assert_int_equal(date_add_months(day("2027-01-31"), 1), day("2027-02-28"));
	assert_int_equal(date_add_months(day("2028-01-31"), 1), day("2028-02-29"));
	assert_int_equal(date_add_months(day("2028-02-29"), 12), day("2029-02-28"));
	assert_int_equal(date_add_months(day("2027-03-31"), -1), day("2027-02-28"));
	assert_int_equal(date_add_months(day("2027-01-15"), -13), day("2025-12-15"));
	assert_int_equal(date_add_months(day("2027-06-30"), 0), day("2027-06-30"));
}

static void parse(void **state)
{
	(void)state;
	int64_t v;
	const char *bad[] = {"2026-13-01", "2026-02-29", "2026-00-10",  "0000-01-01", "2026-5-1",
						 "2026/05/01", "20260501",   "2026-05-01 ", "2026-05-0x"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (date_parse(bad[i], strlen(bad[i]), &v))
			fail_msg("'%s' parses", bad[i]);
	is_written(date_write, day("0001-01-01"), "0001-01-01");
	is_written(date_write, day("2028-02-29"), "2028-02-29");
	is_written(time_write, moment("2026-05-01T10:00:00Z"), "2026-05-01T10:00:00Z");
	is_written(time_write, moment("2026-05-01T10:00:00.250+03:00"), "2026-05-01T07:00:00.25Z");
	is_written(time_write, moment("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z");
	is_written(time_write, moment("2026-01-01T00:30:00+05:30"), "2025-12-31T19:00:00Z");
	is_written(time_write, moment("2026-05-01T10:00Z"), "2026-05-01T10:00:00Z");
	is_written(time_write, moment("2026-05-01T10:00+03:00"), "2026-05-01T07:00:00Z");
	is_written(time_write, moment("2026-05-01T10:00:00.123456789012Z"), "2026-05-01T10:00:00.123456Z");
	const char *no[] = {"2026-05-01",
						"2026-05-01T10:00:00",
						"2026-05-01T24:00:00Z",
						"2026-05-01T10:60:00Z",
						"2026-05-01T10:00:60Z",
						"2026-05-01T10:00:00.Z",
						"2026-05-01T10:00:00.1234567890123Z",
						"2026-05-01T10:0Z",
						"2026-05-01T10:00:Z",
						"2026-05-01T10:00:0Z",
						"2026-05-01T10:00.5Z",
						"2026-05-01T10:00:00+3",
						"2026-05-01T10:00:00+25:00",
						"2026-05-01T10:00:00Zx",
						"9999-12-31T23:59:59-00:01",
						"0001-01-01T00:00:00+00:01"};
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		if (time_parse(no[i], strlen(no[i]), &v))
			fail_msg("'%s' parses", no[i]);
}

static void durations(void **state)
{
	(void)state;
	int64_t v;
	const struct {
		const char *text, *written;
		int64_t us;
	} good[] = {{"P1DT2H", "P1DT2H", 93600000000},  {"PT1H30M", "PT1H30M", 5400000000}, {"PT0S", "PT0S", 0},
				{"PT36H", "P1DT12H", 129600000000}, {"-PT0.5S", "-PT0.5S", -500000},    {"PT90S", "PT1M30S", 90000000},
				{"P2D", "P2D", 172800000000}};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(duration_parse(good[i].text, strlen(good[i].text), &v));
		assert_true(v == good[i].us);
		is_written(duration_write, v, good[i].written);
	}
	const char *bad[] = {
		"", "P", "PT", "P1", "1D", "P1H", "PT1D", "PT1M1H", "PT1.5H", "P1DT", "PT1H1H", "PT99999999999999999999S", "P106751992D", "PT1.S"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (duration_parse(bad[i], strlen(bad[i]), &v))
			fail_msg("'%s' parses", bad[i]);
	is_written(duration_write, INT64_MIN, "-P106751991DT4H54.775808S");
}

static void zones(void **state)
{
	(void)state;
	assert_true(zone_known("Europe/Moscow"));
	assert_true(zone_known("UTC"));
	assert_false(zone_known("Europe/Moskow"));
	assert_false(zone_known("GMT+3"));
	assert_false(zone_known(""));
	assert_int_equal(zone_date_of("Europe/Moscow", moment("2026-05-01T20:59:59Z")), day("2026-05-01"));
	assert_int_equal(zone_date_of("Europe/Moscow", moment("2026-05-01T21:00:00Z")), day("2026-05-02"));
	assert_int_equal(zone_date_of("America/New_York", moment("2026-05-01T03:59:59.999999Z")), day("2026-04-30"));
	assert_true(zone_midnight("Europe/Moscow", day("2026-05-01")) == moment("2026-04-30T21:00:00Z"));
	/* Moscow, before 2014 and after */
	assert_true(zone_midnight("Europe/Moscow", day("2013-05-01")) == moment("2013-04-30T20:00:00Z"));
	/* no midnight: the clock jumps from 0:00 to 1:00 */
	assert_true(zone_midnight("America/Sao_Paulo", day("2018-11-04")) == moment("2018-11-04T03:00:00Z"));
	/* two midnights: the later one */
	assert_true(zone_midnight("America/Havana", day("2023-11-05")) == moment("2023-11-05T05:00:00Z"));
	/* 2:30 is skipped in spring, twice there in autumn */
	int64_t half_past_two = (2 * 60 + 30) * INT64_C(60000000), a_day = INT64_C(86400000000);
	assert_true(zone_moment("Europe/Berlin", day("2026-03-29") * a_day + half_past_two) == moment("2026-03-29T01:30:00Z"));
	assert_true(zone_moment("Europe/Berlin", day("2026-10-25") * a_day + half_past_two) == moment("2026-10-25T01:30:00Z"));
	assert_true(zone_local("Europe/Berlin", moment("2026-03-29T01:30:00Z")) == day("2026-03-29") * a_day + half_past_two + a_day / 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(civil), cmocka_unit_test(months), cmocka_unit_test(parse), cmocka_unit_test(durations), cmocka_unit_test(zones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
