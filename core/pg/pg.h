/* pg: PostgreSQL on the loop, for fibers. The only floor that knows libpq.
 *
 * A `struct pg` belongs to one process and holds its connections by lane (docs/architecture.md): fast (shared, pipelined, never cancelled,
 * statement_timeout 250 ms, runs once more on slow when it times out), slow (one statement a connection), transactions (checked out), operator (one kept free).
 * Statements are prepared once per connection by their text (bounded cache); parameters go as text with their type, results come binary.
 * Rows belong to the arena given. Every call that waits suspends the running fiber and must be made in one.
 * Not here: what SQL means (expr, serve), business time's offset (serve/clock). */
#ifndef OST_PG_PG_H
#define OST_PG_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/value.h"

struct arena;
struct err;
struct pg;
struct pg_tx;
struct pg_rows;
struct pg_query;

/* Types of parameters and columns that Ostov uses, with PostgreSQL's OID. */
enum pg_type {
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_JSON = 114,
	PG_DATE = 1082,
	PG_TIMESTAMPTZ = 1184,
	PG_NUMERIC = 1700,
	PG_JSONB = 3802,
	PG_BOOL_ARRAY = 1000,
	PG_INT8_ARRAY = 1016,
	PG_INT4_ARRAY = 1007,
	PG_TEXT_ARRAY = 1009,
	PG_DATE_ARRAY = 1182,
	PG_TIMESTAMPTZ_ARRAY = 1185,
	PG_NUMERIC_ARRAY = 1231
};

struct pg_config {
	const char *conninfo; /* libpq connection string or URL */
	const char *name;     /* application_name */
	int fast, slow, tx;   /* connections of each lane; 0: 4, 2, 6 */
	/* File to which every unit of work is appended, once per distinct list of texts, or NULL (for benchmarks): a line of JSON {"kind":"read"|"tx"|"outside",
	 * "statements":[{"sql","params":[{"type":oid,"value":text|null}]}]} in the order sent, BEGIN and COMMIT included. */
	const char *log_statements;
	/* Not 0 while the disk of the database is nearly full (its supervisor looks), or NULL: nobody knows. */
	const _Atomic int *disk_short;
};

enum pg_lane { PG_LANE_FAST, PG_LANE_SLOW, PG_LANE_TX, PG_LANE_OPERATOR };

/* One parameter, text form; text NULL is SQL NULL. For PG_BYTEA the bytes are raw and binary. */
struct pg_param {
	const char *text; /* NUL-terminated unless binary */
	size_t len;       /* bytes */
	enum pg_type type;
};

struct pg_params {
	struct pg_param *items;
	size_t count, cap;
};

/* True for a postgresql:// address or a connection string that libpq reads; *why is then NULL, else what is wrong with it. */
bool pg_conninfo_valid(struct arena *a, const char *conninfo, const char **why);
/* Opens the lanes lazily; fails when the first connection cannot be made within 10 s. */
int pg_open(const struct pg_config *config, struct pg **out, struct err *err);
/* Closes everything; waits for nothing. */
void pg_close(struct pg *pg);
/* Milliseconds without a live connection, 0 when there is one: for /health. */
uint64_t pg_down_ms(const struct pg *pg);

/* 0 when the database may be written to; ERR_UNAVAILABLE while its disk is nearly full. Asked before units of work and uploads: a write that finds no room for the
 * write-ahead log would stop PostgreSQL, and reading with it. */
int pg_room(const struct pg *pg, struct err *err);

/* Runs one reading statement on a lane (FAST or SLOW) and waits for its rows. ERR_UNAVAILABLE when the lane is full (2 s) or the database away. */
int pg_read(struct pg *pg, enum pg_lane lane, struct arena *a, const char *sql, const struct pg_params *params, struct pg_rows **rows,
			struct err *err);

/* The client of the fiber `f` has left: what it runs on the slow lane is cancelled and fails with ERR_DB_TIMEOUT. Waits for nothing; the other lanes go on. Two at once
 * are on their way at most: the caller asks again while the fiber lives. */
struct fiber;
void pg_cancel(struct pg *pg, const struct fiber *f);

