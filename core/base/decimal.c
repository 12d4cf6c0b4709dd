#include "base/decimal.h"

#include <gmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* A number is z / 10^scale. */
struct number {
	mpz_t z;
	int scale;
};

/* Canonical text of z / 10^scale in the arena. */
static struct value number_write(struct arena *a, const mpz_t z, int scale)
{
	size_t digits = mpz_sizeinbase(z, 10);
	char *raw = arena_alloc(a, digits + 2);
	mpz_get_str(raw, 10, z);
	bool negative = raw[0] == '-';
	const char *p = raw + negative;
	size_t n = strlen(p), point = (size_t)scale;
	if (!scale)
		return value_dec(raw, n + negative);
	size_t before = n > point ? n - point : 0, zeros = n > point ? 0 : point - n;
	char *out = arena_alloc(a, n + point + 4), *o = out;
	if (negative)
		*o++ = '-';
	if (before) {
		memcpy(o, p, before);
		o += before;
	} else {
		*o++ = '0';
	}
	*o++ = '.';
	memset(o, '0', zeros);
	o += zeros;
	memcpy(o, p + before, n - before);
	o += n - before;
	*o = 0;
	return value_dec(out, (size_t)(o - out));
}

/* Reads what number_write wrote; v is canonical, so nothing is checked. */
static void number_read(struct number *x, const struct value *v)
{
	char small[128], *digits = v->text.len < sizeof small ? small : malloc(v->text.len + 1);
	if (!digits)
		abort();
	size_t n = 0;
	x->scale = 0;
	for (size_t i = 0; i < v->text.len; i++) {
		if (v->text.s[i] == '.')
			x->scale = (int)(v->text.len - i - 1);
		else
			digits[n++] = v->text.s[i];
	}
	digits[n] = 0;
	if (mpz_init_set_str(x->z, digits, 10) != 0)
		mpz_set_ui(x->z, 0);
	if (digits != small)
		free(digits);
}

/* z *= 10^n */
static void shift_up(mpz_t z, int n)
{
	if (n <= 0)
		return;
	mpz_t ten;
	mpz_init(ten);
	mpz_ui_pow_ui(ten, 10, (unsigned long)n);
	mpz_mul(z, z, ten);
	mpz_clear(ten);
}

/* Both numbers to the larger scale. */
static int align(struct number *x, struct number *y)
{
	int scale = x->scale > y->scale ? x->scale : y->scale;
	shift_up(x->z, scale - x->scale);
	shift_up(y->z, scale - y->scale);
	x->scale = y->scale = scale;
	return scale;
}

/* q = n / d rounded half away from zero; d > 0. Uses n. */
static void divide_rounded(mpz_t q, mpz_t n, const mpz_t d)
{
	int sign = mpz_sgn(n);
	mpz_t twice;
	mpz_init(twice);
	mpz_abs(n, n);
	mpz_mul_2exp(n, n, 1);
	mpz_add(n, n, d);
	mpz_mul_2exp(twice, d, 1);
	mpz_fdiv_q(q, n, twice);
	if (sign < 0)
		mpz_neg(q, q);
	mpz_clear(twice);
}

bool decimal_parse(struct arena *a, const char *s, size_t len, struct value *out)
{
	size_t i = 0;
	bool negative = false;
	if (i < len && (s[i] == '-' || s[i] == '+'))
		negative = s[i++] == '-';
	size_t first = i;
	while (i < len && s[i] >= '0' && s[i] <= '9')
		i++;
	size_t before = i - first, frac = i, after = 0;
	if (!before)
		return false;
	if (i < len && s[i] == '.') {
		frac = ++i;
		while (i < len && s[i] >= '0' && s[i] <= '9')
			i++;
		after = i - frac;
		if (!after)
			return false;
	}
	long exponent = 0;
	if (i < len && (s[i] == 'e' || s[i] == 'E')) {
		bool down = false;
		i++;
		if (i < len && (s[i] == '-' || s[i] == '+'))
			down = s[i++] == '-';
		size_t start = i;
		for (; i < len && s[i] >= '0' && s[i] <= '9'; i++)
			if (exponent < 100000)
				exponent = exponent * 10 + (s[i] - '0');
		if (i == start)
			return false;
		if (down)
			exponent = -exponent;
	}
	if (i != len || before + after > 2 * DECIMAL_DIGITS || exponent > 2 * DECIMAL_DIGITS || exponent < -2 * DECIMAL_DIGITS)
		return false;

	/* all digits in a row, with the zeros that an exponent asks for on either side; `point` of them stand before the point */
	size_t left = exponent < 0 && (size_t)-exponent > before ? (size_t)-exponent - before : 0;
	size_t right = exponent > 0 && (size_t)exponent > after ? (size_t)exponent - after : 0;
	size_t n = left + before + after + right;
	size_t point = (size_t)((long)(left + before) + exponent), scale = n - point;
	char *digits = arena_alloc(a, n + 1);
	memset(digits, '0', left);
	memcpy(digits + left, s + first, before);
	memcpy(digits + left + before, s + frac, after);
	memset(digits + left + before + after, '0', right);
	size_t skip = 0;
	while (skip + 1 < point && digits[skip] == '0')
		skip++;
	bool zero = strspn(digits, "0") == n;
	if (point - skip > DECIMAL_DIGITS || scale > DECIMAL_DIGITS)
		return false;
	char *text = arena_alloc(a, n + 4), *o = text;
	if (negative && !zero)
		*o++ = '-';
	if (point) {
		memcpy(o, digits + skip, point - skip);
		o += point - skip;
	} else {
		*o++ = '0';
	}
	if (scale) {
		*o++ = '.';
		memcpy(o, digits + point, scale);
		o += scale;
	}
	*o = 0;
	*out = value_dec(text, (size_t)(o - text));
	return true;
}

