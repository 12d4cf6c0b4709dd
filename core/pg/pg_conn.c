#include "pg/pg_conn.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/say.h"
#include "pg/pg_error.h"
#include "pg/pg_pool.h"
#include "pg/pg_stmt.h"

enum { PARAMS_ON_STACK = 64 };

static void *must(void *p)
{
	if (!p) {
		fputs("ostov: out of memory\n", stderr);
		abort();
	}
	return p;
}

static void handle_free(uv_handle_t *h)
{
	free(h);
}

void pg_conn_create(struct pg_conn *c, struct pg *pg, enum pg_lane lane, unsigned patience)
{
	memset(c, 0, sizeof *c);
	c->pg = pg;
	c->lane = lane;
	c->patience = patience;
	c->queue_tail = &c->queue;
}

void pg_conn_slot_drop(struct pg_conn *c)
{
	void *slot = c->slot;
	c->slot = NULL;
	if (slot && c->slot_drop)
		c->slot_drop(slot);
}

void pg_conn_destroy(struct pg_conn *c)
{
	pg_conn_break(c, NULL);
	pg_conn_slot_drop(c);
	pg_stmt_clear(c);
	free(c->ring);
	c->ring = NULL;
	c->ring_cap = 0;
	arena_delete(c->scratch);
	c->scratch = NULL;
}

void pg_query_done(struct pg_query *q, enum pg_outcome outcome)
{
	q->outcome = outcome;
	struct fiber *f = q->waiter;
	q->waiter = NULL;
	if (f)
		fiber_wake(f);
}

/* ---- expectations ---- */

static struct pg_expect *expect_at(struct pg_conn *c, size_t i)
{
	return &c->ring[(c->ring_head + i) & (c->ring_cap - 1)];
}

static uint64_t now_us(void)
{
	return uv_hrtime() / 1000;
}

static void progress(struct pg_conn *c)
{
	c->since_us = now_us();
	c->progress = clock_monotonic_ms();
}

static void expect(struct pg_conn *c, enum pg_expect_kind kind, struct pg_query *q, struct pg_stmt *stmt)
{
	if (c->nexpect == c->ring_cap) {
		size_t cap = c->ring_cap ? c->ring_cap * 2 : 32;
		struct pg_expect *ring = must(malloc(cap * sizeof *ring));
		for (size_t i = 0; i < c->nexpect; i++)
			ring[i] = *expect_at(c, i);
		free(c->ring);
		c->ring = ring;
		c->ring_cap = cap;
		c->ring_head = 0;
	}
	if (c->nexpect == 0)
		progress(c);
	*expect_at(c, c->nexpect++) = (struct pg_expect){.kind = kind, .q = q, .stmt = stmt};
}

static struct pg_expect expect_pop(struct pg_conn *c)
{
	struct pg_expect e = *expect_at(c, 0);
	c->ring_head = (c->ring_head + 1) & (c->ring_cap - 1);
	c->nexpect--;
	return e;
}

/* ---- the end of a connection ---- */

static void drained(struct pg_conn *c)
{
	struct fiber *f = c->drain_waiter;
	if (f && c->nexpect == 0) {
		c->drain_waiter = NULL;
		fiber_wake(f);
	}
	if (c->on_drained)
		c->on_drained(c);
}

void pg_conn_break(struct pg_conn *c, const char *why)
{
	bool was = c->state == PG_CONN_LIVE;
	if (why && was)
		log_warn("connection to the database lost: %s", why);
	if (c->poll) {
		uv_poll_stop(c->poll);
		uv_close((uv_handle_t *)c->poll, handle_free);
		c->poll = NULL;
	}
	if (c->pq) {
		PQfinish(c->pq);
		c->pq = NULL;
	}
	c->state = PG_CONN_CLOSED;
	c->writing = c->in_tx = false;
	if (was)
		c->next_try = clock_monotonic_ms();
	/* first the books, then the waiters: a woken fiber may use or close the connection at once */
	struct pg_query *lost = NULL, **tail = &lost;
	while (c->nexpect) {
		struct pg_expect e = expect_pop(c);
		if (e.kind == PG_EXPECT_EXECUTE && e.q) {
			e.q->outcome = PG_OUTCOME_LOST;
			if (e.q->waiter) {
				*tail = e.q;
				tail = &e.q->next;
			}
		}
		pg_stmt_unref(e.stmt);
	}
	*tail = c->queue;
	for (struct pg_query *q = c->queue; q; q = q->next)
		q->outcome = PG_OUTCOME_LOST;
	c->queue = NULL;
	c->queue_tail = &c->queue;
	c->nqueue = 0;
	pg_stmt_clear(c);
	while (lost) {
		struct pg_query *q = lost;
		lost = q->next;
		q->next = NULL;
		pg_query_done(q, PG_OUTCOME_LOST);
	}
	if (was && !c->draining)
		drained(c);
}

