#include "base/value.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/decimal.h"

struct value value_nil(void)
{
	return (struct value){.kind = VALUE_NIL};
}

struct value value_bool(bool b)
{
	return (struct value){.kind = VALUE_BOOL, .b = b};
}

struct value value_int(int64_t i)
{
	return (struct value){.kind = VALUE_INT, .i = i};
}

struct value value_date(int64_t days)
{
	return (struct value){.kind = VALUE_DATE, .i = days};
}

struct value value_time(int64_t us)
{
	return (struct value){.kind = VALUE_TIME, .i = us};
}

struct value value_duration(int64_t us)
{
	return (struct value){.kind = VALUE_DURATION, .i = us};
}

struct value value_text(const char *s, size_t len)
{
	struct value v = {.kind = VALUE_TEXT};
	v.text.s = s;
	v.text.len = len;
	return v;
}

struct value value_textz(const char *s)
{
	return s ? value_text(s, strlen(s)) : value_nil();
}

struct value value_dec(const char *s, size_t len)
{
	struct value v = value_text(s, len);
	v.kind = VALUE_DEC;
	return v;
}

struct value value_copy(struct arena *a, const struct value *v)
{
	struct value c = *v;
	if (v->kind == VALUE_TEXT || v->kind == VALUE_DEC) {
		c.text.s = arena_strndup(a, v->text.s, v->text.len);
	} else if (v->kind == VALUE_LIST) {
		struct value *items = arena_array(a, struct value, v->list.count ? v->list.count : 1);
		for (size_t i = 0; i < v->list.count; i++)
			items[i] = value_copy(a, &v->list.items[i]);
		c.list.items = items;
	}
	return c;
}

bool value_same(const struct value *x, const struct value *y)
{
	if (x->kind != y->kind)
		return false;
	switch (x->kind) {
	case VALUE_NIL: return true;
	case VALUE_BOOL: return x->b == y->b;
	case VALUE_DEC: return decimal_compare(x, y) == 0;
	case VALUE_TEXT: return x->text.len == y->text.len && memcmp(x->text.s, y->text.s, x->text.len) == 0;
	case VALUE_LIST:
		if (x->list.count != y->list.count)
			return false;
		for (size_t i = 0; i < x->list.count; i++)
			if (!value_same(&x->list.items[i], &y->list.items[i]))
				return false;
		return true;
	default: return x->i == y->i;
	}
}

void value_json(struct buf *b, const struct value *v)
{
	switch (v->kind) {
	case VALUE_NIL: buf_puts(b, "null"); break;
	case VALUE_BOOL: buf_puts(b, v->b ? "true" : "false"); break;
	case VALUE_INT: buf_int(b, v->i); break;
	case VALUE_DEC: buf_add(b, v->text.s, v->text.len); break;
	case VALUE_TEXT: buf_json(b, v->text.s, v->text.len); break;
	case VALUE_DATE:
		buf_putc(b, '"');
		date_write(b, v->i);
		buf_putc(b, '"');
		break;
	case VALUE_TIME:
		buf_putc(b, '"');
		time_write(b, v->i);
		buf_putc(b, '"');
		break;
	case VALUE_DURATION:
		buf_putc(b, '"');
		duration_write(b, v->i);
		buf_putc(b, '"');
		break;
	case VALUE_LIST:
		buf_putc(b, '[');
		for (size_t i = 0; i < v->list.count; i++) {
			if (i)
				buf_putc(b, ',');
			value_json(b, &v->list.items[i]);
		}
		buf_putc(b, ']');
		break;
	}
}
