#include <endian.h>
#include <libpq-fe.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "pg/pg.h"
#include "pg/pg_pool.h"

/* Further types that PostgreSQL's own functions return; read, never declared. */
enum {
	OID_CHAR = 18,
	OID_NAME = 19,
	OID_OID = 26,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_TIMESTAMP = 1114,
	OID_UUID = 2950,
	OID_XID8 = 5069
};

#define EPOCH_DAYS 10957 /* from 1970-01-01 to 2000-01-01 */
#define EPOCH_US (EPOCH_DAYS * INT64_C(86400000000))

struct pg_rows {
	PGresult *res;
	struct arena *arena;
	int count, columns;
	int *types; /* of the columns */
};

static void rows_drop(void *res)
{
	PQclear(res);
}

struct pg_rows *pg_rows_new(struct arena *a, PGresult *res)
{
	struct pg_rows *r = arena_new(a, struct pg_rows);
	r->res = res;
	r->arena = a;
	r->count = PQntuples(res);
	r->columns = PQnfields(res);
	r->types = arena_alloc(a, sizeof *r->types * (size_t)(r->columns + 1));
	for (int i = 0; i < r->columns; i++)
		r->types[i] = (int)PQftype(res, i);
	arena_defer(a, rows_drop, res);
	return r;
}

size_t pg_rows_count(const struct pg_rows *r)
{
	return (size_t)r->count;
}

size_t pg_rows_columns(const struct pg_rows *r)
{
	return (size_t)r->columns;
}

int64_t pg_rows_affected(const struct pg_rows *r)
{
	return atoll(PQcmdTuples(r->res));
}

enum pg_type pg_rows_type(const struct pg_rows *r, size_t col)
{
	return (int)col < r->columns ? (enum pg_type)r->types[col] : 0;
}

bool pg_rows_null(const struct pg_rows *r, size_t row, size_t col)
{
	return PQgetisnull(r->res, (int)row, (int)col);
}

const char *pg_rows_bytes(const struct pg_rows *r, size_t row, size_t col, size_t *len)
{
	/* a null has the length 0, so most cells are asked twice and not three times */
	*len = (size_t)PQgetlength(r->res, (int)row, (int)col);
	if (*len == 0 && PQgetisnull(r->res, (int)row, (int)col))
		return NULL;
	return PQgetvalue(r->res, (int)row, (int)col);
}

/* ---- binary numbers ---- */

static uint16_t be16(const char *p)
{
	uint16_t v;
	memcpy(&v, p, sizeof v);
	return be16toh(v);
}

static uint32_t be32(const char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return be32toh(v);
}

static uint64_t be64(const char *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof v);
	return be64toh(v);
}

static int64_t int_of(const char *p, size_t len)
{
	switch (len) {
	case 8: return (int64_t)be64(p);
	case 4: return (int32_t)be32(p);
	case 2: return (int16_t)be16(p);
	case 1: return *p;
	default: return 0;
	}
}

static char *four_digits(char *out, unsigned d)
{
	out[0] = (char)('0' + d / 1000);
	out[1] = (char)('0' + d / 100 % 10);
	out[2] = (char)('0' + d / 10 % 10);
	out[3] = (char)('0' + d % 10);
	return out + 4;
}

/* Base-10000 digits to plain decimal text, with as many digits after the point as the value's scale; false for NaN and infinities. */
static bool numeric_write(struct buf *out, const char *p, size_t len)
{
	if (len < 8)
		return false;
	int ndigits = be16(p), weight = (int16_t)be16(p + 2), sign = be16(p + 4), scale = be16(p + 6);
	if (sign != 0 && sign != 0x4000)
		return false;
	if (len < 8 + 2 * (size_t)ndigits)
		return false;
	const char *digits = p + 8;
	size_t most = 1 + 4 * (size_t)(weight < 0 ? 1 : weight + 1) + 1 + (size_t)scale + 4;
	char *start = buf_room(out, most), *o = start;
	if (sign)
		*o++ = '-';
	if (weight < 0) {
		*o++ = '0';
	} else {
		for (int i = 0; i <= weight; i++) {
			unsigned d = i < ndigits ? be16(digits + 2 * i) : 0;
			if (i == 0) {
				char tmp[4];
				four_digits(tmp, d);
				int skip = d >= 1000 ? 0 : d >= 100 ? 1 : d >= 10 ? 2 : 3;
				memcpy(o, tmp + skip, (size_t)(4 - skip));
				o += 4 - skip;
			} else {
				o = four_digits(o, d);
			}
		}
	}
	if (scale > 0) {
		*o++ = '.';
		char *end = o + scale;
		for (int i = weight + 1; o < end; i++)
			o = four_digits(o, i >= 0 && i < ndigits ? be16(digits + 2 * i) : 0);
		o = end;
	}
	out->len += (size_t)(o - start);
	out->data[out->len] = 0;
	return true;
}