static void break_by_libpq(struct pg_conn *c)
{
	char why[300];
	snprintf(why, sizeof why, "%s", c->pq ? PQerrorMessage(c->pq) : "closed");
	why[strcspn(why, "\n")] = 0; /* the rest is advice */
	pg_conn_break(c, why);
}

/* ---- results ---- */

/* Takes one result for the first expectation; false when the connection cannot go on. */
static bool result_take(struct pg_conn *c, struct pg_expect *e, PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);
	struct pg_query *q = e->q;
	e->got = true;
	if (status == PGRES_FATAL_ERROR && (PQstatus(c->pq) == CONNECTION_BAD || pg_error_fatal(res))) {
		PQclear(res);
		return false;
	}
	switch (e->kind) {
	case PG_EXPECT_SYNC: PQclear(res); return status == PGRES_PIPELINE_SYNC;
	case PG_EXPECT_DEALLOCATE: PQclear(res); return true;
	case PG_EXPECT_PREPARE:
		if (status != PGRES_COMMAND_OK) {
			pg_stmt_forget(c, e->stmt, false);
			if (q && !q->res && status == PGRES_FATAL_ERROR) {
				q->res = res;
				return true;
			}
		}
		PQclear(res);
		return true;
	case PG_EXPECT_EXECUTE: break;
	}
	if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
		PQclear(res);
		return false;
	}
	if (status == PGRES_FATAL_ERROR && e->stmt && pg_error_stale(res)) {
		pg_stmt_forget(c, e->stmt, true);
		if (q)
			q->stale = true;
	}
	if (!q || q->res) /* detached, or its PREPARE failed and says why */
		PQclear(res);
	else
		q->res = res;
	return true;
}

static enum pg_outcome outcome_of(const PGresult *res)
{
	if (!res)
		return PG_OUTCOME_ABORTED;
	switch (PQresultStatus(res)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY: return PG_OUTCOME_OK;
	case PGRES_PIPELINE_ABORTED: return PG_OUTCOME_ABORTED;
	default: return PG_OUTCOME_ERROR;
	}
}

static void results_read(struct pg_conn *c)
{
	struct pg_query *done = NULL, **tail = &done;
	bool ok = true, any = false;
	while (ok && c->nexpect && !PQisBusy(c->pq)) {
		struct pg_expect *e = expect_at(c, 0);
		PGresult *res = PQgetResult(c->pq);
		if (res) {
			any = true;
			if (e->got)
				PQclear(res);
			else
				ok = result_take(c, e, res);
			if (!ok || e->kind != PG_EXPECT_SYNC) /* the others are closed by a NULL */
				continue;
		} else if (!e->got) {
			ok = false;
			break;
		}
		struct pg_expect over = expect_pop(c);
		pg_stmt_unref(over.stmt);
		if (over.kind == PG_EXPECT_EXECUTE && over.q) {
			over.q->outcome = outcome_of(over.q->res);
			over.q->next = NULL;
			if (over.q->tx)
				pg_tx_note(over.q);
			/* one that nobody waits for may be gone as soon as a fiber of the same transaction runs */
			if (over.q->waiter) {
				*tail = over.q;
				tail = &over.q->next;
			}
		}
	}
	if (any)
		progress(c);
	PGnotify *n;
	while (ok && c->on_notify && c->pq && (n = PQnotifies(c->pq))) {
		c->on_notify(c, n->relname, n->extra);
		PQfreemem(n);
	}
	/* libpq is left alone from here on: what is woken may send, or close the connection */
	c->draining = true;
	if (!ok)
		break_by_libpq(c);
	while (done) {
		struct pg_query *q = done;
		done = q->next;
		q->next = NULL;
		pg_query_done(q, q->outcome);
	}
	c->draining = false;
	drained(c);
}

static void poll_update(struct pg_conn *c, bool write);

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct pg_conn *c = poll->data;
	if (c->poll != poll)
		return;
	(void)events;
	/* results first, even when the server has hung up (status < 0: libuv says so and has stopped polling): what it said before counts */
	int alive = PQconsumeInput(c->pq) && status >= 0;
	if (c->writing && alive) {
		int left = PQflush(c->pq);
		if (left >= 0)
			poll_update(c, left > 0);
		else
			alive = 0;
	}
	if (c->nexpect || c->on_notify)
		results_read(c);
	if (!alive && c->poll == poll)
		break_by_libpq(c);
}

