#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/say.h"
#include "pg/pg.h"
#include "pg/pg_error.h"
#include "pg/pg_pool.h"

enum { NEST_LIMIT = 16 };

/* Lives in the scratch arena of its connection, which is emptied when the next transaction takes it. */
struct pg_tx {
	struct pg *pg;
	struct pg_conn *conn;
	struct pg_query *unsent, **tail; /* queued until somebody waits */
	bool begun;                      /* BEGIN was sent */
	bool failed;                     /* a statement failed; `error` says how */
	bool lost;                       /* the connection broke */
	struct err error;
	struct pg_query *savepoints[NEST_LIMIT]; /* of each open level */
	int depth;
	struct buf log_texts, log_line;
};

/* BEGIN, SAVEPOINT and the like: nobody asks for their results. */
static void result_drop(void *arg)
{
	struct pg_query *q = arg;
	PQclear(q->res);
	q->res = NULL;
}

static struct pg_query *query_new(struct pg_tx *tx, const char *sql)
{
	struct pg_query *q = arena_new(tx->conn->scratch, struct pg_query);
	q->sql = sql;
	q->arena = tx->conn->scratch;
	q->tx = tx;
	arena_defer(tx->conn->scratch, result_drop, q);
	return q;
}

static void query_append(struct pg_tx *tx, struct pg_query *q)
{
	q->next = NULL;
	*tx->tail = q;
	tx->tail = &q->next;
}

/* Statements from `first` on are never sent. */
static void unsent_drop(struct pg_tx *tx, struct pg_query *first)
{
	struct pg_query **p = &tx->unsent;
	while (*p && *p != first)
		p = &(*p)->next;
	for (struct pg_query *q = *p, *next; q; q = next) {
		next = q->next;
		q->next = NULL;
		q->outcome = PG_OUTCOME_ABORTED;
	}
	*p = NULL;
	tx->tail = p;
}

static void send_one(struct pg_tx *tx, struct pg_query *q)
{
	pg_conn_send(tx->conn, q);
	if (tx->pg->log_fd >= 0)
		pg_pool_log_add(&tx->log_texts, &tx->log_line, q->sql, q->params);
}

/* One round trip for all that is queued. */
static void flush(struct pg_tx *tx)
{
	if (!tx->begun) {
		send_one(tx, query_new(tx, "BEGIN"));
		tx->begun = tx->conn->in_tx = true;
	}
	while (tx->unsent) {
		struct pg_query *q = tx->unsent;
		tx->unsent = q->next;
		q->next = NULL;
		send_one(tx, q);
	}
	tx->tail = &tx->unsent;
	pg_conn_sync(tx->conn);
}

void pg_tx_note(struct pg_query *q)
{
	struct pg_tx *tx = q->tx;
	if (tx->failed || (q->outcome != PG_OUTCOME_ERROR && q->outcome != PG_OUTCOME_ABORTED))
		return;
	tx->failed = true;
	if (q->outcome == PG_OUTCOME_ERROR)
		pg_error_result(&tx->error, q->res, q->sql);
	else
		err_set(&tx->error, ERR_INTERNAL, "a statement was not run");
}

static int failure(struct pg_tx *tx, struct err *err)
{
	unsent_drop(tx, tx->unsent);
	if (tx->failed)
		return pg_error_copy(err, &tx->error);
	tx->lost = true;
	return pg_error_lost(err);
}

int pg_tx_open(struct pg *pg, enum pg_lane lane, struct pg_tx **out, struct err *err)
{
	struct pg_conn *c = pg_pool_take(pg, lane, err);
	if (!c)
		return -1;
	if (!c->scratch)
		c->scratch = arena_new_sized(2048);
	arena_reset(c->scratch);
	struct pg_tx *tx = arena_new(c->scratch, struct pg_tx);
	tx->pg = pg;
	tx->conn = c;
	tx->tail = &tx->unsent;
	err_init(&tx->error, c->scratch);
	*out = tx;
	return 0;
}

/* An arena that goes takes its queries out of every list. */
static void query_drop(void *arg)
{
	struct pg_query *q = arg;
	if (q->outcome == PG_OUTCOME_NONE && q->conn) {
		pg_conn_forget(q->conn, q);
	} else if (q->outcome == PG_OUTCOME_NONE) {
		struct pg_query **p = &q->tx->unsent;
		while (*p && *p != q)
			p = &(*p)->next;
		if (*p) {
			*p = q->next;
			if (!*p)
				q->tx->tail = p;
		}
	}
	PQclear(q->res);
	q->res = NULL;
}

