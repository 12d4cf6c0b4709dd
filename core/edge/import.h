/* import: imports as the web application sees them: resources that start and watch, a job that works (docs/developers/http-contract.md, "Import").
 *
 * An import is a row of ostov.import, its user's alone. Finding out what the file is and bringing in its rows are jobs; rejected rows stand in ostov.import_error.
 * Not here: columns (import_map), rows (import_run). */
#ifndef OST_EDGE_IMPORT_H
#define OST_EDGE_IMPORT_H

#include <stddef.h>

struct app_request;
struct err;
struct http_request;

/* Names the job kinds "import_detect" and "import_run"; once in a job worker. */
void import_register_jobs(void);
/* /ui/import…: `part` holds what stands behind "/ui/import", n parts. */
int import_handle(struct http_request *r, struct app_request *q, const char *const *part, size_t n, struct err *err);

#endif
