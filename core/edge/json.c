#include "edge/json.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/say.h"
#include "base/text.h"

enum { DEPTH = 32, VALUES = 100000, DIGITS = 100 };

struct reader {
	struct arena *a;
	const char *begin, *p, *end;
	int depth, values;
	struct err *err;
};

static int fail(struct reader *r, enum err_code code, enum say_text what)
{
	return err_tell(r->err, code, what, say_number(r->a, (long long)(r->p - r->begin) + 1));
}

static void blanks(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

static int hex4(struct reader *r, uint32_t *out)
{
	uint32_t v = 0;
	if (r->end - r->p < 4)
		return fail(r, ERR_SYNTAX, SAY_JSON_ESCAPE_END);
	for (int i = 0; i < 4; i++, r->p++) {
		char c = *r->p;
		if (c >= '0' && c <= '9')
			v = v * 16 + (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v * 16 + (uint32_t)((c | 32) - 'a' + 10);
		else
			return fail(r, ERR_SYNTAX, SAY_JSON_ESCAPE);
	}
	*out = v;
	return 0;
}

static int escape(struct reader *r, char **w)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (++r->p >= r->end)
		return fail(r, ERR_SYNTAX, SAY_JSON_TEXT_END);
	const char *known = memchr(from, *r->p, sizeof from - 1);
	if (known) {
		*(*w)++ = to[known - from];
		r->p++;
		return 0;
	}
	uint32_t cp, low;
	if (*r->p++ != 'u')
		return fail(r, ERR_SYNTAX, SAY_JSON_ESCAPE);
	if (hex4(r, &cp))
		return -1;
	if (cp >= 0xd800 && cp <= 0xdbff) {
		if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u')
			return fail(r, ERR_SYNTAX, SAY_JSON_SURROGATE);
		r->p += 2;
		if (hex4(r, &low))
			return -1;
		if (low < 0xdc00 || low > 0xdfff)
			return fail(r, ERR_SYNTAX, SAY_JSON_SURROGATE);
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	} else if (cp == 0 || (cp >= 0xdc00 && cp <= 0xdfff)) {
		return fail(r, ERR_SYNTAX, cp ? SAY_JSON_SURROGATE : SAY_JSON_NUL);
	}
	*w += text_encode(cp, *w);
	return 0;
}

static int read_text(struct reader *r, const char **out, size_t *len)
{
	const char *close = r->p + 1;
	while (close < r->end && *close != '"')
		close += *close == '\\' ? 2 : 1;
	if (close >= r->end)
		return fail(r, ERR_SYNTAX, SAY_JSON_TEXT_END);
	char *text = arena_alloc(r->a, (size_t)(close - r->p) + 1), *w = text;
	for (r->p++; r->p < close;) {
		unsigned char c = (unsigned char)*r->p;
		if (c < ' ')
			return fail(r, ERR_SYNTAX, SAY_JSON_CONTROL);
		if (c == '\\') {
			if (escape(r, &w))
				return -1;
		} else {
			*w++ = *r->p++;
		}
	}
	r->p = close + 1;
	*out = text;
	*len = (size_t)(w - text);
	return 0;
}

static int read_digits(struct reader *r, struct json *v)
{
	const char *from = r->p;
	if (*r->p == '-')
		r->p++;
	const char *digits = r->p;
	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	if (r->p == digits || (*digits == '0' && r->p - digits > 1))
		return fail(r, ERR_SYNTAX, SAY_JSON_NUMBER);
	if (r->p < r->end && *r->p == '.') {
		digits = ++r->p;
		while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
			r->p++;
		if (r->p == digits)
			return fail(r, ERR_SYNTAX, SAY_JSON_NUMBER);
	}
	if (r->p < r->end && (*r->p | 32) == 'e') {
		r->p++;
		if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
			r->p++;
		digits = r->p;
		while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
			r->p++;
		if (r->p == digits || r->p - digits > 3)
			return fail(r, ERR_SYNTAX, SAY_JSON_NUMBER);
	}
	if (r->p - from > DIGITS)
		return fail(r, ERR_TOO_COMPLEX, SAY_JSON_DIGITS);
	v->kind = JSON_DIGITS;
	v->len = (size_t)(r->p - from);
	v->text = arena_strndup(r->a, from, v->len);
	return 0;
}

static int read_value(struct reader *r, struct json **out);

static int read_items(struct reader *r, struct json *v, bool map)
{
	struct map keys;
	struct json **tail = &v->first;
	char close = map ? '}' : ']';
	map_create(&keys, r->a);
	if (++r->depth > DEPTH)
		return fail(r, ERR_TOO_COMPLEX, SAY_JSON_DEPTH);
	r->p++;
	blanks(r);
	if (r->p < r->end && *r->p == close) {
		r->p++;
		r->depth--;
		return 0;
	}
	for (;;) {
		const char *key = NULL;
		size_t len = 0;
		blanks(r);
		if (map) {
			if (r->p >= r->end || *r->p != '"')
				return fail(r, ERR_SYNTAX, SAY_JSON_NAME);
			if (read_text(r, &key, &len))
				return -1;
			if (map_put_n(&keys, key, len, v))
				return fail(r, ERR_SYNTAX, SAY_JSON_TWICE);
			blanks(r);
			if (r->p >= r->end || *r->p != ':')
				return fail(r, ERR_SYNTAX, SAY_JSON_COLON);
			r->p++;
		}
		if (read_value(r, tail))
			return -1;
		(*tail)->key = key;
		tail = &(*tail)->next;
		v->count++;
		blanks(r);
		if (r->p < r->end && *r->p == ',') {
			r->p++;
			continue;
		}
		if (r->p < r->end && *r->p == close) {
			r->p++;
			r->depth--;
			return 0;
		}
		return fail(r, ERR_SYNTAX, map ? SAY_JSON_BRACE : SAY_JSON_BRACKET);
	}
}

static int read_value(struct reader *r, struct json **out)
{
	static const struct {
		const char *text;
		enum json_kind kind;
	} words[] = {{"null", JSON_NIL}, {"true", JSON_TRUE}, {"false", JSON_FALSE}};
	struct json *v = *out = arena_new(r->a, struct json);
	blanks(r);
	if (++r->values > VALUES)
		return fail(r, ERR_TOO_COMPLEX, SAY_JSON_VALUES);
	if (r->p >= r->end)
		return fail(r, ERR_SYNTAX, SAY_JSON_END);
	if (*r->p == '{' || *r->p == '[') {
		v->kind = *r->p == '{' ? JSON_MAP : JSON_LIST;
		return read_items(r, v, v->kind == JSON_MAP);
	}
	if (*r->p == '"') {
		v->kind = JSON_TEXT;
		return read_text(r, &v->text, &v->len);
	}
	if (*r->p == '-' || (*r->p >= '0' && *r->p <= '9'))
		return read_digits(r, v);
	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(words[i].text);
		if ((size_t)(r->end - r->p) >= n && memcmp(r->p, words[i].text, n) == 0) {
			v->kind = words[i].kind;
			r->p += n;
			return 0;
		}
	}
	return fail(r, ERR_SYNTAX, SAY_JSON_VALUE);
}

int json_read(struct arena *a, const char *body, size_t len, struct json **out, struct err *err)
{
	struct reader r = {.a = a, .begin = body, .p = body, .end = body + len, .err = err};
	if (!text_valid(body, len))
		return err_tell(err, ERR_SYNTAX, SAY_BODY_UTF8);
	if (read_value(&r, out))
		return -1;
	blanks(&r);
	return r.p == r.end ? 0 : fail(&r, ERR_SYNTAX, SAY_JSON_BEHIND);
}

const struct json *json_get(const struct json *map, const char *key)
{
	if (!map || map->kind != JSON_MAP)
		return NULL;
	for (const struct json *v = map->first; v; v = v->next)
		if (strcmp(v->key, key) == 0)
			return v;
	return NULL;
}

const char *json_get_text(const struct json *map, const char *key)
{
	const struct json *v = json_get(map, key);
	return v && v->kind == JSON_TEXT ? v->text : NULL;
}

bool json_get_int(const struct json *map, const char *key, long long *out)
{
	const struct json *v = json_get(map, key);
	char *end;
	if (!v || v->kind != JSON_DIGITS)
		return false;
	errno = 0;
	*out = strtoll(v->text, &end, 10);
	return !*end && !errno;
}
