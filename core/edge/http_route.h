/* http_route: which resource answers which address, and what every request needs before it gets there: configuration, user, language, CSRF. */
#ifndef OST_EDGE_HTTP_ROUTE_H
#define OST_EDGE_HTTP_ROUTE_H

#include <stdbool.h>

#include "edge/http.h"

/* The handler of http_config: http_server_ctx is the process's struct app. */
void http_route(struct http_request *r);
/* The language for who names none: the configuration's. */
int http_route_language(void *ctx);
/* Which requests read their body piece by piece. */
bool http_route_streams(enum http_method method, const char *path);

#endif
