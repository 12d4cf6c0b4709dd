#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_destroy(struct buf *b)
{
	free(b->data);
	memset(b, 0, sizeof *b);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = 0;
}

char *buf_take(struct buf *b)
{
	buf_room(b, 0);
	char *p = b->data;
	memset(b, 0, sizeof *b);
	return p;
}

static __attribute__((noinline)) void grow(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 128;
	while (cap - b->len < n + 1) {
		if (cap > SIZE_MAX / 2)
			abort();
		cap *= 2;
	}
	char *p = realloc(b->data, cap);
	if (!p) {
		fputs("ostov: out of memory\n", stderr);
		abort();
	}
	b->data = p;
	b->cap = cap;
}

/* What is written goes here; whoever writes puts the NUL behind it. */
static inline char *room(struct buf *b, size_t n)
{
	if (b->cap - b->len < n + 1)
		grow(b, n);
	return b->data + b->len;
}

char *buf_room(struct buf *b, size_t n)
{
	char *p = room(b, n);
	*p = 0;
	return p;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	char *p = room(b, len);
	if (len)
		memcpy(p, data, len);
	b->len += len;
	p[len] = 0;
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	char *p = room(b, 1);
	p[0] = c;
	p[1] = 0;
	b->len++;
}

void buf_int(struct buf *b, int64_t v)
{
	char tmp[24], *p = tmp + sizeof tmp;
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--p = '-';
	buf_add(b, p, (size_t)(tmp + sizeof tmp - p));
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n > 0) {
		vsnprintf(buf_room(b, (size_t)n), (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

/* Bytes from the beginning that JSON takes as they are, found eight at a time. */
static size_t plain_bytes(const char *s, size_t len)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	size_t i = 0;
	for (uint64_t w; i + 8 <= len; i += 8) {
		memcpy(&w, s + i, 8);
		/* the top bit of a byte shows that it, or one before it, is below 0x20, a quote or a backslash */
		uint64_t quote = w ^ ones * '"', back = w ^ ones * '\\';
		if ((((w - ones * 0x20) & ~w) | ((quote - ones) & ~quote) | ((back - ones) & ~back)) & tops)
			break;
	}
	while (i < len && (unsigned char)s[i] >= 0x20 && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

void buf_json(struct buf *b, const char *s, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = plain_bytes(s, len);
	char *p = room(b, from + 2);
	p[0] = '"';
	memcpy(p + 1, s, from);
	b->len += from + 1;
	if (from == len) {
		p[len + 1] = '"';
		p[len + 2] = 0;
		b->len++;
		return;
	}
	for (size_t i = from; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(b, s + from, i - from);
		from = i + 1;
		switch (c) {
		case '"': buf_add(b, "\\\"", 2); break;
		case '\\': buf_add(b, "\\\\", 2); break;
		case '\n': buf_add(b, "\\n", 2); break;
		case '\r': buf_add(b, "\\r", 2); break;
		case '\t': buf_add(b, "\\t", 2); break;
		default: {
			char u[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
			buf_add(b, u, 6);
		}
		}
	}
	buf_add(b, s + from, len - from);
	buf_putc(b, '"');
}

void buf_ident(struct buf *b, const char *name)
{
	buf_putc(b, '"');
	for (; *name; name++) {
		if (*name == '"')
			buf_putc(b, '"');
		buf_putc(b, *name);
	}
	buf_putc(b, '"');
}
