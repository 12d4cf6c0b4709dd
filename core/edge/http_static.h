/* http_static: the built web application: its files with their precompressed variants, index.html for every other address of the UI. */
#ifndef OST_EDGE_HTTP_STATIC_H
#define OST_EDGE_HTTP_STATIC_H

struct http_request;
struct http_static;
struct err;

/* Lists the files below `dir` (at most 2,000); the result lives as long as the process. -1 when there is no index.html. */
int http_static_open(const char *dir, struct http_static **out, struct err *err);
/* Answers GET and HEAD: a file by its path (hashed ones may be cached for ever), else index.html. */
void http_static_handle(const struct http_static *s, struct http_request *r);

#endif
