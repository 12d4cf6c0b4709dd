/* http_proxy: who really asks, where a reverse proxy stands in front.
 *
 * X-Forwarded-For and X-Forwarded-Proto are believed from this machine and from proxies that the operator named, and only when --base-url says that there is one;
 * X-Forwarded-Host and Forwarded never.
 * Not here: the Host check (http_guard). */
#ifndef OST_EDGE_HTTP_PROXY_H
#define OST_EDGE_HTTP_PROXY_H

#include <stdbool.h>

struct arena;
struct http_proxies;

/* "10.0.0.5, 10.1.0.0/16, fd00::/8": this machine and these, at most 32; `list` may be NULL. -1 and in *bad what is no address. Lives in the arena. */
int http_proxies_parse(struct arena *a, const char *list, struct http_proxies **out, const char **bad);
/* True for an address in text form whose headers are believed. */
bool http_proxies_trust(const struct http_proxies *p, const char *address);
/* True for an address of this machine's own. */
bool http_proxies_loopback(const char *address);
/* The client as its nearest trusted proxy saw it: the last address of `forwarded_for` that is not a trusted proxy itself; the peer when there is none or it is
 * no address. In `a`, in the form of inet_ntop. */
const char *http_proxies_client(struct arena *a, const struct http_proxies *p, const char *peer, const char *forwarded_for);

#endif
