#include "base/text.h"

#include <string.h>
#include <unicode/ucasemap.h>
#include <unicode/ustring.h>

#include "base/arena.h"

bool text_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;
	while (p < end) {
		unsigned char c = *p;
		size_t n;
		uint32_t cp;
		if (c == 0)
			return false;
		if (c < 0x80) {
			p++;
			continue;
		}
		if (c >= 0xc2 && c <= 0xdf)
			n = 1, cp = c & 0x1f;
		else if ((c & 0xf0) == 0xe0)
			n = 2, cp = c & 0x0f;
		else if (c >= 0xf0 && c <= 0xf4)
			n = 3, cp = c & 0x07;
		else
			return false;
		if ((size_t)(end - p) <= n)
			return false;
		for (size_t i = 1; i <= n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return false;
			cp = cp << 6 | (p[i] & 0x3f);
		}
		if ((n == 2 && cp < 0x800) || (n == 3 && cp < 0x10000) || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
			return false;
		p += n + 1;
	}
	return true;
}

size_t text_length(const char *s, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

uint32_t text_next(const char **p, const char *end)
{
	const unsigned char *s = (const unsigned char *)*p;
	uint32_t cp = *s;
	int n = cp < 0x80 ? 0 : cp < 0xe0 ? 1 : cp < 0xf0 ? 2 : 3;
	if (n)
		cp &= 0x3fu >> n;
	s++;
	while (n-- && (const char *)s < end)
		cp = cp << 6 | (*s++ & 0x3f);
	*p = (const char *)s;
	return cp;
}

size_t text_encode(uint32_t cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

char *text_lower(struct arena *a, const char *s, size_t len, size_t *out_len)
{
	bool ascii = true;
	for (size_t i = 0; i < len && ascii; i++)
		ascii = (unsigned char)s[i] < 0x80;
	if (ascii) {
		char *out = arena_strndup(a, s, len);
		for (size_t i = 0; i < len; i++)
			if (out[i] >= 'A' && out[i] <= 'Z')
				out[i] = (char)(out[i] + 32);
		*out_len = len;
		return out;
	}
	/* one case map for the process: it is immutable after opening */
	static UCaseMap *map;
	UErrorCode status = U_ZERO_ERROR;
	if (!map)
		map = ucasemap_open("", 0, &status);
	size_t cap = len * 3 + 16;
	char *out = arena_alloc(a, cap);
	status = U_ZERO_ERROR;
	int32_t n = ucasemap_utf8ToLower(map, out, (int32_t)cap, s, (int32_t)len, &status);
	if (U_FAILURE(status)) {
		*out_len = len;
		return arena_strndup(a, s, len);
	}
	*out_len = (size_t)n;
	out[n] = 0;
	return out;
}

size_t text_distance(const char *a, const char *b, size_t limit)
{
	enum { MAX = 64 };
	size_t la = strlen(a), lb = strlen(b);
	if (la > MAX || lb > MAX || (la > lb ? la - lb : lb - la) > limit)
		return limit;
	size_t rows[3][MAX + 1], *before = rows[0], *last = rows[1], *now = rows[2];
	memset(rows, 0, sizeof rows);
	for (size_t j = 0; j <= lb; j++)
		last[j] = j;
	for (size_t i = 1; i <= la; i++) {
		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t d = last[j - 1] + (a[i - 1] != b[j - 1]);
			if (last[j] + 1 < d)
				d = last[j] + 1;
			if (now[j - 1] + 1 < d)
				d = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			now[j] = d;
		}
		size_t *t = before;
		before = last;
		last = now;
		now = t;
	}
	return last[lb] < limit ? last[lb] : limit;
}

size_t text_near_limit(size_t len)
{
	return len < 3 ? 0 : len < 6 ? 1 : len < 10 ? 2 : 3;
}

size_t text_cut(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

const char *text_nearest(const char *name, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t best_distance = text_near_limit(strlen(name)) + 1;
	for (size_t i = 0; i < n; i++) {
		size_t d = text_distance(name, names[i], best_distance);
		if (d < best_distance) {
			best_distance = d;
			best = names[i];
		}
	}
	return best;
}

bool text_is_name(const char *s, size_t len)
{
	if (len == 0 || len > 48 || s[0] < 'a' || s[0] > 'z')
		return false;
	for (size_t i = 1; i < len; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '_'))
			return false;
	return true;
}
