/* session: what commands that work on records need: the database, the configuration in force, and on whose behalf. */
#ifndef OST_CLI_SESSION_H
#define OST_CLI_SESSION_H

#include "cli/database.h"
#include "meta/registry.h"
#include "serve/actor.h"

struct pg;

struct session_options {
	const char *url, *data; /* --database, --data; may be NULL */
	const char *user;       /* login, or NULL: the system */
};

struct cli_session {
	struct arena *arena;
	struct pg *pg;
	struct registry *reg;
	struct actor actor;
};

/* Opens the database, loads the configuration in force, finds the user, and runs fn in a fiber; its result is the exit status. Failures are printed with the command's name: CLI_ENV or CLI_INPUT. */
int cli_session_run(const char *command, const struct session_options *options, int (*fn)(struct cli_session *s, void *ctx), void *ctx);

#endif
