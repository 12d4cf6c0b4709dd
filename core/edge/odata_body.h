/* odata_body: what a client sends of a record, as JSON, becomes the input of a write (serve/record.h). */
#ifndef OST_EDGE_ODATA_BODY_H
#define OST_EDGE_ODATA_BODY_H

#include "edge/json.h"
#include "serve/actor.h"
#include "serve/record.h"

struct arena;
struct err;
struct registry;

/* Fills *out from a JSON object: properties ("account_id", "watchers_ids", "amount"), `account@odata.bind`, owned details (`payments` in a new record, `payments@delta`
 * in any). Annotations are passed over. Faults of several fields are appended to err (ERR_INVALID, one a field); a name that the actor cannot know is
 * ERR_UNKNOWN_FIELD. `draft`: faults of values are left out (a form being typed). */
int odata_body_input(struct arena *a, const struct registry *reg, const struct actor *actor, struct section *s, const struct json *body, bool draft, struct record_input *out,
                     struct err *err);

#endif
