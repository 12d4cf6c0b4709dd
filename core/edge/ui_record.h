/* ui_record: the /ui resources of one record's page: the form's rules, type-ahead of lookups, history. */
#ifndef OST_EDGE_UI_RECORD_H
#define OST_EDGE_UI_RECORD_H

struct app_request;
struct err;
struct http_request;
struct section;
struct field;
struct arena;

#include <stdint.h>

/* POST /ui/form/SECTION */
int ui_form(struct http_request *r, struct app_request *q, struct section *s, struct err *err);
/* POST /ui/lookup/SECTION/FIELD */
int ui_lookup(struct http_request *r, struct app_request *q, struct section *s, const char *field, struct err *err);
/* GET /ui/history/SECTION/ID */
int ui_history(struct http_request *r, struct app_request *q, struct section *s, int64_t id, struct err *err);

#endif