/* Checks out a connection (waits at most 2 s); BEGIN travels with the first statement. `lane` is PG_LANE_TX, or PG_LANE_SLOW for long work, or OPERATOR. */
int pg_tx_open(struct pg *pg, enum pg_lane lane, struct pg_tx **out, struct err *err);
/* Sends and waits. */
int pg_tx_run(struct pg_tx *tx, struct arena *a, const char *sql, const struct pg_params *params, struct pg_rows **rows, struct err *err);
/* Queues a statement without waiting: several make one round trip. Params are copied. The query belongs to `a`. */
struct pg_query *pg_tx_send(struct pg_tx *tx, struct arena *a, const char *sql, const struct pg_params *params);
/* Sends what is queued and waits for this query's result; rows may be NULL when they do not matter. */
int pg_tx_wait(struct pg_query *q, struct pg_rows **rows, struct err *err);
/* COMMIT (with what is queued before it) and return of the connection: 0 when committed. ERR_OUTCOME_UNKNOWN when the connection broke meanwhile. The tx is gone afterwards. */
int pg_tx_commit(struct pg_tx *tx, struct err *err);
/* ROLLBACK and return of the connection; the tx is gone afterwards. NULL is fine. */
void pg_tx_rollback(struct pg_tx *tx);
/* Savepoints: a nested unit of work. */
int pg_tx_nest(struct pg_tx *tx, struct err *err);
int pg_tx_unnest(struct pg_tx *tx, bool keep, struct err *err);
/* Keeps what is nested without waiting for it: a failure inside shows later and is then everybody's. -1 when one shows already. */
int pg_tx_join(struct pg_tx *tx, struct err *err);
/* A place for what belongs to this connection for its life (a Lua state); freed by `drop` when the connection closes. */
void **pg_tx_slot(struct pg_tx *tx, void (*drop)(void *));
/* True after a statement failed: only rollback or unnest(false) remain. */
bool pg_tx_failed(const struct pg_tx *tx);
/* Runs statements outside a transaction on a checked-out connection (CREATE INDEX CONCURRENTLY); `sql` is one statement. */
int pg_run_outside(struct pg *pg, struct arena *a, const char *sql, const struct pg_params *params, struct pg_rows **rows, struct err *err);

/* LISTEN: calls fn(ctx, payload) in the loop for every NOTIFY of the channel; reconnects by itself and calls fn(ctx, NULL) after each reconnect (rescan). */
int pg_listen(struct pg *pg, const char *channel, void (*fn)(void *ctx, const char *payload), void *ctx, struct err *err);

/* Results. */
size_t pg_rows_count(const struct pg_rows *r);
size_t pg_rows_columns(const struct pg_rows *r);
/* Rows touched by INSERT, UPDATE, DELETE. */
int64_t pg_rows_affected(const struct pg_rows *r);
bool pg_rows_null(const struct pg_rows *r, size_t row, size_t col);
/* Raw binary bytes of a cell. */
const char *pg_rows_bytes(const struct pg_rows *r, size_t row, size_t col, size_t *len);
/* Typed access; a NULL gives 0, false, NULL. Integers of any width. */
int64_t pg_rows_int(const struct pg_rows *r, size_t row, size_t col);
bool pg_rows_bool(const struct pg_rows *r, size_t row, size_t col);
/* Text (also json, numeric as plain decimal text); in the rows' arena. */
const char *pg_rows_text(const struct pg_rows *r, size_t row, size_t col);
/* Any column as a value: bool, int2/4/8, numeric, text-like, date, timestamptz, int8[] and text[] as lists. */
struct value pg_rows_value(const struct pg_rows *r, struct arena *a, size_t row, size_t col);
/* Appends a cell as JSON without copies: numeric digit for digit, date, timestamptz in UTC, json as it is. */
struct buf;
void pg_rows_json(const struct pg_rows *r, struct buf *out, size_t row, size_t col);
enum pg_type pg_rows_type(const struct pg_rows *r, size_t col);

/* Parameters. */
void pg_params_text(struct arena *a, struct pg_params *p, enum pg_type type, const char *text);
void pg_params_int(struct arena *a, struct pg_params *p, int64_t v);
void pg_params_bool(struct arena *a, struct pg_params *p, bool v);
void pg_params_bytes(struct arena *a, struct pg_params *p, const void *data, size_t len);
/* A value as a parameter of the given type (lists become arrays); nil becomes NULL. */
void pg_params_value(struct arena *a, struct pg_params *p, enum pg_type type, const struct value *v);

#endif
