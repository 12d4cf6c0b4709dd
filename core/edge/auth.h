/* auth: signing in over HTTP: cookies, bearer tokens, Basic, CSRF, and the /auth resources (docs/developers/http-contract.md). */
#ifndef OST_EDGE_AUTH_H
#define OST_EDGE_AUTH_H

#include <stdbool.h>

struct app_request;
struct err;
struct http_request;

/* Finds who sends the request: fills session (user_id 0 when it brings nothing). ERR_UNAUTHORIZED for a wrong token or Basic, ERR_CSRF for a write by cookie
 * without its X-CSRF-Token. A cookie that is no longer valid counts as nothing. */
int auth_identify(struct http_request *r, struct app_request *q, struct err *err);
/* False for the page of another site: it neither signs its visitor in here nor writes with what the visitor's browser sends by itself. */
bool auth_own_origin(const struct http_request *r);
/* /auth/… */
void auth_handle(struct http_request *r);

#endif
