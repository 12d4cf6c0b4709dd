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
	bool torn;                            /* something stands between the texts of the head */
	const char *end;                      /* where the text before ends, or NULL: not looked at */
};

/* Looks at the bytes between two texts of a request's head, `gap` of them when all is well. The parser ends texts in place: it writes NUL over blanks, CR and LF, stops at a NUL of the
 * client's, takes an LF alone and joins folded lines elsewhere. Only where exactly `gap` NULs stand between the end of one text and the start of the next was nothing hidden. */
void http_guard_gap(struct http_framing *f, const char *next, size_t gap);
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
