#include "edge/odata_shape.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/decimal.h"
#include "edge/http.h"
#include "edge/odata_filter.h"
#include "expr/expr.h"
#include "serve/plan.h"

/* Bytes that no address has: what they begin cannot be mistaken for what a client wrote. */
enum { OPTION = 1, DECODED = 2, VALUE = 3 };

struct reader {
	struct arena *a;
	struct buf *key;
	struct {
		struct odata_literal *items;
		size_t count, cap;
	} literals;
	struct {
		struct value *items;
		size_t count, cap;
	} values;
};

static void take(struct reader *s, const char *begin, const char *from, size_t len, struct value v)
{
	struct odata_literal l = {.text = from, .len = len, .at = (size_t)(from - begin)};
	arena_push(s->a, &s->literals, l);
	arena_push(s->a, &s->values, v);
	buf_putc(s->key, VALUE);
	switch (v.kind) {
	case VALUE_TEXT: buf_putc(s->key, 't'); break;
	case VALUE_DATE: buf_putc(s->key, 'd'); break;
	case VALUE_TIME: buf_putc(s->key, 'm'); break;
	case VALUE_INT: buf_putc(s->key, 'i'); break;
	default:
		/* how many digits a number has on both sides of its point says what type a calculation with it has */
		buf_putc(s->key, 'n');
		buf_int(s->key, (int64_t)strcspn(v.text.s, "."));
		buf_putc(s->key, '.');
		buf_int(s->key, decimal_scale(&v));
	}
	if (*from == '-' || *from == '+')
		buf_putc(s->key, *from);
}

/* The end of a text in quotes, NULL when it has none. */
static const char *quoted_end(const char *p, const char *end)
{
	for (p++; p < end; p++)
		if (*p == '\'') {
			if (p + 1 == end || p[1] != '\'')
				return p + 1;
			p++;
		}
	return NULL;
}

/* The filter with its literals taken out; false when it is not one that could be parsed. */
static bool filter_shape(struct reader *s, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *from;
	while (p < end) {
		from = p;
		if (*p == '\'') {
			if (!(p = quoted_end(p, end)))
				return false;
			take(s, text, from, (size_t)(p - from), odata_literal_text(s->a, from, (size_t)(p - from)));
		} else if (isdigit((unsigned char)*p) || ((*p == '-' || *p == '+') && p + 1 < end && isdigit((unsigned char)p[1]))) {
			struct value v;
			size_t n = odata_literal_number(s->a, p, end, &v);
			if (!n)
				return false;
			p += n;
			take(s, text, from, n, v);
		} else if (isalnum((unsigned char)*p) || *p == '_' || *p == '$' || *p == '@') {
			while (p < end && (isalnum((unsigned char)*p) || *p == '_' || *p == '$' || *p == '@'))
				p++;
			if (p < end && *p == '\'') { /* duration'…' */
				const char *close = memchr(p + 1, '\'', (size_t)(end - p - 1));
				if (!close)
					return false;
				p = close + 1;
			}
			buf_add(s->key, from, (size_t)(p - from));
		} else {
			buf_putc(s->key, *p++);
		}
	}
	return true;
}

static bool filter_take(struct reader *s, const char *raw, size_t len)
{
	const char *text;
	size_t n, mark = s->key->len;
	if (!http_decode(s->a, raw, len, true, &text, &n) || n > ODATA_FILTER_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ')
			return false;
	buf_putc(s->key, DECODED);
	if (filter_shape(s, text, n))
		return true;
	s->key->len = mark;
	s->key->data[mark] = 0;
	s->literals.count = s->values.count = 0;
	return false;
}

static const char *const system_options[] = {"$select", "$expand", "$filter",     "$orderby",       "$top",   "$skip",
											 "$count",  "$search", "$skiptoken",  "$format",        "$apply", "$compute",
											 "$levels", "$index",  "$deltatoken", "$schemaversion", "$id"};

bool odata_option_is(const char *raw, size_t n, const char *name)
{
	size_t m = strlen(name);
	if (n > 2 && memcmp(raw, "%24", 3) == 0) {
		raw += 3;
		n -= 3;
	} else if (n && *raw == '$') {
		raw++;
		n--;
	}
	return n == m && strncasecmp(raw, name, m) == 0;
}

static const char *system_option(const char *name)
{
	for (size_t i = 0; i < sizeof system_options / sizeof *system_options; i++)
		if (odata_option_is(name, strlen(name), system_options[i] + 1))
			return system_options[i];
	return NULL;
}

bool odata_option_known(const char *name)
{
	return system_option(name) != NULL;
}

const char *odata_option_name(const char *name)
{
	const char *own = system_option(name);
	return own ? own : *name == '$' || *name == '@' ? name : NULL;
}

/* True for a name that cannot be an option of the system, however it is escaped: it says nothing here. */
static bool clients_own(const char *raw, size_t n)
{
	if (*raw == '$' || *raw == '@' || memchr(raw, '%', n) || memchr(raw, '+', n))
		return false;
	for (size_t i = 0; i < sizeof system_options / sizeof *system_options; i++)
		if (odata_option_is(raw, n, system_options[i] + 1))
			return false;
	return true;
}

void odata_shape_read(const struct http_request *r, struct odata_shape *out)
{
	struct buf key = BUF_INIT;
	struct reader s = {.a = r->arena, .key = &key};
	bool filtered = false;
	int64_t skip = 0;
	memset(out, 0, sizeof *out);
	for (const char *p = r->query; *p;) {
		const char *amp = strchr(p, '&'), *end = amp ? amp : p + strlen(p), *eq = memchr(p, '=', (size_t)(end - p));
		const char *from = p, *value = eq ? eq + 1 : end;
		size_t name = (size_t)((eq ? eq : end) - p), len = (size_t)(end - value);
		p = amp ? amp + 1 : end;
		if (from == end || clients_own(from, name))
			continue;
		buf_putc(&key, OPTION);
		if (!filtered && odata_option_is(from, name, "filter")) {
			buf_puts(&key, "$filter=");
			if (filter_take(&s, value, len)) {
				filtered = true;
				continue;
			}
		} else if (!skip && odata_option_is(from, name, "skip") && len && len <= 6 && strspn(value, "0123456789") == len &&
				   (skip = strtoll(value, NULL, 10)) > 0 && skip <= PLAN_SKIP_MAX) {
			buf_puts(&key, "$skip=");
			buf_putc(&key, VALUE);
			continue;
		} else if (!out->token && odata_option_is(from, name, "skiptoken") && plan_token_phase(value, len) >= 0) {
			out->token = arena_strndup(r->arena, value, len);
			buf_puts(&key, "$skiptoken=");
			buf_putc(&key, VALUE);
			buf_putc(&key, (char)('0' + plan_token_phase(value, len)));
			continue;
		}
		buf_add(&key, from, (size_t)(end - from));
	}
	out->literals = s.literals.items;
	out->nliterals = s.literals.count;
	if (skip > 0 && skip <= PLAN_SKIP_MAX) {
		arena_push(r->arena, &s.values, value_int(skip));
		out->skip = (int)s.values.count;
	}
	out->values = s.values.items;
	out->count = s.values.count;
	out->key = arena_strndup(r->arena, key.data ? key.data : "", key.len);
	buf_destroy(&key);
}

bool odata_shape_free(const struct odata_literal *l)
{
	return l->node && expr_literal_of(l->node) != 0;
}
