/* odata: the /api resources (docs/api.md). */
#ifndef OST_EDGE_ODATA_H
#define OST_EDGE_ODATA_H

struct http_request;

/* Answers /api…; the user is signed in. */
void odata_handle(struct http_request *r);

#endif
