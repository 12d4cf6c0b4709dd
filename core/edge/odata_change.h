/* odata_change: writing below /api: POST, PATCH, DELETE and moves as actions, each one unit of work, repeatable by Idempotency-Key. */
#ifndef OST_EDGE_ODATA_CHANGE_H
#define OST_EDGE_ODATA_CHANGE_H

#include "edge/odata_url.h"

struct app_request;
struct err;
struct http_request;

/* Answers a writing request; -1 leaves the answer to the caller. */
int odata_change(struct http_request *r, struct app_request *q, const struct odata_address *address, struct err *err);
/* Answers ERR_STALE with what happened to the record since the version that the client had ("ostov.current"). */
void odata_reply_stale(struct http_request *r, struct app_request *q, struct section *s, int64_t id, int64_t since, const struct err *err);
/* Reads If-Match: 1 and the version, 0 when there is none or "*", -1 when it cannot be one of ours. */
int odata_if_match(const struct http_request *r, int64_t *version);

#endif