static const struct pg_params *params_copy(struct arena *a, const struct pg_params *params)
{
	if (!params || !params->count)
		return NULL;
	struct pg_params *copy = arena_new(a, struct pg_params);
	copy->count = copy->cap = params->count;
	copy->items = arena_array(a, struct pg_param, params->count);
	for (size_t i = 0; i < params->count; i++) {
		copy->items[i] = params->items[i];
		if (params->items[i].text)
			copy->items[i].text = arena_strndup(a, params->items[i].text, params->items[i].len);
	}
	return copy;
}

struct pg_query *pg_tx_send(struct pg_tx *tx, struct arena *a, const char *sql, const struct pg_params *params)
{
	struct pg_query *q = arena_new(a, struct pg_query);
	q->sql = arena_strdup(a, sql);
	q->params = params_copy(a, params);
	q->arena = a;
	q->tx = tx;
	if (!tx->failed && pg_params_check(params, &tx->error))
		tx->failed = true;
	if (tx->failed || tx->lost) {
		q->outcome = PG_OUTCOME_ABORTED;
		return q;
	}
	arena_defer(a, query_drop, q);
	query_append(tx, q);
	return q;
}

int pg_tx_wait(struct pg_query *q, struct pg_rows **rows, struct err *err)
{
	struct pg_tx *tx = q->tx;
	if (q->outcome == PG_OUTCOME_NONE && !q->conn) {
		if (tx->failed || tx->lost)
			return failure(tx, err);
		flush(tx);
	}
	pg_conn_wait(q);
	if (q->outcome == PG_OUTCOME_OK) {
		if (rows)
			*rows = q->res ? pg_rows_new(q->arena, q->res) : NULL;
		else
			PQclear(q->res);
		q->res = NULL;
		return 0;
	}
	PQclear(q->res);
	q->res = NULL;
	return failure(tx, err);
}

int pg_tx_run(struct pg_tx *tx, struct arena *a, const char *sql, const struct pg_params *params, struct pg_rows **rows, struct err *err)
{
	struct pg_query q = {.sql = sql, .params = params, .arena = a, .tx = tx};
	if (pg_params_check(params, err))
		return -1;
	if (tx->failed || tx->lost)
		return failure(tx, err);
	query_append(tx, &q);
	return pg_tx_wait(&q, rows, err);
}

static void finish(struct pg_tx *tx)
{
	struct pg_conn *c = tx->conn;
	if (tx->log_texts.len)
		pg_pool_log(tx->pg, "tx", &tx->log_texts, &tx->log_line);
	buf_destroy(&tx->log_texts);
	buf_destroy(&tx->log_line);
	c->in_tx = false;
	pg_pool_give(c);
}

/* Leaves ROLLBACK on its way: the connection is used again when its answer has come. */
static void rollback_send(struct pg_tx *tx)
{
	struct pg_conn *c = tx->conn;
	if (!tx->begun || c->state != PG_CONN_LIVE)
		return;
	send_one(tx, query_new(tx, "ROLLBACK"));
	pg_conn_sync(c);
	pg_conn_detach(c);
}

int pg_tx_commit(struct pg_tx *tx, struct err *err)
{
	struct pg_conn *c = tx->conn;
	if (tx->failed || tx->lost) {
		failure(tx, err);
		pg_tx_rollback(tx);
		return -1;
	}
	if (!tx->begun && !tx->unsent) {
		finish(tx);
		return 0;
	}
	bool was_live = c->state == PG_CONN_LIVE;
	struct pg_query *commit = query_new(tx, "COMMIT");
	query_append(tx, commit);
	fault_hit("commit_before");
	flush(tx);
	pg_conn_wait(commit);
	/* the connection goes back clean: the answer to the sync comes in the same breath */
	pg_conn_wait_drained(c);
	fault_hit("commit_after");
	int r = 0;
	if (commit->outcome == PG_OUTCOME_OK) {
		/* COMMIT of a transaction that failed unseen is answered by ROLLBACK, without an error */
		if (strcmp(PQcmdStatus(commit->res), "COMMIT") != 0)
			r = err_set(err, ERR_INTERNAL, "the transaction was rolled back");
	} else if (tx->failed) {
		r = pg_error_copy(err, &tx->error);
		if (c->state == PG_CONN_LIVE && PQtransactionStatus(c->pq) != PQTRANS_IDLE)
			rollback_send(tx);
	} else if (was_live) {
		r = err_tell(err, ERR_OUTCOME_UNKNOWN, SAY_DB_OUTCOME);
	} else {
		r = pg_error_lost(err);
	}
	finish(tx);
	return r;
}

