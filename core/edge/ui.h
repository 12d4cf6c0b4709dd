/* ui: the /ui resources, what the generated application is drawn from and works with (docs/developers/http-contract.md). */
#ifndef OST_EDGE_UI_H
#define OST_EDGE_UI_H

struct http_request;

/* Answers /ui/…; the user is signed in. */
void ui_handle(struct http_request *r);

#endif
