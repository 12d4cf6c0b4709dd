/* job: work after commit, at least once: rows of ostov.job, leased with fencing tokens by job workers.
 *
 * A job is queued in the transaction of its cause. A worker leases it (a lease raises the row's fence), runs the function of its kind, and completes it with a
 * check of the fence: a worker that wakes late changes 0 rows. Failures back off (2 s, doubled, at most an hour) and end dead after max_attempts.
 * The function either completes the job inside its own unit (job_complete, effect and completion are one transaction) or returns 0 and the runner does it.
 * Not here: the process that polls (edge/worker_job). */
#ifndef OST_SERVE_JOB_H
#define OST_SERVE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct pg;
struct registry;
struct unit;

struct job {
	int64_t id, fence;
	const char *kind;
	const char *payload;      /* JSON */
	int attempts;             /* this one included */
	int64_t user_id;          /* on whose behalf, 0 the system */
	struct pg *pg;
	struct registry *reg;     /* current generation, held while the job runs */
	struct arena *arena;      /* dies with the run */
	bool completed;           /* job_complete was queued */
	uint64_t lease_until_ms;  /* monotonic; job_progress renews */
};

typedef int (*job_fn)(struct job *job, struct err *err);

/* Names the function of a kind; called once at the start of a worker. `lease_ms`: length of the lease (0: 60 s). */
void job_register(const char *kind, job_fn fn, unsigned lease_ms);
/* Queues a job with the unit's writes; runs after commit, not before run_at_us (0: at once). */
void job_queue(struct unit *u, const char *kind, const char *payload, int64_t run_at_us, int max_attempts);
/* Tells the job workers that there is something to do: a NOTIFY soon, one for many calls. */
void job_hint(struct pg *pg);
/* Queues a job whose completion the caller tracks by id (import): sets *id. */
int job_create(struct unit *u, const char *kind, const char *payload, int64_t *id, struct err *err);
/* Completes the job within the unit: its commit fails with ERR_CONFLICT when the lease was lost. */
int job_complete(struct job *job, struct unit *u, struct err *err);
/* Stores progress (JSON), renews the lease; ERR_CONFLICT when the lease was lost or the job was cancelled: stop. */
int job_progress(struct job *job, const char *progress, struct err *err);
/* Leases and runs at most `max` due jobs, one after the other; returns their number, -1 when the database is away. For the worker and for tests. */
int job_run_due(struct pg *pg, struct registry *reg, int max, struct err *err);
/* Hands back what dead workers held (leases that ran out) and buries jobs over max_attempts. */
int job_reap(struct pg *pg, struct err *err);

#endif
