/* http_static: the built web application: its files with their precompressed variants, index.html for every other address of the UI.
 *
 * A build that replaces the folder's content while the server runs is noticed within seconds and served when it is whole. Pages that are open keep finding the
 * hashed files of the last builds, which are held open though their names are gone.
 * Not here: what the application asks for (http_route). */
#ifndef OST_EDGE_HTTP_STATIC_H
#define OST_EDGE_HTTP_STATIC_H

#include <stdbool.h>

struct http_request;
struct http_static;

/* Opens the files below `dir` (at most 1,000), which must outlive the result; the result lives as long as the process. */
struct http_static *http_static_new(const char *dir);
/* True when there is an index.html and all that it names. */
bool http_static_built(const struct http_static *s);
/* Looks for another build from now on; on the loop. */
void http_static_watch(struct http_static *s);
/* Answers GET and HEAD: a file by its path (hashed ones may be cached for ever), else index.html. */
void http_static_handle(struct http_static *s, struct http_request *r);

#endif
