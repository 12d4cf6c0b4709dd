#include "pg/pg_stmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg/pg_conn.h"

enum { BUCKETS = 1024 };

static void *must(void *p)
{
	if (!p) {
		fputs("ostov: out of memory\n", stderr);
		abort();
	}
	return p;
}

/* Eight bytes a step: statements are a kilobyte long and looked up with every run. */
static uint64_t text_hash(const char *s, size_t len)
{
	uint64_t h = 0x9E3779B97F4A7C15u ^ len, w;
	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&w, s, 8);
		h = (h ^ w) * 0xFF51AFD7ED558CCDu;
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, s, len);
	h = (h ^ w) * 0xC4CEB9FE1A85EC53u;
	return h ^ (h >> 29);
}

static bool types_same(const struct pg_stmt *s, const struct pg_params *p)
{
	if (s->ntypes != (p ? p->count : 0))
		return false;
	for (size_t i = 0; i < s->ntypes; i++)
		if (s->types[i] != (unsigned)p->items[i].type)
			return false;
	return true;
}

static void lru_remove(struct pg_conn *c, struct pg_stmt *s)
{
	if (s->older)
		s->older->newer = s->newer;
	else
		c->lru_first = s->newer;
	if (s->newer)
		s->newer->older = s->older;
	else
		c->lru_last = s->older;
	s->older = s->newer = NULL;
}

static void lru_append(struct pg_conn *c, struct pg_stmt *s)
{
	s->older = c->lru_last;
	s->newer = NULL;
	if (c->lru_last)
		c->lru_last->newer = s;
	else
		c->lru_first = s;
	c->lru_last = s;
}

void pg_stmt_name(const struct pg_stmt *s, char name[PG_STMT_NAME])
{
	char digits[PG_STMT_NAME];
	unsigned n = s->number;
	size_t i = 0, k = 0;
	do
		digits[i++] = (char)('0' + n % 10);
	while (n /= 10);
	name[k++] = 's';
	while (i)
		name[k++] = digits[--i];
	name[k] = 0;
}

struct pg_stmt *pg_stmt_find(struct pg_conn *c, const char *sql, const struct pg_params *params)
{
	if (!c->buckets)
		return NULL;
	size_t len = strlen(sql);
	uint64_t h = text_hash(sql, len);
	for (struct pg_stmt *s = c->buckets[h % BUCKETS]; s; s = s->chain) {
		if (s->hash == h && s->len == len && memcmp(s->sql, sql, len) == 0 && types_same(s, params)) {
			if (c->lru_last != s) {
				lru_remove(c, s);
				lru_append(c, s);
			}
			return s;
		}
	}
	return NULL;
}

struct pg_stmt *pg_stmt_enter(struct pg_conn *c, const char *sql, const struct pg_params *params)
{
	if (!c->buckets)
		c->buckets = must(calloc(BUCKETS, sizeof *c->buckets));
	while (c->nstmts >= PG_STMT_LIMIT)
		pg_stmt_forget(c, c->lru_first, true);
	size_t len = strlen(sql), n = params ? params->count : 0;
	struct pg_stmt *s = must(calloc(1, sizeof *s + n * sizeof *s->types + len + 1));
	s->types = (unsigned *)(s + 1);
	s->sql = (char *)(s->types + n);
	memcpy(s->sql, sql, len + 1);
	s->len = len;
	s->ntypes = n;
	for (size_t i = 0; i < n; i++)
		s->types[i] = (unsigned)params->items[i].type;
	s->hash = text_hash(sql, len);
	s->number = c->next_stmt++;
	s->refs = 1;
	s->cached = true;
	struct pg_stmt **bucket = &c->buckets[s->hash % BUCKETS];
	s->chain = *bucket;
	*bucket = s;
	lru_append(c, s);
	c->nstmts++;
	return s;
}

void pg_stmt_forget(struct pg_conn *c, struct pg_stmt *s, bool allocated)
{
	if (!s->cached)
		return;
	struct pg_stmt **p = &c->buckets[s->hash % BUCKETS];
	while (*p != s)
		p = &(*p)->chain;
	*p = s->chain;
	lru_remove(c, s);
	c->nstmts--;
	s->cached = false;
	if (allocated) {
		if (c->ngarbage == c->garbage_cap) {
			c->garbage_cap = c->garbage_cap ? c->garbage_cap * 2 : 16;
			c->garbage = must(realloc(c->garbage, c->garbage_cap * sizeof *c->garbage));
		}
		c->garbage[c->ngarbage++] = s->number;
	}
	pg_stmt_unref(s);
}

struct pg_stmt *pg_stmt_ref(struct pg_stmt *s)
{
	s->refs++;
	return s;
}

void pg_stmt_unref(struct pg_stmt *s)
{
	if (s && --s->refs == 0)
		free(s);
}

void pg_stmt_clear(struct pg_conn *c)
{
	while (c->lru_first)
		pg_stmt_forget(c, c->lru_first, false);
	free(c->buckets);
	c->buckets = NULL;
	free(c->garbage);
	c->garbage = NULL;
	c->ngarbage = c->garbage_cap = 0;
}
