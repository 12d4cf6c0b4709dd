/* unit: a unit of work: one transaction in which records are written, on one connection, at one business time.
 *
 * unit_run is the way in: it begins, calls, commits, and runs the whole again after a serialization failure or deadlock (3 times at most), and once more after
 * a violated constraint, to tell with it what else is wrong; so `fn` has no effect but through the unit. The first flush carries BEGIN, the shared configuration lock, the generation and the clock together with the first statements of
 * the caller; what is written is queued and leaves with COMMIT. Everything of a unit lives in its arena and ends with it.
 * Not here: what a write means (record.h). Floors above see `struct unit` only between begin and end. */
#ifndef OST_SERVE_UNIT_H
#define OST_SERVE_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expr/expr.h"
#include "pg/pg.h"
#include "serve/actor.h"

struct record;
struct unit_private;

/* Most records that one unit may write. */
enum { UNIT_RECORDS = 20000 };

struct unit_config {
	struct pg *pg;
	struct registry *reg;      /* referenced while the unit lives */
	const struct actor *actor; /* who writes; outlives the unit */
	enum pg_lane lane;         /* PG_LANE_TX; PG_LANE_SLOW for long work */
	bool bulk;                 /* many records: ids and numbers are reserved in blocks */
	bool any_generation;       /* apply: the registry is newer than the current generation */
	int64_t caused_by;         /* user for whom the system works (jobs), 0: the actor */
	int depth;                 /* how many after-commit hooks led here */
};

struct unit {
	struct pg *pg;
	struct pg_tx *tx;
	struct registry *reg;
	struct arena *arena;       /* dies with the unit */
	const struct actor *actor; /* who writes now: `user`, or the system within a hook */
	const struct actor *user;  /* who asked: ctx.user, `me`, changed_by */
	enum lang lang;            /* of messages */
	int64_t now_us, today;     /* business time; valid after unit_ready */
	const char *zone;
	struct expr_env env; /* for expr_eval over records of this unit (record.h); valid after unit_ready */
	bool bulk;
	int depth;
	int64_t serial; /* of this process: handles of scripts know their unit by it */
	struct unit_private *priv;
};

/* Begins; the first statements are queued, nothing waits. */
int unit_begin(const struct unit_config *config, struct unit **out, struct err *err);
/* Waits for the first flush: the generation is the registry's (else ERR_UNAVAILABLE), now_us, today and env are set. Cheap when done already. */
int unit_ready(struct unit *u, struct err *err);
/* Sends what is queued and waits; a violated constraint becomes an error with its fields. */
int unit_flush(struct unit *u, struct err *err);
/* Flushes and commits; the unit is gone afterwards, whatever the result. */
int unit_commit(struct unit *u, struct err *err);
/* Undoes everything; the unit is gone. NULL is fine. */
void unit_rollback(struct unit *u);
/* Begins, calls fn(u, ctx, err), commits; at most 3 runs when the database asks to repeat, one more when it refused something. */
int unit_run(const struct unit_config *config, int (*fn)(struct unit *u, void *ctx, struct err *err), void *ctx, struct err *err);

/* A savepoint around writes that may fail alone (a row of an import): unit_nest, writes, then unit_unnest(keep). Unkept writes are forgotten. */
int unit_nest(struct unit *u, struct err *err);
int unit_unnest(struct unit *u, bool keep, struct err *err);
/* Keeps them without waiting for the database: what it refuses of them later fails the whole unit. -1 when it has refused something already. */
int unit_join(struct unit *u, struct err *err);

/* Queues a statement of the unit (not section tables: those are record's). Its error shows at the next flush. */
void unit_send(struct unit *u, const char *sql, const struct pg_params *params);
/* Calls fn(arg) after a successful commit, in this process. */
void unit_after_commit(struct unit *u, void (*fn)(void *), void *arg);
/* Acts as the system until unit_act_back; nests. */
const struct actor *unit_act_as(struct unit *u, const struct actor *actor);
/* Called when a write finds that the configuration has moved on: the worker reloads. */
void unit_on_stale(void (*fn)(void *ctx), void *ctx);

/* What a repeated request gets. */
struct unit_answer {
	bool found; /* this key was answered before: status, headers, body are that answer */
	int status;
	const char *headers; /* JSON object, or NULL */
	const char *body;
	size_t body_len;
};

/* Claims the key for this unit's actor; waits while another unit with the same key runs. A key used for another request is ERR_CONFLICT. */
int unit_idempotency(struct unit *u, const char *key, const char *method_path, const unsigned char body_hash[32], struct unit_answer *out,
					 struct err *err);
/* Stores the answer beside the effect, before unit_commit. */
void unit_idempotency_store(struct unit *u, const char *key, int status, const char *headers, const void *body, size_t len);

#endif
