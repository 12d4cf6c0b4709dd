/* pg_private: the private PostgreSQL cluster under a data folder: the embedded default.
 *
 * Owned by the supervisor. The flock on the data folder belongs to whoever runs the cluster; other commands use its socket (RUNTIME's traps: docs/developers/processes.md).
 * Under root the cluster runs as the system user `ostov`; below a folder that this user cannot enter the data lives in /var/lib/ostov/<hash> and the
 * data folder keeps a pointer. Texts live in the arena given to pg_private_start. */
#ifndef OST_PG_PG_PRIVATE_H
#define OST_PG_PG_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

/* The system user of cluster and workers under root, superuser and database of the cluster. */
#define PG_PRIVATE_USER "ostov"

struct pg_private {
	int lock_fd;          /* flock, -1 when another process runs the cluster; close-on-exec, and closed by whoever forks */
	pid_t pid;            /* postmaster started by us, 0 when it is another's */
	pid_t holder;         /* process that holds the lock when it is not us, 0 unknown */
	const char *base;     /* folder of everything, of the cluster's user */
	const char *data;     /* folder of the cluster */
	const char *socket;   /* folder of the socket, mode 0700 */
	const char *bin;      /* folder of the server's programs */
	const char *conninfo; /* for pg_open */
	uid_t uid;            /* whom the cluster runs as */
	gid_t gid;
	bool drop;    /* we are root: children become uid and gid */
	bool created; /* initdb ran */
};

/* Starts the cluster under dir (creating it when missing), or finds the running one; texts in `a`. Blocks: only in the supervisor and in commands. */
int pg_private_start(struct arena *a, const char *dir, struct pg_private *out, struct err *err);
/* True when the postmaster we started has died (reaps it). */
bool pg_private_died(struct pg_private *p);
/* Starts it again after it died; does not wait until it answers: connections come back by themselves. */
int pg_private_restart(struct pg_private *p, struct err *err);
/* Bytes that the cluster may still write on the disk of its tables or of its write-ahead log, whichever has less; 0 and *bytes, or -1 when nobody knows. */
int pg_private_room(const struct pg_private *p, uint64_t *bytes);
/* Fast shutdown of what we started; waits at most 10 s, then it is stopped hard. Gives the lock up. */
void pg_private_stop(struct pg_private *p);
/* Where everything of a data folder's cluster lives: `dir`/cluster, or elsewhere when PG_PRIVATE_USER cannot enter `dir` (under root). Makes the folder. */
int pg_private_base(struct arena *a, const char *dir, const char **base, struct err *err);
/* True when a cluster is under `dir`, or just being made there. Makes nothing. */
bool pg_private_there(struct arena *a, const char *dir);
/* True when the user can enter the folder. */
bool pg_private_enters(uid_t uid, gid_t gid, const char *dir);

#endif
