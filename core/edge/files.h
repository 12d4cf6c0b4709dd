/* files: the /files resources: upload and download of file bodies. */
#ifndef OST_EDGE_FILES_H
#define OST_EDGE_FILES_H

struct http_request;

/* Answers /files…; the user is signed in; uploads arrive piece by piece. */
void files_handle(struct http_request *r);

#endif