static void poll_update(struct pg_conn *c, bool write)
{
	if (c->writing == write)
		return;
	c->writing = write;
	uv_poll_start(c->poll, UV_READABLE | (write ? UV_WRITABLE : 0), on_poll);
}

/* ---- sending ---- */

static bool sent(struct pg_conn *c, int ok)
{
	if (ok)
		return true;
	break_by_libpq(c);
	return false;
}

static bool garbage_send(struct pg_conn *c)
{
	while (c->ngarbage) {
		char sql[40];
		snprintf(sql, sizeof sql, "DEALLOCATE s%u", c->garbage[--c->ngarbage]);
		if (!sent(c, PQsendQueryParams(c->pq, sql, 0, NULL, NULL, NULL, NULL, 0)))
			return false;
		expect(c, PG_EXPECT_DEALLOCATE, NULL, NULL);
	}
	return true;
}

void pg_conn_send(struct pg_conn *c, struct pg_query *q)
{
	q->conn = c;
	q->outcome = PG_OUTCOME_NONE;
	size_t n = q->params ? q->params->count : 0;
	if (c->state != PG_CONN_LIVE || (!c->in_tx && c->ngarbage && !garbage_send(c))) {
		pg_query_done(q, PG_OUTCOME_LOST);
		return;
	}
	const char *few_values[PARAMS_ON_STACK];
	int few_lengths[PARAMS_ON_STACK], few_formats[PARAMS_ON_STACK];
	const char **values = few_values;
	int *lengths = few_lengths, *formats = few_formats;
	void *heap = NULL;
	assert(n <= PG_PARAMS_LIMIT);
	if (n > PARAMS_ON_STACK) {
		heap = must(malloc(n * (sizeof *values + 2 * sizeof *lengths)));
		values = heap;
		lengths = (int *)(values + n);
		formats = lengths + n;
	}
	for (size_t i = 0; i < n; i++) {
		const struct pg_param *p = &q->params->items[i];
		values[i] = p->text;
		lengths[i] = (int)p->len;
		formats[i] = p->type == PG_BYTEA;
	}
	struct pg_stmt *s = NULL;
	int ok = 1;
	if (q->unprepared) {
		Oid types[PARAMS_ON_STACK];
		Oid *t = n > PARAMS_ON_STACK ? must(malloc(n * sizeof *t)) : types;
		for (size_t i = 0; i < n; i++)
			t[i] = (Oid)q->params->items[i].type;
		ok = PQsendQueryParams(c->pq, q->sql, (int)n, t, values, lengths, formats, 1);
		if (t != types)
			free(t);
	} else {
		char name[PG_STMT_NAME];
		s = pg_stmt_find(c, q->sql, q->params);
		if (s) {
			pg_stmt_name(s, name);
		} else {
			s = pg_stmt_enter(c, q->sql, q->params);
			pg_stmt_name(s, name);
			ok = PQsendPrepare(c->pq, name, q->sql, (int)n, s->types);
			if (ok)
				expect(c, PG_EXPECT_PREPARE, q, pg_stmt_ref(s));
		}
		if (ok)
			ok = PQsendQueryPrepared(c->pq, name, (int)n, values, lengths, formats, 1);
	}
	free(heap);
	if (ok) {
		expect(c, PG_EXPECT_EXECUTE, q, s ? pg_stmt_ref(s) : NULL);
	} else {
		break_by_libpq(c);
		pg_query_done(q, PG_OUTCOME_LOST);
	}
}

void pg_conn_sync(struct pg_conn *c)
{
	if (c->state != PG_CONN_LIVE)
		return;
	expect(c, PG_EXPECT_SYNC, NULL, NULL);
	if (!sent(c, PQpipelineSync(c->pq)))
		return;
	int left = PQflush(c->pq);
	if (left < 0)
		break_by_libpq(c);
	else
		poll_update(c, left > 0);
}

void pg_conn_wait(struct pg_query *q)
{
	while (q->outcome == PG_OUTCOME_NONE) {
		q->waiter = fiber_self();
		fiber_suspend();
	}
	q->waiter = NULL;
}

void pg_conn_wait_drained(struct pg_conn *c)
{
	while (c->nexpect) {
		c->drain_waiter = fiber_self();
		fiber_suspend();
	}
	c->drain_waiter = NULL;
}

void pg_conn_detach(struct pg_conn *c)
{
	for (size_t i = 0; i < c->nexpect; i++)
		expect_at(c, i)->q = NULL;
}

