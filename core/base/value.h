/* value: one value of a field or expression, passive data.
 *
 * Texts and lists belong to the arena of whoever made them. Decimals are kept as plain canonical text ("-12.50", no
 * exponent, no leading "+"): money never passes through a double; arithmetic stands in base/decimal. */
#ifndef OST_BASE_VALUE_H
#define OST_BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_kind {
	VALUE_NIL,      /* nothing */
	VALUE_BOOL,     /* b */
	VALUE_INT,      /* i: integers, also record ids of lookups and files */
	VALUE_DEC,      /* text: decimal, money, percent */
	VALUE_TEXT,     /* text: UTF-8; also choices and stages by code */
	VALUE_DATE,     /* i: days since 1970-01-01 */
	VALUE_TIME,     /* i: microseconds since 1970-01-01T00:00:00Z */
	VALUE_DURATION, /* i: microseconds */
	VALUE_LIST      /* list: several lookups or files, or a set written in an expression */
};

struct value {
	enum value_kind kind;
	union {
		bool b;
		int64_t i;
		struct {
			const char *s; /* NUL after len bytes */
			size_t len;
		} text;
		struct {
			const struct value *items;
			size_t count;
		} list;
	};
};

struct arena;
struct buf;

struct value value_nil(void);
struct value value_bool(bool b);
struct value value_int(int64_t i);
struct value value_date(int64_t days);
struct value value_time(int64_t us);
struct value value_duration(int64_t us);
/* Texts are not copied. */
struct value value_text(const char *s, size_t len);
struct value value_textz(const char *s);
struct value value_dec(const char *s, size_t len);
/* A deep copy in `a`. */
struct value value_copy(struct arena *a, const struct value *v);
/* The same kind and content; two nils are the same; decimals by value ("1.0" is "1.00"). Lists in order. */
bool value_same(const struct value *x, const struct value *y);
/* Appends the value as JSON: decimals as numbers, dates and times as the API writes them, nil as null. */
void value_json(struct buf *b, const struct value *v);

#endif
