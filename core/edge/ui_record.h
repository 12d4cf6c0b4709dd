/* ui_record: the /ui resources of one record's page: the form's rules, type-ahead of lookups, history. */
#ifndef OST_EDGE_UI_RECORD_H
#define OST_EDGE_UI_RECORD_H

#include <stdbool.h>
#include <stdint.h>

struct app_request;
struct err;
struct http_request;
struct json;
struct section;
struct arena;

/* Digits alone, as a number. */
bool ui_number(const char *text, int64_t *out);
/* The JSON body of a POST, an object. */
int ui_read_json(struct http_request *r, struct app_request *q, struct json **body, struct err *err);
/* What a unit said of a failure is copied to `a`: it must outlive the unit. */
void ui_keep_error(struct arena *a, struct err *err);
/* The title of one record as the actor sees it, or NULL; in `a`. */
const char *ui_title(struct app_request *q, struct arena *a, struct section *s, int64_t id);
/* POST /ui/form/SECTION */
int ui_form(struct http_request *r, struct app_request *q, struct section *s, struct err *err);
/* POST /ui/lookup/SECTION/FIELD */
int ui_lookup(struct http_request *r, struct app_request *q, struct section *s, const char *field, struct err *err);
/* GET /ui/history/SECTION/ID */
int ui_history(struct http_request *r, struct app_request *q, struct section *s, int64_t id, struct err *err);

#endif
