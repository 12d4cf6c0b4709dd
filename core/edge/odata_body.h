/* odata_body: what a client sends of a record, as JSON, becomes the input of a write (serve/record.h). */
#ifndef OST_EDGE_ODATA_BODY_H
#define OST_EDGE_ODATA_BODY_H

#include "edge/json.h"
#include "serve/actor.h"
#include "serve/record.h"

struct arena;
struct err;
struct registry;

enum odata_body_mode {
	ODATA_BODY_WRITE,  /* faults stay in the input: the write tells them together with its own */
	ODATA_BODY_STRICT, /* faults are errors: for an input that is used more than once */
	ODATA_BODY_DRAFT   /* values that cannot be read are left out: a form being typed */
};

/* Fills *out from a JSON object: properties ("account_id", "watchers_ids", "amount"), `account@odata.bind` or `account` with the other record's id, owned details (`payments`, all of them; `payments@delta`, those
 * that change). Annotations are passed over. A fault is ERR_INVALID with the field as its target; a name that the actor cannot know is
 * ERR_UNKNOWN_FIELD. -1 for what is no object, and, but for ODATA_BODY_WRITE, for any fault. */
int odata_body_input(struct arena *a, const struct registry *reg, const struct actor *actor, struct section *s, const struct json *body,
					 enum odata_body_mode mode, struct record_input *out, struct err *err);

#endif
