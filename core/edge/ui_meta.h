/* ui_meta: GET /ui/meta: what the generated application is drawn from: the sections, fields, forms, stages and lists that this user may know, in the user's language. */
#ifndef OST_EDGE_UI_META_H
#define OST_EDGE_UI_META_H

struct app_request;
struct http_request;

/* Answers the description, or 304 when the client has it. */
void ui_meta(struct http_request *r, struct app_request *q);

#endif
