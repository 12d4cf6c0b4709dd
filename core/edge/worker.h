/* worker: what the supervisor hands to a worker process, and the few things that all workers do alike.
 *
 * A worker is forked by the supervisor (cli/supervisor) before any loop, connection or Lua state exists; it calls one of the two entry points and ends
 * with what that returns. `struct worker_config` and its texts live in the memory that the fork copied; the beat lies in memory shared with the supervisor.
 * Not here: HTTP (worker_web), jobs (worker_job), starting and killing (cli/supervisor). */
#ifndef OST_EDGE_WORKER_H
#define OST_EDGE_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum worker_kind { WORKER_WEB, WORKER_JOB };

enum worker_state {
	WORKER_STARTING, /* connects, loads the configuration: no ticks expected yet */
	WORKER_SERVING,  /* ticks every WORKER_TICK_MS */
	WORKER_DRAINING  /* takes nothing new, finishes what it has */
};

/* How often a healthy loop ticks. */
enum { WORKER_TICK_MS = 50 };

/* What a worker tells the supervisor and the other workers, in shared memory. One writer: the worker itself. */
struct worker_beat {
	_Atomic uint64_t ticks;     /* turns of the tick timer */
	_Atomic int64_t generation; /* configuration that this worker serves, 0 none */
	_Atomic int state;          /* enum worker_state */
	_Atomic int busy;           /* requests or jobs in hand */
	_Atomic int connections;    /* of clients, held by a web worker */
	_Atomic int pid;            /* of the process that owns this beat, set by the supervisor */
	_Atomic int kind;           /* enum worker_kind, set by the supervisor */
};

struct worker_config {
	enum worker_kind kind;
	int index;                     /* 0.. within its kind */
	int listen_fd;                 /* bound and listening, shared by all web workers; -1 in a job worker */
	const char *conninfo;          /* of PostgreSQL, for pg_open */
	const char *base_url;          /* "https://ostov.example", no slash at the end; links and the Host check use it; NULL: as listened */
	const char *proxies;           /* addresses of the proxies in front, beside this machine (http_proxy.h), or NULL */
	const char *data_dir;          /* a folder that the worker may write to, absolute; NULL: none was given (--database without --data) */
	const char *lua_dir;           /* the platform's Lua files */
	const char *modules_dir;       /* folders of shared modules */
	const char *web_dir;           /* the built web application */
	const char *log_statements;    /* file for the statement log of pg_config, or NULL */
	bool sample;                   /* sample data is in use: the sign-in page may say so */
	const _Atomic int *disk_short; /* not 0 while the private cluster's disk is nearly full; NULL: another's cluster */
	struct worker_beat *beat;      /* this worker's own */
	struct worker_beat *beats;     /* of all workers of this machine */
	int nbeats;                    /* their number */
};

/* Serves HTTP until told to stop; returns the exit status of the process. */
int worker_web_run(const struct worker_config *c);
/* Runs jobs until told to stop; returns the exit status of the process. */
int worker_job_run(const struct worker_config *c);

/* Sets the process up: log name, the loop (the default one) with fibers, the tick timer, SIGTERM and SIGINT. `stop(ctx)` is called once, in the loop, when the
 * supervisor asks for the end or is gone: take nothing new, finish, then call worker_done. After 10 s the process ends in any case. */
void worker_setup(const struct worker_config *c, void (*stop)(void *), void *ctx);
/* From now on the loop is expected to tick. */
void worker_serving(const struct worker_config *c);
/* Ends the loop: uv_run of the default loop returns. */
void worker_done(void);
/* True after stop was asked for. */
bool worker_stopping(void);

#endif
