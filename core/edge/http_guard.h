/* http_guard: what a request must look like before anything else looks at it (SAFETY 1, 5, 6): pure functions over texts. */
#ifndef OST_EDGE_HTTP_GUARD_H
#define OST_EDGE_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;

/* The header lines that decide framing, counted and kept while walking the headers. */
struct http_framing {
	unsigned hosts, lengths, encodings;
	const char *host, *length, *encoding; /* the last of each */
	bool bad;                             /* a header name or value with a control character */
};

/* Notes one header. */
void http_guard_header(struct http_framing *f, const char *name, const char *value);
/* 0 when the framing is unambiguous and `version` is HTTP/1.0 or 1.1. */
int http_guard_framing(const struct http_framing *f, const char *version, struct err *err);
/* Checks and decodes the path of a raw request target ("/a%20b?x"); *query points behind '?' (or to ""). Refuses %00, %2f, %5c, "..", "//", bad UTF-8, absolute forms. */
int http_guard_target(struct arena *a, const char *raw, const char **path, const char **query, struct err *err);
/* True when `host` (with optional port) is one this server answers: the listen address, the base URL's host, localhost and loopback names, and any
 * IP literal when listening on all addresses. */
bool http_guard_host(const char *host, const char *listen, const char *base_url);

#endif
