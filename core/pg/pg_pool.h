/* pg_pool: the connections of a process by lane: which one a statement gets, reconnecting with backoff, bounded waiting.
 *
 * Private to this floor; the public side is pg.h. Memory of the pool is freed when its last handle has closed. */
#ifndef OST_PG_PG_POOL_H
#define OST_PG_PG_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/fiber.h"
#include "pg/pg.h"
#include "pg/pg_conn.h"

struct arena;
struct err;
struct map;

enum {
	PG_WAIT_MS = 2000,    /* longest wait for a connection */
	PG_WAITERS = 1000,    /* fibers that wait for one lane */
	PG_FAST_FEW = 2,      /* fast connections that share all statements while neither is stuck: more would only make the batches smaller */
	PG_FAST_STUCK = 5000, /* us of a statement after which others go by another connection */
	PG_FAST_DEPTH = 256,  /* statements in flight on one fast connection */
	PG_FAST_BATCH = 8,    /* statements of one turn that share a sync */
	PG_CONNECT_MS = 5000, /* one attempt to connect */
	PG_BACKOFF_MIN_MS = 50,
	PG_BACKOFF_MAX_MS = 500, /* recovery within a second of the database's */
	PG_CANCELS = 2,          /* on their way at once: each takes a thread of the pool until the server has answered */
	PG_PARAMS_LIMIT = 65535, /* libpq refuses more without a word to the server */
	PG_LANES = 4
};

struct pg_lane_conns {
	struct pg_conn *conns; /* nconns of them */
	int nconns;
	int promised;     /* idle connections that woken waiters are about to take */
	unsigned waiting; /* fibers in the queue */
	struct fiber_queue queue;
	const char *options; /* settings of its sessions */
};

struct pg_listener {
	struct pg_listener *next;
	char *channel;
	void (*fn)(void *ctx, const char *payload);
	void *ctx;
	bool known; /* heard of by the server on the present connection */
};

struct pg {
	struct arena *arena; /* of the texts */
	struct pg_config config;
	struct pg_lane_conns lanes[PG_LANES];
	bool resolve; /* the conninfo has a host name */
	bool closing;
	int cancels;          /* on their way */
	int refs;             /* handles and fibers that still use the memory */
	uint64_t down_since;  /* monotonic ms, 0 while a connection is live */
	uv_prepare_t flush;   /* sends what this turn of the loop has queued */
	uv_timer_t guard;     /* finds connections that make no progress */
	char last_error[300]; /* of the last connect that failed */

	struct pg_conn listen;
	struct pg_listener *listeners;
	struct fiber *listen_fiber; /* suspended until something changes, or NULL */
	bool listen_running;

	int log_fd;         /* of log_statements, -1 none */
	struct map *logged; /* units already written */
};

/* Checks out a connection of TX, SLOW or OPERATOR; waits at most PG_WAIT_MS. */
struct pg_conn *pg_pool_take(struct pg *pg, enum pg_lane lane, struct err *err);
/* Gives it back; it is used again when its results have been read and no transaction is open. */
void pg_pool_give(struct pg_conn *c);
/* The rows of a query that ended well; takes its result over. */
struct pg_rows *pg_rows_new(struct arena *a, PGresult *res);
/* Writes one unit of work to the statement log: n statements, a line of JSON, once per distinct list of texts. */
void pg_pool_log(struct pg *pg, const char *kind, const struct buf *statements, const struct buf *line);
/* Appends one statement to a unit: `texts` identifies, `line` is what is written. */
void pg_pool_log_add(struct buf *texts, struct buf *line, const char *sql, const struct pg_params *params);
/* ERR_TOO_COMPLEX for more parameters than a statement can have. */
int pg_params_check(const struct pg_params *params, struct err *err);
/* Called for each finished statement of a transaction, before anybody wakes. */
void pg_tx_note(struct pg_query *q);
/* The listening connection's own part: pg_listen.c. */
void pg_listen_stop(struct pg *pg);
/* Connects c with its lane's settings; in a fiber. */
int pg_pool_connect(struct pg *pg, struct pg_conn *c, const char *options, struct err *err);
/* Frees the pool when nothing uses it any more. */
void pg_pool_unref(struct pg *pg);

#endif
