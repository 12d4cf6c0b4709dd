/* odata_read: answering GET below /api: lists, one record, navigations, counts. Compiled plans are kept by shape. */
#ifndef OST_EDGE_ODATA_READ_H
#define OST_EDGE_ODATA_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "edge/odata_url.h"

struct app_request;
struct err;
struct http_request;

/* Answers the GET or HEAD of a set, a record or a part of one; -1 leaves the answer to the caller. */
int odata_read(struct http_request *r, struct app_request *q, const struct odata_address *address, struct err *err);
/* The field behind the part of an address, a navigation or a property; NULL when the user reads none of that name. */
struct field *odata_part_field(struct arena *a, struct app_request *q, const struct odata_address *address);
/* Writes the record as the answer with `status`: what a write returns. $select and $expand of the request hold for it, without them all readable fields (and titles when preferred). */
int odata_read_back(struct http_request *r, struct app_request *q, struct section *s, int64_t id, int status, struct err *err);
/* Looks, before a write, that its answer can be given: options that one record does not take are errors. */
int odata_read_check(struct http_request *r, struct app_request *q, struct section *s, struct err *err);
/* Plans of this process: compiled so far, and found among those that are kept. */
void odata_read_counts(uint64_t *compiled, uint64_t *found);

#endif