void pg_tx_rollback(struct pg_tx *tx)
{
	if (!tx)
		return;
	unsent_drop(tx, tx->unsent);
	if (tx->conn->nexpect)
		pg_conn_detach(tx->conn);
	rollback_send(tx);
	finish(tx);
}

int pg_tx_nest(struct pg_tx *tx, struct err *err)
{
	if (tx->failed || tx->lost)
		return failure(tx, err);
	if (tx->depth == NEST_LIMIT)
		return err_tell(err, ERR_TOO_COMPLEX, SAY_DB_NESTED, say_number(tx->conn->scratch, NEST_LIMIT));
	struct pg_query *q = query_new(tx, arena_printf(tx->conn->scratch, "SAVEPOINT level_%d", tx->depth + 1));
	tx->savepoints[tx->depth++] = q;
	query_append(tx, q);
	return 0;
}

static int nest_keep(struct pg_tx *tx, struct err *err)
{
	/* what fails inside must be known while the savepoint still stands */
	if (tx->unsent && !tx->failed) {
		flush(tx);
		pg_conn_wait_drained(tx->conn);
	}
	if (tx->failed || tx->lost || tx->conn->state != PG_CONN_LIVE)
		return failure(tx, err);
	query_append(tx, query_new(tx, arena_printf(tx->conn->scratch, "RELEASE SAVEPOINT level_%d", tx->depth)));
	tx->depth--;
	return 0;
}

int pg_tx_unnest(struct pg_tx *tx, bool keep, struct err *err)
{
	assert(tx->depth > 0);
	struct pg_query *savepoint = tx->savepoints[tx->depth - 1];
	bool was_sent = savepoint->conn != NULL;
	if (keep) {
		if (!was_sent && !tx->failed && tx->unsent == savepoint && !savepoint->next) {
			/* nothing happened inside */
			unsent_drop(tx, savepoint);
			tx->depth--;
			return 0;
		}
		return nest_keep(tx, err);
	}
	tx->depth--;
	if (!was_sent) {
		unsent_drop(tx, savepoint);
		return tx->failed || tx->lost ? failure(tx, err) : 0;
	}
	unsent_drop(tx, tx->unsent);
	pg_conn_wait_drained(tx->conn);
	struct pg_query *back = query_new(tx, arena_printf(tx->conn->scratch, "ROLLBACK TO SAVEPOINT level_%d", tx->depth + 1));
	struct pg_query *release = query_new(tx, arena_printf(tx->conn->scratch, "RELEASE SAVEPOINT level_%d", tx->depth + 1));
	bool failed = tx->failed;
	query_append(tx, back);
	query_append(tx, release);
	flush(tx);
	pg_conn_wait(release);
	PQclear(back->res);
	PQclear(release->res);
	back->res = release->res = NULL;
	if (release->outcome != PG_OUTCOME_OK)
		return failure(tx, err);
	if (failed) {
		tx->failed = false;
		err_init(&tx->error, tx->conn->scratch);
	}
	return 0;
}

int pg_tx_join(struct pg_tx *tx, struct err *err)
{
	assert(tx->depth > 0);
	struct pg_query *savepoint = tx->savepoints[tx->depth - 1], **p = &tx->unsent;
	if (tx->failed || tx->lost || tx->conn->state != PG_CONN_LIVE)
		return failure(tx, err);
	while (*p && *p != savepoint)
		p = &(*p)->next;
	if (*p) {
		/* the savepoint was not sent yet: without it the statements are the transaction's own */
		*p = savepoint->next;
		savepoint->next = NULL;
		savepoint->outcome = PG_OUTCOME_ABORTED;
		if (tx->tail == &savepoint->next)
			tx->tail = p;
	} else {
		query_append(tx, query_new(tx, arena_printf(tx->conn->scratch, "RELEASE SAVEPOINT level_%d", tx->depth)));
	}
	tx->depth--;
	return 0;
}

void **pg_tx_slot(struct pg_tx *tx, void (*drop)(void *))
{
	tx->conn->slot_drop = drop;
	return &tx->conn->slot;
}

bool pg_tx_failed(const struct pg_tx *tx)
{
	return tx->failed || tx->lost || tx->conn->state != PG_CONN_LIVE;
}