static void float_write(struct buf *out, const char *p, size_t len)
{
	double d;
	if (len == 4) {
		uint32_t bits = be32(p);
		float f;
		memcpy(&f, &bits, 4);
		d = (double)f;
	} else {
		uint64_t bits = be64(p);
		memcpy(&d, &bits, 8);
	}
	if (isfinite(d))
		buf_printf(out, "%.*g", len == 4 ? 9 : 17, d);
	else
		buf_puts(out, "null");
}

static void uuid_write(struct buf *out, const char *p)
{
	for (int i = 0; i < 16; i++)
		buf_printf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", (unsigned char)p[i]);
}

/* ---- typed access ---- */

int64_t pg_rows_int(const struct pg_rows *r, size_t row, size_t col)
{
	size_t len;
	const char *p = pg_rows_bytes(r, row, col, &len);
	if (!p)
		return 0;
	switch ((int)pg_rows_type(r, col)) {
	case PG_NUMERIC: {
		struct buf b = BUF_INIT;
		int64_t v = numeric_write(&b, p, len) ? atoll(b.data) : 0;
		buf_destroy(&b);
		return v;
	}
	case PG_TEXT: return atoll(p);
	case PG_DATE: return int_of(p, len) + EPOCH_DAYS;
	case OID_TIMESTAMP:
	case PG_TIMESTAMPTZ: return int_of(p, len) + EPOCH_US;
	case OID_OID: return (int64_t)be32(p);
	default: return int_of(p, len);
	}
}

bool pg_rows_bool(const struct pg_rows *r, size_t row, size_t col)
{
	size_t len;
	const char *p = pg_rows_bytes(r, row, col, &len);
	return p && len && *p;
}

/* The bytes of a type that is text on the wire, moved behind jsonb's version; NULL for others. */
static const char *text_of(int type, const char *p, size_t *len)
{
	switch (type) {
	case PG_JSONB:
		if (*len) {
			(*len)--;
			return p + 1;
		}
		return p;
	case PG_BOOL:
	case PG_INT2:
	case PG_INT4:
	case PG_INT8:
	case PG_DATE:
	case PG_TIMESTAMPTZ:
	case PG_NUMERIC:
	case PG_BOOL_ARRAY:
	case PG_INT4_ARRAY:
	case PG_INT8_ARRAY:
	case PG_TEXT_ARRAY:
	case PG_DATE_ARRAY:
	case PG_TIMESTAMPTZ_ARRAY:
	case PG_NUMERIC_ARRAY:
	case OID_OID:
	case OID_FLOAT4:
	case OID_FLOAT8:
	case OID_TIMESTAMP:
	case OID_UUID:
	case OID_XID8: return NULL;
	default: return p; /* text, varchar, name, json, an enum; bytea as it is */
	}
}

static int element_type(int type)
{
	switch (type) {
	case PG_BOOL_ARRAY: return PG_BOOL;
	case PG_INT4_ARRAY: return PG_INT4;
	case PG_INT8_ARRAY: return PG_INT8;
	case PG_TEXT_ARRAY: return PG_TEXT;
	case PG_DATE_ARRAY: return PG_DATE;
	case PG_TIMESTAMPTZ_ARRAY: return PG_TIMESTAMPTZ;
	case PG_NUMERIC_ARRAY: return PG_NUMERIC;
	default: return 0;
	}
}

static struct value value_of(struct arena *a, int type, const char *p, size_t len);

static struct value list_of(struct arena *a, int element, const char *p, size_t len)
{
	struct value v = {.kind = VALUE_LIST};
	const char *end = p + len;
	if (len < 20 || be32(p) != 1) /* no dimension is the empty array; more than one is never stored */
		return v;
	size_t n = be32(p + 12);
	p += 20;
	if (n > (size_t)(end - p) / 4)
		return v;
	struct value *items = arena_array(a, struct value, n ? n : 1);
	size_t i = 0;
	for (; i < n && end - p >= 4; i++) {
		int32_t bytes = (int32_t)be32(p);
		p += 4;
		if (bytes < 0) {
			items[i] = value_nil();
			continue;
		}
		if (bytes > end - p)
			break;
		/* elements have no NUL behind them: texts are copied */
		struct value item = value_of(a, element, p, (size_t)bytes);
		items[i] = item.kind == VALUE_TEXT ? value_text(arena_strndup(a, item.text.s, item.text.len), item.text.len) : item;
		p += bytes;
	}
	v.list.items = items;
	v.list.count = i;
	return v;
}

