/* event: hooks as this floor sees them: function pointers that the Lua edge sets.
 *
 * before_* run inside the write, after the checks, in the modules' order; they change the draft by record_put and refuse by record_refuse. created, updated,
 * deleted and stage_entered become job rows and run after commit, each hook a job of its own, as the system in a unit of its own. */
#ifndef OST_SERVE_EVENT_H
#define OST_SERVE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "meta/registry.h"

struct err;
struct record;
struct unit;

struct event_engine {
	/* Runs one hook on a record of the unit. */
	int (*run)(struct unit *u, const struct hook *hook, struct record *r, struct err *err);
};

/* Sets the engine of this process; without one a section with hooks cannot be written. */
void event_set_engine(const struct event_engine *engine);
/* Runs the before-hooks of an event on the record. */
int event_before(struct unit *u, enum hook_event event, struct record *r, struct err *err);
/* True when the section has hooks of that event. */
bool event_has(const struct registry *reg, const struct section *s, enum hook_event event);
/* Queues the jobs of an after-commit event. */
void event_after(struct unit *u, enum hook_event event, struct record *r);
/* Registers the job kind that runs after-commit hooks. */
void event_register_jobs(void);
/* "before_save" for HOOK_BEFORE_SAVE. */
const char *event_name(enum hook_event event);

#endif