struct value decimal_from_int(struct arena *a, int64_t i)
{
	char *s = arena_printf(a, "%lld", (long long)i);
	return value_dec(s, strlen(s));
}

bool decimal_to_int(const struct value *v, int64_t *out)
{
	if (v->kind == VALUE_INT) {
		*out = v->i;
		return true;
	}
	const char *s = v->text.s, *end = s + v->text.len;
	bool negative = s < end && *s == '-';
	uint64_t n = 0, limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	for (s += negative; s < end && *s != '.'; s++) {
		uint64_t digit = (uint64_t)(*s - '0');
		if (n > (limit - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	for (; s < end; s++)
		if (*s != '.' && *s != '0')
			return false;
	*out = negative ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

int decimal_scale(const struct value *x)
{
	const char *point = memchr(x->text.s, '.', x->text.len);
	return point ? (int)(x->text.s + x->text.len - point - 1) : 0;
}

int decimal_compare(const struct value *x, const struct value *y)
{
	const char *xs = x->text.s, *ys = y->text.s;
	size_t xn = x->text.len, yn = y->text.len;
	bool xneg = xn && *xs == '-', yneg = yn && *ys == '-';
	if (xneg != yneg)
		return xneg ? -1 : 1;
	int up = xneg ? -1 : 1;
	xs += xneg, xn -= xneg;
	ys += yneg, yn -= yneg;
	const char *xp = memchr(xs, '.', xn), *yp = memchr(ys, '.', yn);
	size_t xi = xp ? (size_t)(xp - xs) : xn, yi = yp ? (size_t)(yp - ys) : yn;
	if (xi != yi)
		return xi < yi ? -up : up;
	int d = memcmp(xs, ys, xi);
	if (d)
		return d < 0 ? -up : up;
	size_t xf = xp ? xn - xi - 1 : 0, yf = yp ? yn - yi - 1 : 0, n = xf > yf ? xf : yf;
	for (size_t i = 0; i < n; i++) {
		char cx = i < xf ? xp[1 + i] : '0', cy = i < yf ? yp[1 + i] : '0';
		if (cx != cy)
			return cx < cy ? -up : up;
	}
	return 0;
}

static struct value combine(struct arena *a, const struct value *x, const struct value *y, int op)
{
	struct number p, q;
	number_read(&p, x);
	number_read(&q, y);
	int scale;
	if (op == '*') {
		scale = p.scale + q.scale;
		mpz_mul(p.z, p.z, q.z);
	} else {
		scale = align(&p, &q);
		if (op == '+')
			mpz_add(p.z, p.z, q.z);
		else
			mpz_sub(p.z, p.z, q.z);
	}
	struct value v = number_write(a, p.z, scale);
	mpz_clears(p.z, q.z, NULL);
	return v;
}

struct value decimal_add(struct arena *a, const struct value *x, const struct value *y)
{
	return combine(a, x, y, '+');
}

struct value decimal_subtract(struct arena *a, const struct value *x, const struct value *y)
{
	return combine(a, x, y, '-');
}

struct value decimal_multiply(struct arena *a, const struct value *x, const struct value *y)
{
	return combine(a, x, y, '*');
}

struct value decimal_divide(struct arena *a, const struct value *x, const struct value *y)
{
	struct number p, q;
	number_read(&p, x);
	number_read(&q, y);
	struct value v = value_nil();
	if (mpz_sgn(q.z)) {
		align(&p, &q);
		shift_up(p.z, DECIMAL_DIVISION_SCALE);
		if (mpz_sgn(q.z) < 0) {
			mpz_neg(p.z, p.z);
			mpz_neg(q.z, q.z);
		}
		divide_rounded(p.z, p.z, q.z);
		v = number_write(a, p.z, DECIMAL_DIVISION_SCALE);
	}
	mpz_clears(p.z, q.z, NULL);
	return v;
}

struct value decimal_negate(struct arena *a, const struct value *x)
{
	if (x->text.len && x->text.s[0] == '-')
		return value_dec(arena_strndup(a, x->text.s + 1, x->text.len - 1), x->text.len - 1);
	if (strspn(x->text.s, "0.") >= x->text.len)
		return value_copy(a, x);
	char *s = arena_alloc(a, x->text.len + 2);
	s[0] = '-';
	memcpy(s + 1, x->text.s, x->text.len);
	return value_dec(s, x->text.len + 1);
}

struct value decimal_round(struct arena *a, const struct value *x, int scale)
{
	struct number p;
	number_read(&p, x);
	if (p.scale > scale) {
		mpz_t ten;
		mpz_init(ten);
		mpz_ui_pow_ui(ten, 10, (unsigned long)(p.scale - scale));
		divide_rounded(p.z, p.z, ten);
		mpz_clear(ten);
	} else {
		shift_up(p.z, scale - p.scale);
	}
	struct value v = number_write(a, p.z, scale);
	mpz_clear(p.z);
	return v;
}
