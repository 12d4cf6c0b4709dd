/* decimal: exact arithmetic on decimals written as plain text ("-12.50"), by GMP integers and a scale.
 *
 * Results are canonical text in the arena: no exponent, no "+", no superfluous leading zeros, "-0" is "0"; trailing zeros of the scale are kept. */
#ifndef OST_BASE_DECIMAL_H
#define OST_BASE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/value.h"

struct arena;

/* Most digits before and after the point that are taken (PostgreSQL's numeric takes more). */
#define DECIMAL_DIGITS 1000
/* Scale to which a division is rounded, half away from zero. */
#define DECIMAL_DIVISION_SCALE 20

/* Parses "[-+]digits[.digits][e[+-]digits]" (len bytes); false when it is no number or over DECIMAL_DIGITS. */
bool decimal_parse(struct arena *a, const char *s, size_t len, struct value *out);
struct value decimal_from_int(struct arena *a, int64_t i);
/* The integer when v is a whole number that fits. */
bool decimal_to_int(const struct value *v, int64_t *out);
/* -1, 0, 1. */
int decimal_compare(const struct value *x, const struct value *y);
struct value decimal_add(struct arena *a, const struct value *x, const struct value *y);
struct value decimal_subtract(struct arena *a, const struct value *x, const struct value *y);
struct value decimal_multiply(struct arena *a, const struct value *x, const struct value *y);
/* nil when y is zero. */
struct value decimal_divide(struct arena *a, const struct value *x, const struct value *y);
struct value decimal_negate(struct arena *a, const struct value *x);
/* Rounded half away from zero to `scale` digits after the point (as PostgreSQL's round and as assignment does); pads with zeros. */
struct value decimal_round(struct arena *a, const struct value *x, int scale);
/* Digits after the point as written. */
int decimal_scale(const struct value *x);

#endif
