#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "base/say.h"
#include "pg/pg.h"
#include "pg/pg_pool.h"

int pg_params_check(const struct pg_params *params, struct err *err)
{
	if (params && params->count > PG_PARAMS_LIMIT)
		return err_tell(err, ERR_TOO_COMPLEX, SAY_DB_VALUES, say_number(err ? err->arena : NULL, PG_PARAMS_LIMIT));
	return 0;
}

static void add(struct arena *a, struct pg_params *p, enum pg_type type, const char *text, size_t len)
{
	struct pg_param one = {.text = text, .len = text ? len : 0, .type = type};
	arena_push(a, p, one);
}

void pg_params_text(struct arena *a, struct pg_params *p, enum pg_type type, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	add(a, p, type, text ? arena_strndup(a, text, len) : NULL, len);
}

void pg_params_int(struct arena *a, struct pg_params *p, int64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%" PRId64, v);
	add(a, p, PG_INT8, arena_strndup(a, text, (size_t)n), (size_t)n);
}

void pg_params_bool(struct arena *a, struct pg_params *p, bool v)
{
	add(a, p, PG_BOOL, v ? "t" : "f", 1);
}

void pg_params_bytes(struct arena *a, struct pg_params *p, const void *data, size_t len)
{
	add(a, p, PG_BYTEA, data ? arena_strndup(a, data, len) : NULL, len);
}

/* As PostgreSQL reads the value in its text form; a list element when `quoted`. */
static void value_write(struct buf *b, const struct value *v, bool quoted)
{
	switch (v->kind) {
	case VALUE_NIL: buf_puts(b, "NULL"); break;
	case VALUE_BOOL: buf_putc(b, v->b ? 't' : 'f'); break;
	case VALUE_INT:
	case VALUE_DURATION: buf_int(b, v->i); break;
	case VALUE_DEC: buf_add(b, v->text.s, v->text.len); break;
	case VALUE_DATE: date_write(b, v->i); break;
	case VALUE_TIME:
		if (quoted)
			buf_putc(b, '"');
		time_write(b, v->i);
		if (quoted)
			buf_putc(b, '"');
		break;
	case VALUE_TEXT:
		if (!quoted) {
			buf_add(b, v->text.s, v->text.len);
			break;
		}
		buf_putc(b, '"');
		for (size_t i = 0; i < v->text.len; i++) {
			char c = v->text.s[i];
			if (c == '"' || c == '\\')
				buf_putc(b, '\\');
			buf_putc(b, c);
		}
		buf_putc(b, '"');
		break;
	case VALUE_LIST:
		buf_putc(b, '{');
		for (size_t i = 0; i < v->list.count; i++) {
			if (i)
				buf_putc(b, ',');
			value_write(b, &v->list.items[i], true);
		}
		buf_putc(b, '}');
		break;
	}
}

void pg_params_value(struct arena *a, struct pg_params *p, enum pg_type type, const struct value *v)
{
	if (v->kind == VALUE_NIL) {
		add(a, p, type, NULL, 0);
		return;
	}
	if (v->kind == VALUE_TEXT || v->kind == VALUE_DEC) {
		/* the commonest: one copy */
		add(a, p, type, arena_strndup(a, v->text.s, v->text.len), v->text.len);
		return;
	}
	struct buf b = BUF_INIT;
	value_write(&b, v, false);
	add(a, p, type, arena_strndup(a, b.data, b.len), b.len);
	buf_destroy(&b);
}