static struct value value_of(struct arena *a, int type, const char *p, size_t len)
{
	switch (type) {
	case PG_BOOL: return value_bool(len && *p);
	case PG_INT2:
	case PG_INT4:
	case PG_INT8:
	case OID_XID8: return value_int(int_of(p, len));
	case OID_OID: return value_int((int64_t)be32(p));
	case PG_DATE: return value_date(int_of(p, len) + EPOCH_DAYS);
	case OID_TIMESTAMP:
	case PG_TIMESTAMPTZ: return value_time(int_of(p, len) + EPOCH_US);
	case OID_FLOAT4:
	case OID_FLOAT8:
	case OID_UUID:
	case PG_NUMERIC: {
		struct buf b = BUF_INIT;
		bool good = true;
		if (type == PG_NUMERIC)
			good = numeric_write(&b, p, len);
		else if (type == OID_UUID)
			uuid_write(&b, p);
		else
			float_write(&b, p, len);
		struct value v = value_nil();
		if (good) {
			v = value_text(arena_strndup(a, b.data, b.len), b.len);
			if (type != OID_UUID)
				v.kind = VALUE_DEC;
		}
		buf_destroy(&b);
		return v;
	}
	default: {
		int element = element_type(type);
		if (element)
			return list_of(a, element, p, len);
		const char *s = text_of(type, p, &len);
		return value_text(s ? s : "", s ? len : 0);
	}
	}
}

struct value pg_rows_value(const struct pg_rows *r, struct arena *a, size_t row, size_t col)
{
	size_t len;
	const char *p = pg_rows_bytes(r, row, col, &len);
	return p ? value_of(a, (int)pg_rows_type(r, col), p, len) : value_nil();
}

const char *pg_rows_text(const struct pg_rows *r, size_t row, size_t col)
{
	size_t len;
	const char *p = pg_rows_bytes(r, row, col, &len);
	if (!p)
		return NULL;
	int type = (int)pg_rows_type(r, col);
	const char *s = text_of(type, p, &len);
	if (s)
		return s; /* libpq puts a NUL behind every cell */
	struct buf b = BUF_INIT;
	struct value v = value_of(r->arena, type, p, len);
	switch (v.kind) {
	case VALUE_DATE: date_write(&b, v.i); break;
	case VALUE_TIME: time_write(&b, v.i); break;
	case VALUE_TEXT: buf_add(&b, v.text.s, v.text.len); break;
	default: value_json(&b, &v); break;
	}
	const char *out = arena_strndup(r->arena, b.data ? b.data : "", b.len);
	buf_destroy(&b);
	return out;
}

/* ---- JSON ---- */

static void base64url_write(struct buf *out, const char *p, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *u = (const unsigned char *)p;
	char *o = buf_room(out, (len + 2) / 3 * 4), *start = o;
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		unsigned w = (unsigned)u[i] << 16 | (n > 1 ? (unsigned)u[i + 1] << 8 : 0) | (n > 2 ? u[i + 2] : 0);
		for (size_t k = 0; k <= n; k++)
			*o++ = digits[w >> (18 - 6 * k) & 63];
	}
	out->len += (size_t)(o - start);
	if (out->data)
		out->data[out->len] = 0;
}

static void json_of(struct buf *out, int type, const char *p, size_t len)
{
	switch (type) {
	case PG_BOOL: buf_puts(out, len && *p ? "true" : "false"); return;
	case PG_INT2:
	case PG_INT4:
	case PG_INT8:
	case OID_XID8: buf_int(out, int_of(p, len)); return;
	case OID_OID: buf_int(out, (int64_t)be32(p)); return;
	case PG_NUMERIC:
		if (!numeric_write(out, p, len))
			buf_puts(out, "null");
		return;
	case OID_FLOAT4:
	case OID_FLOAT8: float_write(out, p, len); return;
	case PG_DATE:
		buf_putc(out, '"');
		date_write(out, int_of(p, len) + EPOCH_DAYS);
		buf_putc(out, '"');
		return;
	case OID_TIMESTAMP:
	case PG_TIMESTAMPTZ:
		buf_putc(out, '"');
		time_write(out, int_of(p, len) + EPOCH_US);
		buf_putc(out, '"');
		return;
	case PG_JSON: buf_add(out, p, len); return;
	case PG_JSONB:
		if (len)
			buf_add(out, p + 1, len - 1);
		return;
	case PG_BYTEA:
		buf_putc(out, '"');
		base64url_write(out, p, len);
		buf_putc(out, '"');
		return;
	case OID_UUID:
		buf_putc(out, '"');
		uuid_write(out, p);
		buf_putc(out, '"');
		return;
	default: break;
	}
	int element = element_type(type);
	if (!element) {
		buf_json(out, p, len);
		return;
	}
	buf_putc(out, '[');
	const char *end = p + len;
	if (len >= 20 && be32(p) == 1) {
		size_t n = be32(p + 12);
		p += 20;
		for (size_t i = 0; i < n && end - p >= 4; i++) {
			int32_t bytes = (int32_t)be32(p);
			p += 4;
			if (i)
				buf_putc(out, ',');
			if (bytes < 0) {
				buf_puts(out, "null");
				continue;
			}
			if (bytes > end - p)
				break;
			json_of(out, element, p, (size_t)bytes);
			p += bytes;
		}
	}
	buf_putc(out, ']');
}

void pg_rows_json(const struct pg_rows *r, struct buf *out, size_t row, size_t col)
{
	size_t len;
	const char *p = pg_rows_bytes(r, row, col, &len);
	if (p)
		json_of(out, (int)pg_rows_type(r, col), p, len);
	else
		buf_puts(out, "null");
}
