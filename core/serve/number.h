/* number: automatic numbers: a pattern, a series, a counter that is touched last.
 *
 * "C-{yyyy}-{seq:5}": {yyyy} {yy} {mm} {dd} are of the business date, {seq:N} is the number in the series with at least N digits. The series is the pattern with
 * all but seq filled in, so a new year begins with 1. The counter's row is updated in the statement that stores the record, which travels with COMMIT. */
#ifndef OST_SERVE_NUMBER_H
#define OST_SERVE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "meta/section.h"

struct arena;
struct err;
struct unit;

/* A number to be: before + digits of the counter + after. */
struct number_shape {
	const char *series;         /* key of ostov.counter */
	const char *before, *after; /* filled in */
	int digits;                 /* at least */
};

/* The shape of the field's number at the unit's business date, in the unit's arena. */
void number_shape(struct unit *u, const struct field *f, struct number_shape *out);
/* The digits when `text` is a number of that shape, else -1. */
int64_t number_parse(const struct number_shape *n, const char *text);
/* A number out of a block reserved outside the unit's transaction (gaps may occur): for bulk units and fields that are not gapless. */
int number_reserve(struct unit *u, const struct field *f, const char **out, struct err *err);

#endif
