/* ui_search: GET /ui/search?q=…: records of every section that hold the words, a few of each, for the command box. */
#ifndef OST_EDGE_UI_SEARCH_H
#define OST_EDGE_UI_SEARCH_H

struct app_request;
struct err;
struct http_request;

/* Answers the groups; sections without a text that is searched are left out. */
int ui_search(struct http_request *r, struct app_request *q, struct err *err);

#endif
