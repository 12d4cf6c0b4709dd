/* database: the PostgreSQL that a command works on: the one named by --database, or the private cluster under --data, started when it does not run.
 *
 * Texts live in the arena given. Not here: connections (pg/pg.h), the cluster itself (pg/pg_private.h). */
#ifndef OST_CLI_DATABASE_H
#define OST_CLI_DATABASE_H

#include <stdbool.h>

#include "pg/pg_private.h"

struct arena;
struct err;

struct database {
	const char *conninfo;
	struct pg_private cluster;
	bool mine; /* the cluster was started by this command and ends with it */
};

/* `url` may be NULL, then `data` (NULL: ./var) names the folder of the private cluster; where none is, it is made, or with `there` that is an error. */
int database_open(struct arena *a, const char *url, const char *data, bool there, struct database *out, struct err *err);
/* ERR_INVALID when --database names something else than a PostgreSQL. */
int database_url_check(struct arena *a, const char *url, struct err *err);
void database_close(struct database *d);

#endif
