/* odata_task: checklists in the API: /api/deal(17)/tasks, /api/deal(17)/tasks(5) and its actions finish and reopen.
 *
 * Not here: $expand=tasks (plan), what a tick means (serve/task). */
#ifndef OST_EDGE_ODATA_TASK_H
#define OST_EDGE_ODATA_TASK_H

#include "edge/odata_url.h"

struct app_request;
struct err;
struct http_request;

/* GET of the rows, or of one. */
int odata_task_read(struct http_request *r, struct app_request *q, const struct odata_address *address, struct err *err);
/* POST of an action. */
int odata_task_act(struct http_request *r, struct app_request *q, const struct odata_address *address, struct err *err);

#endif
