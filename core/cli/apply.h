/* apply: brings a database to a configuration: what `ostov apply` does, and `ostov serve CONFIG` before it serves.
 *
 * Runs its own loop and Lua: the supervisor calls it in a child that does nothing else. Implemented in cmd_apply.c. */
#ifndef OST_CLI_APPLY_H
#define OST_CLI_APPLY_H

#include <stdbool.h>

/* Applies the folder `dir`, refusing loss; with `sample` also loads its sample rows, once. What goes wrong is printed on stderr. An enum cli_exit. */
int apply_config(const char *conninfo, const char *dir, bool sample);

#endif
