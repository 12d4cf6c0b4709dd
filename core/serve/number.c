#include "serve/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "pg/pg.h"
#include "serve/unit.h"

enum { BLOCK = 64, POOLS = 64 };

static void put_token(struct buf *b, const char *token, size_t len, int64_t year, int month, int day)
{
	if (len == 4 && memcmp(token, "yyyy", 4) == 0)
		buf_printf(b, "%04lld", (long long)year);
	else if (len == 2 && memcmp(token, "yy", 2) == 0)
		buf_printf(b, "%02lld", (long long)(year % 100));
	else if (len == 2 && memcmp(token, "mm", 2) == 0)
		buf_printf(b, "%02d", month);
	else if (len == 2 && memcmp(token, "dd", 2) == 0)
		buf_printf(b, "%02d", day);
	else
		buf_printf(b, "{%.*s}", (int)len, token);
}

void number_shape(struct unit *u, const struct field *f, struct number_shape *out)
{
	struct buf parts[2] = {BUF_INIT, BUF_INIT};
	int at = 0, month, day;
	int64_t year;
	date_to_civil(u->today, &year, &month, &day);
	out->digits = 1;
	const char *p = f->pattern ? f->pattern : "{seq}";
	while (*p) {
		const char *close = *p == '{' ? strchr(p, '}') : NULL;
		if (!close) {
			buf_putc(&parts[at], *p++);
			continue;
		}
		size_t len = (size_t)(close - p - 1);
		if (at == 0 && len >= 3 && memcmp(p + 1, "seq", 3) == 0) {
			if (len > 4 && p[4] == ':')
				out->digits = atoi(p + 5);
			at = 1;
		} else {
			put_token(&parts[at], p + 1, len, year, month, day);
		}
		p = close + 1;
	}
	out->before = arena_strndup(u->arena, parts[0].data ? parts[0].data : "", parts[0].len);
	out->after = arena_strndup(u->arena, parts[1].data ? parts[1].data : "", parts[1].len);
	out->series = arena_printf(u->arena, "%lld:%s{seq}%s", (long long)f->id, out->before, out->after);
	buf_destroy(&parts[0]);
	buf_destroy(&parts[1]);
}

int64_t number_parse(const struct number_shape *n, const char *text)
{
	size_t len = strlen(text), before = strlen(n->before), after = strlen(n->after);
	if (len <= before + after || strncmp(text, n->before, before) != 0 || strcmp(text + len - after, n->after) != 0)
		return -1;
	size_t digits = len - before - after;
	if (digits > 18 || strspn(text + before, "0123456789") < digits)
		return -1;
	return strtoll(text + before, NULL, 10);
}

/* Numbers reserved for bulk writes of this process: what is left of a block serves the next unit. */
static struct pool {
	struct pg *pg;
	char *series;
	int64_t next, end;
} pools[POOLS];
static size_t pool_victim;

static struct pool *pool_of(struct pg *pg, const char *series)
{
	for (size_t i = 0; i < POOLS; i++)
		if (pools[i].series && pools[i].pg == pg && strcmp(pools[i].series, series) == 0)
			return &pools[i];
	struct pool *p = &pools[pool_victim++ % POOLS];
	free(p->series);
	*p = (struct pool){.pg = pg, .series = strdup(series)};
	return p;
}

int number_reserve(struct unit *u, const struct field *f, const char **out, struct err *err)
{
	struct number_shape n;
	number_shape(u, f, &n);
	struct pool *p = pool_of(u->pg, n.series);
	if (p->next == p->end) {
		struct pg_params params = {0};
		struct pg_rows *rows;
		pg_params_text(u->arena, &params, PG_TEXT, n.series);
		pg_params_int(u->arena, &params, BLOCK);
		/* its own transaction: the counter's row is not held while the bulk goes on */
		if (pg_run_outside(u->pg, u->arena,
						   "INSERT INTO ostov.counter AS c (series, value) VALUES ($1, $2) ON CONFLICT (series) DO UPDATE SET value = c.value + $2 RETURNING value", &params,
						   &rows, err) < 0)
			return -1;
		p = pool_of(u->pg, n.series);
		p->end = pg_rows_int(rows, 0, 0) + 1;
		p->next = p->end - BLOCK;
	}
	*out = arena_printf(u->arena, "%s%0*lld%s", n.before, n.digits, (long long)p->next++, n.after);
	return 0;
}
