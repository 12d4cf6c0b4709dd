/* pg_conn: one connection to PostgreSQL on uv_poll, always in pipeline mode, with its cache of prepared statements.
 *
 * Private to this floor. What was sent is kept in a ring of expectations, one entry a result: libpq's PQgetResult would block when asked for
 * one that does not come. A pg_query belongs to whoever sends it and must live until it is done or detached.
 * Not here: which connection is used for what (pg_pool), transactions (pg_tx), meaning of errors (pg_error). */
#ifndef OST_PG_PG_CONN_H
#define OST_PG_PG_CONN_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "pg/pg.h"

struct arena;
struct err;
struct fiber;
struct pg_conn;
struct pg_stmt;

enum pg_outcome {
	PG_OUTCOME_NONE,    /* not known yet */
	PG_OUTCOME_OK,      /* `res` holds rows or a count */
	PG_OUTCOME_ERROR,   /* `res` holds the server's error */
	PG_OUTCOME_ABORTED, /* not run: an earlier statement of the same sync failed */
	PG_OUTCOME_LOST     /* the connection broke; the statement may have run */
};

struct pg_query {
	const char *sql;                /* text with $1.. */
	const struct pg_params *params; /* or NULL */
	struct arena *arena;            /* of its rows */
	struct pg_conn *conn;           /* where it was sent, NULL before */
	struct pg_tx *tx;               /* or NULL */
	struct pg_query *next;          /* in the list of those not sent, then of those done */
	struct fiber *waiter;           /* suspended until done, or NULL */
	PGresult *res;                  /* owned until taken */
	enum pg_outcome outcome;
	bool unprepared; /* not worth a place in the cache */
	bool alone;      /* gets a sync of its own */
	bool stale;      /* failed because the prepared statement no longer fits: forgotten, may run again */
};

enum pg_expect_kind { PG_EXPECT_PREPARE, PG_EXPECT_EXECUTE, PG_EXPECT_DEALLOCATE, PG_EXPECT_SYNC };

struct pg_expect {
	enum pg_expect_kind kind;
	bool got;             /* the result came, its closing NULL not yet */
	struct pg_query *q;   /* NULL when detached */
	struct pg_stmt *stmt; /* counted reference, or NULL */
};

enum pg_conn_state { PG_CONN_CLOSED, PG_CONN_CONNECTING, PG_CONN_LIVE };

struct pg_conn {
	struct pg *pg;
	enum pg_lane lane;
	enum pg_conn_state state;
	PGconn *pq;           /* NULL while closed */
	uv_poll_t *poll;      /* on the heap: outlives the connection until its close callback */
	bool writing;         /* the poll waits for writability too */
	struct fiber *holder; /* who checked it out */
	bool cancelled;       /* a cancel is on its way and may come late: not used again */
	bool taken;           /* checked out */
	bool draining;        /* inside the loop that reads results */
	bool in_tx;           /* BEGIN was sent */
	unsigned failures;    /* connects that failed in a row */
	uint64_t next_try;    /* monotonic ms before which no connect is tried */
	uint64_t progress;    /* monotonic ms of the last result, or of the first expectation */
	uint64_t since_us;    /* monotonic us of the same */
	unsigned patience;    /* ms without progress after which the connection counts as broken; 0: endless */

	struct pg_expect *ring; /* power of two */
	size_t ring_cap, ring_head, nexpect;
	struct fiber *drain_waiter; /* waits for nexpect == 0 */

	struct pg_query *queue, **queue_tail; /* fast lane: waiting for the flush of this turn */
	size_t nqueue;

	struct pg_stmt **buckets;             /* statements by hash of their text */
	struct pg_stmt *lru_first, *lru_last; /* least recently used first */
	size_t nstmts;
	unsigned next_stmt;
	unsigned *garbage; /* numbers of statements to deallocate */
	size_t ngarbage, garbage_cap;

	void *slot; /* pg_tx_slot */
	void (*slot_drop)(void *);
	struct arena *scratch; /* of the transaction that has the connection */

	void (*on_drained)(struct pg_conn *c); /* after results were read, in the loop; also after a loss */
	void (*on_notify)(struct pg_conn *c, const char *channel, const char *payload);
};

/* Prepared statements kept by one connection. */
enum { PG_STMT_LIMIT = 512 };

/* Prepares *c in place: closed, empty. */
void pg_conn_create(struct pg_conn *c, struct pg *pg, enum pg_lane lane, unsigned patience);
/* Breaks the connection and frees what belongs to it; not *c. */
void pg_conn_destroy(struct pg_conn *c);
/* Connects within timeout_ms; keywords and values as for PQconnectStartParams with expand_dbname. In a fiber. `resolve`: host names are looked up in the thread pool. */
int pg_conn_connect(struct pg_conn *c, const char *const *keywords, const char *const *values, bool resolve, unsigned timeout_ms,
					struct err *err);
/* Hands the query to libpq, preparing its statement when it is new; nothing is certain to leave before pg_conn_sync. After a loss the query is done at once. */
void pg_conn_send(struct pg_conn *c, struct pg_query *q);
/* Ends a group of queries that fail together, and sends. */
void pg_conn_sync(struct pg_conn *c);
/* Suspends the running fiber until the query is done. */
void pg_conn_wait(struct pg_query *q);
/* Suspends the running fiber until every result has arrived or the connection is lost. */
void pg_conn_wait_drained(struct pg_conn *c);
/* Nobody waits for results any more: they are read and dropped. */
void pg_conn_detach(struct pg_conn *c);
/* The same for one query. */
void pg_conn_forget(struct pg_conn *c, const struct pg_query *q);
/* Closes; everything expected or queued is LOST. `why` goes to the log, NULL: silent. */
void pg_conn_break(struct pg_conn *c, const char *why);
/* Frees what pg_tx_slot keeps. */
void pg_conn_slot_drop(struct pg_conn *c);
/* Marks done and wakes the waiter. */
void pg_query_done(struct pg_query *q, enum pg_outcome outcome);

#endif
