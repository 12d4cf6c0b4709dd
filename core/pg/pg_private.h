/* pg_private: the private PostgreSQL cluster under a data folder: the embedded default.
 *
 * Owned by the supervisor. The flock on the data folder belongs to whoever runs the cluster; other commands use its socket (RUNTIME's traps: docs/architecture.md).
 * Under root the cluster runs as the system user `ostov`. */
#ifndef OST_PG_PG_PRIVATE_H
#define OST_PG_PG_PRIVATE_H

#include <stdbool.h>
#include <sys/types.h>

struct arena;
struct err;

struct pg_private {
	int lock_fd;          /* flock, -1 when another process runs the cluster */
	pid_t pid;            /* postmaster started by us, 0 when it is another's */
	const char *data;     /* folder of the cluster (may differ from the one asked for, see the header) */
	const char *socket;   /* folder of the socket, mode 0700 */
	const char *conninfo; /* for pg_open */
	bool created;         /* initdb ran */
};

/* Starts the cluster under dir (creating it when missing), or finds the running one; texts in `a`. Blocks: only in the supervisor and in commands. */
int pg_private_start(struct arena *a, const char *dir, struct pg_private *out, struct err *err);
/* True when the postmaster we started has died (reaps it). */
bool pg_private_died(struct pg_private *p);
/* Starts it again after it died. */
int pg_private_restart(struct pg_private *p, struct err *err);
/* Fast shutdown of what we started; waits at most 10 s. */
void pg_private_stop(struct pg_private *p);

#endif
