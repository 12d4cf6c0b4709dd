/* date: the civil calendar: days since 1970-01-01 and microseconds since the epoch, to and from text, in a zone of the IANA database (ICU). */
#ifndef OST_BASE_DATE_H
#define OST_BASE_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

/* Days since 1970-01-01 of a proleptic Gregorian date. */
int64_t date_from_civil(int64_t year, int month, int day);
void date_to_civil(int64_t days, int64_t *year, int *month, int *day);
/* Adds months, clamping the day (31 Jan + 1 month = 28 or 29 Feb). */
int64_t date_add_months(int64_t days, int64_t months);
/* 1 Monday … 7 Sunday. */
int date_weekday(int64_t days);
/* "2026-05-01" exactly; years 0001 to 9999. */
bool date_parse(const char *s, size_t len, int64_t *days);
void date_write(struct buf *b, int64_t days);
/* A moment of the years 1 to 9999, by UTC: RFC 3339 writes no others. */
bool time_fits(int64_t us);
/* RFC 3339 with offset or Z; seconds may be left out (as in OData), and of up to twelve digits behind their point six count; a moment that fits. */
bool time_parse(const char *s, size_t len, int64_t *us);
/* "2026-05-01T10:00:00Z", fractions only when there are any. */
void time_write(struct buf *b, int64_t us);
/* ISO 8601 durations of days, hours, minutes, seconds ("P1DT2H", "PT1H30M"). */
bool duration_parse(const char *s, size_t len, int64_t *us);
void duration_write(struct buf *b, int64_t us);
/* True when ICU knows the zone ("Europe/Moscow"). */
bool zone_known(const char *zone);
/* The wall clock of the zone at a moment, as microseconds since 1970-01-01T00:00 on that clock. */
int64_t zone_local(const char *zone, int64_t us);
/* The moment at which the zone's wall clock shows `local`: the later one where it shows it twice; in a gap the clock counts on as before it. So does
 * PostgreSQL's `timestamp AT TIME ZONE`. */
int64_t zone_moment(const char *zone, int64_t local);
/* The local date of a moment in the zone. */
int64_t zone_date_of(const char *zone, int64_t us);
/* Midnight at which a local date begins, by zone_moment. */
int64_t zone_midnight(const char *zone, int64_t days);

#endif
