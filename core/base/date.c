#include "base/date.h"

#include <stdio.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

#include "base/buf.h"

#define SECOND INT64_C(1000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

/* Quotient rounded down. */
static int64_t floor_div(int64_t x, int64_t y)
{
	return x / y - (x % y != 0 && (x < 0) != (y < 0));
}

/* Days are counted in eras of 400 years that begin on 1 March, so that the leap day is the last of its year. */
int64_t date_from_civil(int64_t year, int month, int day)
{
	int64_t y = year - (month <= 2), era = floor_div(y, 400), of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void date_to_civil(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468, era = floor_div(z, 146097), of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = y + era * 400 + (*month <= 2);
}

static int days_in_month(int64_t year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (month == 2 && leap);
}

int64_t date_add_months(int64_t days, int64_t months)
{
	int64_t year;
	int month, day;
	date_to_civil(days, &year, &month, &day);
	int64_t m = year * 12 + month - 1 + months;
	year = floor_div(m, 12);
	month = (int)(m - year * 12) + 1;
	int last = days_in_month(year, month);
	return date_from_civil(year, month, day < last ? day : last);
}

int date_weekday(int64_t days)
{
	int64_t n = days + 3; /* 1970-01-01 was a Thursday */
	return (int)(n - floor_div(n, 7) * 7) + 1;
}

/* n decimal digits at s as a number, -1 when one is none. */
static int digits(const char *s, int n)
{
	int v = 0;
	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

bool date_parse(const char *s, size_t len, int64_t *days)
{
	if (len != 10 || s[4] != '-' || s[7] != '-')
		return false;
	int year = digits(s, 4), month = digits(s + 5, 2), day = digits(s + 8, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*days = date_from_civil(year, month, day);
	return true;
}

static void two_digits(char *p, int v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
}

void date_write(struct buf *b, int64_t days)
{
	int64_t year;
	int month, day;
	date_to_civil(days, &year, &month, &day);
	if (year < 0 || year > 9999) {
		buf_printf(b, "%04lld-%02d-%02d", (long long)year, month, day);
		return;
	}
	/* by hand: printf was half the time of a list's JSON */
	char *p = buf_room(b, 10);
	two_digits(p, (int)year / 100);
	two_digits(p + 2, (int)year % 100);
	p[4] = '-';
	two_digits(p + 5, month);
	p[7] = '-';
	two_digits(p + 8, day);
	p[10] = 0;
	b->len += 10;
}

bool time_fits(int64_t us)
{
	return us >= date_from_civil(1, 1, 1) * DAY && us < date_from_civil(10000, 1, 1) * DAY;
}

bool time_parse(const char *s, size_t len, int64_t *us)
{
	int64_t day;
	if (len < 17 || !date_parse(s, 10, &day) || (s[10] != 'T' && s[10] != 't' && s[10] != ' ') || s[13] != ':')
		return false;
	bool seconds = s[16] == ':';
	if (seconds && len < 20)
		return false;
	int hour = digits(s + 11, 2), minute = digits(s + 14, 2), second = seconds ? digits(s + 17, 2) : 0;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return false;
	size_t i = seconds ? 19 : 16;
	int64_t fraction = 0, unit = SECOND;
	if (seconds && s[i] == '.') {
		size_t start = ++i;
		for (; i < len && s[i] >= '0' && s[i] <= '9'; i++) {
			unit /= 10;
			fraction += (s[i] - '0') * unit;
		}
		if (i == start || i - start > 12)
			return false;
	}
	int64_t offset = 0;
	if (i + 1 == len && (s[i] == 'Z' || s[i] == 'z')) {
		offset = 0;
	} else if (i + 6 == len && (s[i] == '+' || s[i] == '-') && s[i + 3] == ':') {
		int h = digits(s + i + 1, 2), m = digits(s + i + 4, 2);
		if (h < 0 || h > 23 || m < 0 || m > 59)
			return false;
		offset = (h * 60 + m) * 60 * SECOND * (s[i] == '-' ? -1 : 1);
	} else {
		return false;
	}
	*us = day * DAY + ((hour * 60 + minute) * 60 + second) * SECOND + fraction - offset;
	return time_fits(*us);
}

/* ".5" of the microseconds of a second, without trailing zeros; nothing when there are none. */
static void fraction_write(struct buf *b, int64_t us)
{
	if (!us)
		return;
	int width = 6;
	for (; us % 10 == 0; us /= 10)
		width--;
	char *p = buf_room(b, (size_t)width + 1);
	p[0] = '.';
	p[width + 1] = 0;
	for (int i = width; i > 0; i--, us /= 10)
		p[i] = (char)('0' + us % 10);
	b->len += (size_t)width + 1;
}

void time_write(struct buf *b, int64_t us)
{
	int64_t day = floor_div(us, DAY), rest = us - day * DAY;
	date_write(b, day);
	char *p = buf_room(b, 9);
	p[0] = 'T';
	two_digits(p + 1, (int)(rest / HOUR));
	p[3] = ':';
	two_digits(p + 4, (int)(rest / (60 * SECOND) % 60));
	p[6] = ':';
	two_digits(p + 7, (int)(rest / SECOND % 60));
	p[9] = 0;
	b->len += 9;
	fraction_write(b, rest % SECOND);
	buf_putc(b, 'Z');
}

bool duration_parse(const char *s, size_t len, int64_t *us)
{
	static const struct {
		char letter;
		bool time;
		int64_t unit;
	} units[] = {{'D', false, DAY}, {'H', true, HOUR}, {'M', true, 60 * SECOND}, {'S', true, SECOND}};
	size_t i = 0, next = 0;
	bool negative = i < len && s[i] == '-', in_time = false, any = false;
	i += negative;
	if (i >= len || s[i++] != 'P')
		return false;
	__int128 sum = 0;
	while (i < len) {
		if (s[i] == 'T') {
			if (in_time || ++i == len)
				return false;
			in_time = true;
			continue;
		}
		__int128 whole = 0;
		size_t start = i;
		for (; i < len && s[i] >= '0' && s[i] <= '9'; i++)
			if ((whole = whole * 10 + (s[i] - '0')) > INT64_MAX)
				return false;
		if (i == start)
			return false;
		int64_t fraction = 0, unit = SECOND;
		bool fractional = i < len && s[i] == '.';
		if (fractional) {
			start = ++i;
			for (; i < len && s[i] >= '0' && s[i] <= '9'; i++) {
				unit /= 10;
				if (!unit)
					return false;
				fraction += (s[i] - '0') * unit;
			}
			if (i == start)
				return false;
		}
		while (next < 4 && i < len && (units[next].letter != s[i] || units[next].time != in_time))
			next++;
		if (i >= len || next == 4 || (fractional && units[next].letter != 'S'))
			return false;
		sum += whole * units[next++].unit + fraction;
		if (sum > INT64_MAX)
			return false;
		i++;
		any = true;
	}
	if (!any)
		return false;
	*us = (int64_t)(negative ? -sum : sum);
	return true;
}

void duration_write(struct buf *b, int64_t us)
{
	uint64_t n = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
	uint64_t days = n / DAY, hours = n / HOUR % 24, minutes = n / (60 * SECOND) % 60, seconds = n / SECOND % 60, rest = n % SECOND;
	if (us < 0)
		buf_putc(b, '-');
	buf_putc(b, 'P');
	if (days)
		buf_printf(b, "%lluD", (unsigned long long)days);
	if (!days || hours || minutes || seconds || rest)
		buf_putc(b, 'T');
	if (hours)
		buf_printf(b, "%lluH", (unsigned long long)hours);
	if (minutes)
		buf_printf(b, "%lluM", (unsigned long long)minutes);
	if (seconds || rest || (!days && !hours && !minutes)) {
		buf_printf(b, "%llu", (unsigned long long)seconds);
		fraction_write(b, (int64_t)rest);
		buf_putc(b, 'S');
	}
}

/* The calendar of the zone used last: opening one costs more than asking it. */
static _Thread_local struct {
	char zone[64];
	UCalendar *calendar;
} last;

static UCalendar *calendar_of(const char *zone)
{
	if (last.calendar && strcmp(last.zone, zone) == 0)
		return last.calendar;
	size_t len = strlen(zone);
	if (len >= sizeof last.zone)
		return NULL;
	UChar name[64];
	u_charsToUChars(zone, name, (int32_t)len);
	UErrorCode status = U_ZERO_ERROR;
	UCalendar *c = ucal_open(name, (int32_t)len, "", UCAL_GREGORIAN, &status);
	if (U_FAILURE(status))
		return NULL;
	if (last.calendar)
		ucal_close(last.calendar);
	last.calendar = c;
	memcpy(last.zone, zone, len + 1);
	return c;
}

/* Microseconds that local time is ahead of UTC at a moment. */
static int64_t offset_at(const char *zone, int64_t us)
{
	UCalendar *c = calendar_of(zone);
	if (!c)
		return 0;
	UErrorCode status = U_ZERO_ERROR;
	ucal_setMillis(c, (double)floor_div(us, 1000), &status);
	int64_t ms = ucal_get(c, UCAL_ZONE_OFFSET, &status) + ucal_get(c, UCAL_DST_OFFSET, &status);
	return U_FAILURE(status) ? 0 : ms * 1000;
}

bool zone_known(const char *zone)
{
	size_t len = strlen(zone);
	if (!len || len >= sizeof last.zone)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)zone[i] <= ' ' || (unsigned char)zone[i] > 126)
			return false;
	UChar name[64], canonical[128];
	u_charsToUChars(zone, name, (int32_t)len);
	UBool known = false;
	UErrorCode status = U_ZERO_ERROR;
	ucal_getCanonicalTimeZoneID(name, (int32_t)len, canonical, 128, &known, &status);
	return U_SUCCESS(status) && known && strcmp(zone, "Etc/Unknown") != 0;
}

int64_t zone_local(const char *zone, int64_t us)
{
	return us + offset_at(zone, us);
}

int64_t zone_moment(const char *zone, int64_t local)
{
	int64_t before = offset_at(zone, local - DAY), after = offset_at(zone, local + DAY);
	if (before == after)
		return local - before;
	bool after_holds = offset_at(zone, local - after) == after;
	return after_holds ? local - after : local - before;
}

int64_t zone_date_of(const char *zone, int64_t us)
{
	return floor_div(zone_local(zone, us), DAY);
}

int64_t zone_midnight(const char *zone, int64_t days)
{
	return zone_moment(zone, days * DAY);
}
