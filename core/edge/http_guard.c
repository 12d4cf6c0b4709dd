#include "edge/http_guard.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "base/text.h"
#include "edge/http.h"

enum { MAX_TARGET = 16 * 1024 };

void http_guard_gap(struct http_framing *f, const char *next, size_t gap)
{
	if (f->end && (uintptr_t)next != (uintptr_t)f->end + gap)
		f->torn = true;
	for (size_t i = 0; f->end && !f->torn && i < gap; i++)
		f->torn = f->end[i] != 0;
}

void http_guard_header(struct http_framing *f, const char *name, const char *value)
{
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (*p <= ' ' || *p == 127)
			f->bad = true;
	for (const unsigned char *p = (const unsigned char *)(value ? value : ""); *p; p++)
		if ((*p < ' ' && *p != '\t') || *p == 127)
			f->bad = true;
	if (strcasecmp(name, "Host") == 0) {
		f->hosts++;
		f->host = value;
	} else if (strcasecmp(name, "Content-Length") == 0) {
		f->lengths++;
		f->length = value;
	} else if (strcasecmp(name, "Transfer-Encoding") == 0) {
		f->encodings++;
		f->encoding = value;
	}
}

int http_guard_framing(const struct http_framing *f, const char *version, struct err *err)
{
	if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
		return err_tell(err, ERR_SYNTAX, SAY_HTTP_VERSION);
	if (f->bad)
		return err_tell(err, ERR_SYNTAX, SAY_HTTP_HEADER);
	if (f->torn)
		return err_tell(err, ERR_SYNTAX, SAY_HTTP_LINES);
	if (f->hosts > 1 || (f->hosts == 0 && strcmp(version, "HTTP/1.1") == 0))
		return err_tell(err, ERR_SYNTAX, SAY_HTTP_HOST);
	if (f->lengths > 1 || f->encodings > 1 || (f->lengths && f->encodings))
		return err_tell(err, ERR_SYNTAX, SAY_HTTP_LENGTH);
	if (f->encodings && (strcasecmp(f->encoding ? f->encoding : "", "chunked") != 0 || strcmp(version, "HTTP/1.0") == 0))
		return err_tell(err, ERR_SYNTAX, SAY_HTTP_ENCODING);
	if (f->lengths) {
		size_t n = f->length ? strlen(f->length) : 0;
		if (n == 0 || n > 18 || strspn(f->length, "0123456789") != n)
			return err_tell(err, ERR_SYNTAX, SAY_HTTP_LENGTH_NUMBER);
	}
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_decode(struct arena *a, const char *s, size_t len, bool plus, const char **out, size_t *out_len)
{
	char *p = arena_alloc(a, len + 1);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '%') {
			int hi = i + 2 < len ? hex_digit(s[i + 1]) : -1, lo = i + 2 < len ? hex_digit(s[i + 2]) : -1;
			if (hi < 0 || lo < 0)
				return false;
			p[n++] = (char)(hi << 4 | lo);
			i += 2;
		} else {
			p[n++] = plus && s[i] == '+' ? ' ' : s[i];
		}
	}
	*out = p;
	if (out_len)
		*out_len = n;
	return text_valid(p, n);
}

int http_guard_target(struct arena *a, const char *raw, const char **path, const char **query, struct err *err)
{
	size_t len = strlen(raw);
	if (len > MAX_TARGET)
		return err_tell(err, ERR_URI_TOO_LONG, SAY_ADDRESS_LONG, say_number(a, MAX_TARGET));
	if (raw[0] != '/')
		return err_tell(err, ERR_SYNTAX, SAY_ADDRESS_SLASH);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)raw[i] <= ' ' || raw[i] == 127)
			return err_tell(err, ERR_SYNTAX, SAY_ADDRESS_CONTROL);
	const char *q = strchr(raw, '?');
	size_t plen = q ? (size_t)(q - raw) : len;
	for (size_t i = 0; i + 2 < plen; i++)
		if (raw[i] == '%' && ((raw[i + 1] == '2' && (raw[i + 2] | 32) == 'f') || (raw[i + 1] == '5' && (raw[i + 2] | 32) == 'c')))
			return err_tell(err, ERR_SYNTAX, SAY_PATH_SLASH);
	size_t n;
	if (!http_decode(a, raw, plen, false, path, &n))
		return err_tell(err, ERR_SYNTAX, SAY_PATH_ESCAPE);
	const char *p = *path;
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)p[i] < ' ' || p[i] == 127 || p[i] == '\\')
			return err_tell(err, ERR_SYNTAX, SAY_PATH_CHARACTER);
		if (p[i] == '/' && (p[i + 1] == '/' || (p[i + 1] == '.' && (p[i + 2] == 0 || p[i + 2] == '/' ||
																	(p[i + 2] == '.' && (p[i + 3] == 0 || p[i + 3] == '/'))))))
			return err_tell(err, ERR_SYNTAX, SAY_PATH_SEGMENT);
	}
	*query = q ? q + 1 : "";
	const char *decoded;
	if (!http_decode(a, *query, strlen(*query), true, &decoded, NULL))
		return err_tell(err, ERR_SYNTAX, SAY_QUERY_ESCAPE);
	return 0;
}

static size_t host_length(const char *host)
{
	if (host[0] == '[') {
		const char *end = strchr(host, ']');
		return end ? (size_t)(end - host) + 1 : strlen(host);
	}
	return strcspn(host, ":/");
}

static bool host_is(const char *host, size_t n, const char *other)
{
	size_t m = host_length(other);
	return n == m && strncasecmp(host, other, n) == 0;
}

bool http_guard_host(const char *host, const char *listen, const char *base_url)
{
	if (!host || !*host)
		return false;
	size_t n = host_length(host);
	if (host[n] && (host[n] != ':' || strspn(host + n + 1, "0123456789") != strlen(host + n + 1)))
		return false;
	if (host_is(host, n, "localhost") || host_is(host, n, "127.0.0.1") || host_is(host, n, "[::1]") || host_is(host, n, listen))
		return true;
	const char *slashes = base_url ? strstr(base_url, "://") : NULL;
	if (slashes && host_is(host, n, slashes + 3))
		return true;
	bool all = host_is("0.0.0.0", 7, listen) || host_is("[::]", 4, listen);
	return all && (host[0] == '[' || strspn(host, "0123456789.") == n);
}
