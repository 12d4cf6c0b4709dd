/* auth: signing in over HTTP: cookies, bearer tokens, Basic, CSRF, and the /auth resources (docs/developers/http-contract.md). */
#ifndef OST_EDGE_AUTH_H
#define OST_EDGE_AUTH_H

struct app_request;
struct err;
struct http_request;

/* Finds who sends the request: fills session (user_id 0 when it brings nothing). ERR_UNAUTHORIZED for a wrong token or Basic, ERR_CSRF for a write by cookie
 * without its X-CSRF-Token. A cookie that is no longer valid counts as nothing. */
int auth_identify(struct http_request *r, struct app_request *q, struct err *err);
/* /auth/… */
void auth_handle(struct http_request *r);

#endif