void pg_conn_forget(struct pg_conn *c, const struct pg_query *q)
{
	for (size_t i = 0; i < c->nexpect; i++)
		if (expect_at(c, i)->q == q)
			expect_at(c, i)->q = NULL;
}

/* ---- connecting ---- */

struct socket_wait {
	struct fiber *fiber;
	uv_poll_t *poll;
	uv_timer_t *timer;
	bool done, in_time;
};

static void socket_ready(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	struct socket_wait *w = poll->data;
	uv_poll_stop(poll);
	w->in_time = w->done = true;
	fiber_wake(w->fiber);
}

static void socket_late(uv_timer_t *t)
{
	struct socket_wait *w = t->data;
	w->done = true;
	fiber_wake(w->fiber);
}

/* The handle is made anew for each wait: libpq closes the socket and opens another between two polls when it tries the next host. */
static bool socket_wait(int fd, int events, unsigned timeout_ms)
{
	struct socket_wait w = {.fiber = fiber_self()};
	w.poll = must(calloc(1, sizeof *w.poll));
	if (uv_poll_init(fiber_loop(), w.poll, fd)) {
		free(w.poll);
		return false;
	}
	w.timer = must(calloc(1, sizeof *w.timer));
	uv_timer_init(fiber_loop(), w.timer);
	w.poll->data = w.timer->data = &w;
	/* what was computed before is no part of the wait */
	uv_update_time(fiber_loop());
	uv_timer_start(w.timer, socket_late, timeout_ms, 0);
	uv_poll_start(w.poll, events, socket_ready);
	while (!w.done)
		fiber_suspend();
	uv_poll_stop(w.poll);
	uv_timer_stop(w.timer);
	uv_close((uv_handle_t *)w.poll, handle_free);
	uv_close((uv_handle_t *)w.timer, handle_free);
	return w.in_time;
}

struct start {
	const char *const *keywords, *const *values;
	PGconn *pq;
};

static void start_work(void *arg)
{
	struct start *s = arg;
	s->pq = PQconnectStartParams(s->keywords, s->values, 1);
}

/* Notices ("relation already exists, skipping") would go to stderr in the middle of the log. */
static void notice_drop(void *arg, const PGresult *res)
{
	(void)arg;
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	log_debug("postgresql: %s", text ? text : "");
}

static int connect_failed(struct pg_conn *c, PGconn *pq, const char *what, struct err *err)
{
	char text[300];
	snprintf(text, sizeof text, "%s", what ? what : pq ? PQerrorMessage(pq) : "out of memory");
	text[strcspn(text, "\n")] = 0;
	if (pq)
		PQfinish(pq);
	c->pq = NULL;
	c->state = PG_CONN_CLOSED;
	return err_tell(err, ERR_UNAVAILABLE, SAY_DB_UNREACHED, text);
}

int pg_conn_connect(struct pg_conn *c, const char *const *keywords, const char *const *values, bool resolve, unsigned timeout_ms,
					struct err *err)
{
	assert(c->state == PG_CONN_CLOSED && !c->pq);
	c->state = PG_CONN_CONNECTING;
	uint64_t end = clock_monotonic_ms() + timeout_ms;
	struct start s = {keywords, values, NULL};
	if (resolve)
		fiber_work(start_work, &s);
	else
		start_work(&s);
	PGconn *pq = s.pq;
	if (!pq || PQstatus(pq) == CONNECTION_BAD)
		return connect_failed(c, pq, NULL, err);
	PQsetNoticeReceiver(pq, notice_drop, NULL);
	PostgresPollingStatusType step = PGRES_POLLING_WRITING;
	while (step != PGRES_POLLING_OK) {
		if (step == PGRES_POLLING_FAILED)
			return connect_failed(c, pq, NULL, err);
		uint64_t now = clock_monotonic_ms();
		if (now >= end || !socket_wait(PQsocket(pq), step == PGRES_POLLING_READING ? UV_READABLE : UV_WRITABLE, (unsigned)(end - now)))
			return connect_failed(c, pq, "no answer in time", err);
		step = PQconnectPoll(pq);
	}
	if (PQsetnonblocking(pq, 1) || !PQenterPipelineMode(pq))
		return connect_failed(c, pq, NULL, err);
	uv_poll_t *poll = must(calloc(1, sizeof *poll));
	int bad = uv_poll_init(fiber_loop(), poll, PQsocket(pq));
	if (bad) {
		free(poll);
		return connect_failed(c, pq, uv_strerror(bad), err);
	}
	poll->data = c;
	c->pq = pq;
	c->poll = poll;
	c->state = PG_CONN_LIVE;
	c->next_stmt = 1;
	uv_poll_start(poll, UV_READABLE, on_poll);
	return 0;
}
