/* supervisor: keeps the workers of this machine alive, and the private PostgreSQL.
 *
 * It owns the listening socket and the cluster, runs no loop and holds no connection or Lua state: everything that may fail is a child. The struct and what
 * it points to belong to the caller and must live until supervisor_run returns. docs/developers/processes.md tells how the parts meet.
 * Not here: what a worker does (edge/worker_web, edge/worker_job), the command line (cmd_serve). */
#ifndef OST_CLI_SUPERVISOR_H
#define OST_CLI_SUPERVISOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "edge/worker.h"

struct err;
struct pg_private;

struct supervisor {
	struct worker_config worker;                   /* what is the same for all workers */
	int web, job;                                  /* numbers of workers */
	int (*web_run)(const struct worker_config *c); /* entry points */
	int (*job_run)(const struct worker_config *c);
	struct pg_private *cluster; /* ours to keep alive, or NULL */
	bool drop;                  /* workers become uid and gid */
	uid_t uid;
	gid_t gid;
	void (*ready)(void *ctx); /* called once, when every worker serves; may be NULL */
	void *ctx;
};

/* Binds HOST:PORT (also [v6]:PORT; port 0: any) and listens: the descriptor; *port (may be NULL) gets the number. -1 with a plain message. */
int supervisor_listen(const char *address, int *port, struct err *err);
/* Runs until SIGTERM or SIGINT (workers drain, at most 10 s; a second signal ends them at once) or until workers cannot start at all. 0, or 3. */
int supervisor_run(struct supervisor *s);
/* In a child: becomes uid and gid, if `drop`; then ends with the parent, by `signal`. -1 when it cannot. */
int supervisor_child(const struct supervisor *s, pid_t parent, int signal);

#endif
