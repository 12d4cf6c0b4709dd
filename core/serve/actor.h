/* actor: who does something: a user with the roles held (included ones too), or the system.
 *
 * An actor belongs to one registry and lives in the arena given; it is passive data and may be shared by requests. actor_get keeps the last ones read for at
 * most half a second, so that a role taken away or a user switched off is out within that time on every worker. Rights of an actor are access.h. */
#ifndef OST_SERVE_ACTOR_H
#define OST_SERVE_ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meta/registry.h"

struct pg;
struct pg_tx;

struct actor {
	int64_t id;               /* user id, 0: nobody (the system on its own) */
	const char *login, *name; /* of the user, "" for nobody */
	bool system;              /* hooks, jobs, data: rights, readonly and freeze are not asked */
	bool active;              /* may sign in */
	enum lang lang;           /* of messages */
	const struct role **roles; /* held, included ones too, in the registry's order */
	size_t nroles;
	const char *roles_key;    /* their names joined by ',': equal keys have equal rights */
};

/* Reads the user; ERR_NOT_FOUND when there is none, ERR_UNAUTHORIZED when switched off. `tx` may be NULL (the fast lane then). */
int actor_load(struct arena *a, struct pg *pg, struct pg_tx *tx, const struct registry *reg, int64_t user_id, struct actor *out, struct err *err);
/* The same, remembered for at most 500 ms; the result is copied into `a`. */
int actor_get(struct arena *a, struct pg *pg, const struct registry *reg, int64_t user_id, struct actor *out, struct err *err);
/* Forgets what is remembered of a user (0: of all). */
void actor_forget(int64_t user_id);
/* The system, on behalf of nobody, speaking `lang`. */
void actor_system(struct actor *out, enum lang lang);
/* Holds the role, by itself or by inclusion. The system holds none. */
bool actor_has_role(const struct actor *actor, const char *role);
/* The same in the shape that expr_sql and expr_env take (ctx is the actor). */
bool actor_has_role_fn(void *actor, const char *role);

#endif
