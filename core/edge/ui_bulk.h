/* ui_bulk: one act on many records: the preview of a deletion, and change, move or deletion of each record in a transaction of its own. */
#ifndef OST_EDGE_UI_BULK_H
#define OST_EDGE_UI_BULK_H

struct app_request;
struct err;
struct http_request;
struct section;

/* POST /ui/delete/SECTION: what would go along, and what stands in the way. */
int ui_delete_preview(struct http_request *r, struct app_request *q, struct section *s, struct err *err);
/* POST /ui/bulk/SECTION: how many were done, and why the others were not. */
int ui_bulk(struct http_request *r, struct app_request *q, struct section *s, struct err *err);

#endif
