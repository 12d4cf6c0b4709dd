#include "pg/pg_pool.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/say.h"
#include "pg/pg_error.h"

/* Every session: names are schema-qualified, times UTC, no JIT for statements of a millisecond. */
#define SETTINGS_ALL                                                                                                                       \
	"-c search_path= -c TimeZone=UTC -c client_encoding=UTF8 -c jit=off -c idle_in_transaction_session_timeout=60s -c DateStyle=ISO "      \
	"-c bytea_output=hex -c extra_float_digits=1 -c standard_conforming_strings=on -c default_transaction_isolation=read\\ committed "

static const struct {
	int standard;         /* connections when the configuration says 0 */
	unsigned patience_ms; /* over its statement_timeout */
	const char *options;
} lane_kinds[PG_LANES] = {
	/* reading only: what was lost or aborted in the pipeline may run again */
	[PG_LANE_FAST] = {4, 10000, SETTINGS_ALL "-c statement_timeout=250ms -c default_transaction_read_only=on"},
	[PG_LANE_SLOW] = {2, 90000, SETTINGS_ALL "-c statement_timeout=60s -c lock_timeout=10s"},
	[PG_LANE_TX] = {6, 40000, SETTINGS_ALL "-c statement_timeout=20s -c lock_timeout=5s"},
	[PG_LANE_OPERATOR] = {1, 0, SETTINGS_ALL "-c statement_timeout=0"},
};

static void *must(void *p)
{
	if (!p) {
		fputs("ostov: out of memory\n", stderr);
		abort();
	}
	return p;
}

/* ---- life ---- */

void pg_pool_unref(struct pg *pg)
{
	if (--pg->refs > 0)
		return;
	for (int l = 0; l < PG_LANES; l++)
		free(pg->lanes[l].conns);
	if (pg->log_fd >= 0)
		close(pg->log_fd);
	arena_delete(pg->arena);
	free(pg);
}

static void handle_closed(uv_handle_t *h)
{
	pg_pool_unref(h->data);
}

static bool any_live(const struct pg *pg)
{
	for (int l = 0; l < PG_LANES; l++)
		for (int i = 0; i < pg->lanes[l].nconns; i++)
			if (pg->lanes[l].conns[i].state == PG_CONN_LIVE)
				return true;
	return pg->listen.state == PG_CONN_LIVE;
}

uint64_t pg_down_ms(const struct pg *pg)
{
	if (!pg->down_since || any_live(pg))
		return 0;
	return clock_monotonic_ms() - pg->down_since + 1;
}

/* ---- connecting ---- */

/* True when libpq would ask the resolver for this conninfo's host. */
static bool needs_resolver(const char *conninfo)
{
	bool needs = false;
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	for (PQconninfoOption *o = options; o && o->keyword; o++) {
		if (strcmp(o->keyword, "hostaddr") == 0 && o->val && *o->val) {
			needs = false;
			break;
		}
		if (strcmp(o->keyword, "host") == 0 && o->val && *o->val && o->val[0] != '/') {
			unsigned char addr[sizeof(struct in6_addr)];
			needs = inet_pton(AF_INET, o->val, addr) != 1 && inet_pton(AF_INET6, o->val, addr) != 1;
		}
	}
	PQconninfoFree(options);
	return needs;
}

bool pg_conninfo_valid(struct arena *a, const char *conninfo, const char **why)
{
	char *text = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &text);
	*why = options ? NULL : text ? arena_strndup(a, text, strcspn(text, "\n")) : "no memory";
	PQfreemem(text);
	PQconninfoFree(options);
	return *why == NULL;
}

/* The operator's own options in the conninfo stay, ours come behind them and win. */
static const char *options_join(struct pg *pg, const char *ours)
{
	const char *joined = ours;
	PQconninfoOption *options = PQconninfoParse(pg->config.conninfo, NULL);
	for (PQconninfoOption *o = options; o && o->keyword; o++)
		if (strcmp(o->keyword, "options") == 0 && o->val && *o->val)
			joined = arena_printf(pg->arena, "%s %s", o->val, ours);
	PQconninfoFree(options);
	return joined;
}

int pg_pool_connect(struct pg *pg, struct pg_conn *c, const char *options, struct err *err)
{
	/* what stands after dbname overrides the conninfo */
	const char *const keywords[] = {"fallback_application_name", "keepalives_idle",  "keepalives_interval",
									"keepalives_count",          "tcp_user_timeout", "dbname",
									"client_encoding",           "options",          NULL};
	const char *const values[] = {pg->config.name, "30", "10", "3", "30000", pg->config.conninfo, "UTF8", options, NULL};
	struct err why;
	err_init(&why, NULL);
	if (pg_conn_connect(c, keywords, values, pg->resolve, PG_CONNECT_MS, &why) == 0) {
		if (c->failures)
			log_info("connected to the database again");
		c->failures = 0;
		pg->down_since = 0;
		return 0;
	}
	uint64_t now = clock_monotonic_ms();
	if (!pg->down_since && !any_live(pg))
		pg->down_since = now;
	unsigned shift = c->failures < 4 ? c->failures : 4;
	uint64_t wait = (uint64_t)PG_BACKOFF_MIN_MS << shift;
	if (wait > PG_BACKOFF_MAX_MS)
		wait = PG_BACKOFF_MAX_MS;
	/* half of it by chance, so that workers do not come in step */
	c->next_try = now + wait / 2 + (uint64_t)random() % (wait / 2);
	if (c->failures++ == 0)
		log_warn("%s", why.message);
	snprintf(pg->last_error, sizeof pg->last_error, "%s", why.message);
	return pg_error_copy(err, &why);
}

static void lane_wake(struct pg *pg, struct pg_lane_conns *lane);

struct connector {
	struct pg *pg;
	struct pg_conn *conn;
};

/* Keeps trying while somebody needs the connection: waiters of its lane, or, for the first fast one, everybody. */
static void connector_run(void *arg)
{
	struct connector k = *(struct connector *)arg;
	free(arg);
	struct pg *pg = k.pg;
	struct pg_conn *c = k.conn;
	struct pg_lane_conns *lane = &pg->lanes[c->lane];
	for (;;) {
		uint64_t now = clock_monotonic_ms();
		if (c->next_try > now)
			fiber_sleep(c->next_try - now);
		c->state = PG_CONN_CLOSED;
		int bad = pg->closing || pg_pool_connect(pg, c, lane->options, NULL);
		if (pg->closing) {
			pg_conn_destroy(c);
			break;
		}
		if (bad == 0) {
			lane_wake(pg, lane);
			break;
		}
		/* the state shows that a connector is at work, also while it sleeps */
		c->state = PG_CONN_CONNECTING;
		if (!lane->waiting && c != &pg->lanes[PG_LANE_FAST].conns[0]) {
			c->state = PG_CONN_CLOSED;
			break;
		}
	}
	pg_pool_unref(pg);
}

static void connector_start(struct pg *pg, struct pg_conn *c)
{
	if (c->state != PG_CONN_CLOSED || c->taken || pg->closing)
		return;
	c->state = PG_CONN_CONNECTING;
	struct connector *k = must(malloc(sizeof *k));
	*k = (struct connector){pg, c};
	pg->refs++;
	fiber_start(connector_run, k);
}

/* ---- the fast lane ---- */

static size_t fast_load(const struct pg_conn *c)
{
	return c->nexpect + 2 * c->nqueue;
}

/* Statements share few connections, for what goes together costs both sides less. Behind one that takes long nobody waits while another connection is free of such. */
static struct pg_conn *fast_pick(struct pg *pg)
{
	struct pg_lane_conns *lane = &pg->lanes[PG_LANE_FAST];
	struct pg_conn *best = NULL, *any = NULL, *closed = NULL;
	uint64_t now = uv_hrtime() / 1000;
	bool coming = false;
	for (int i = 0; i < lane->nconns && (i < PG_FAST_FEW || !best); i++) {
		struct pg_conn *c = &lane->conns[i];
		if (c->state == PG_CONN_CLOSED && !closed)
			closed = c;
		coming = coming || c->state == PG_CONN_CONNECTING;
		if (c->state != PG_CONN_LIVE)
			continue;
		if (!any || fast_load(c) < fast_load(any))
			any = c;
		bool stuck = c->nexpect && now - c->since_us > PG_FAST_STUCK;
		if (!stuck && (!best || fast_load(c) < fast_load(best)))
			best = c;
	}
	if (closed && (!best || fast_load(best) > 0)) {
		connector_start(pg, closed);
		coming = coming || closed->state == PG_CONN_CONNECTING;
	}
	/* a connection that opens wakes those who wait, and so does an end of what takes long */
	if (!best && coming)
		return NULL;
	if (!best)
		best = any;
	return best && fast_load(best) < 2 * PG_FAST_DEPTH ? best : NULL;
}

static int lane_full(struct pg *pg, enum pg_lane lane, struct err *err)
{
	if (!any_live(pg) && pg->last_error[0])
		return err_tell(err, ERR_UNAVAILABLE, SAY_DB_AWAY);
	static const enum say_text busy[PG_LANES] = {SAY_DB_LANE_READ, SAY_DB_LANE_SLOW, SAY_DB_LANE_WRITE, SAY_DB_LANE_OPERATOR};
	return err_tell(err, ERR_UNAVAILABLE, busy[lane]);
}

static int lane_wait(struct pg *pg, enum pg_lane lane, uint64_t end, struct err *err)
{
	struct pg_lane_conns *l = &pg->lanes[lane];
	uint64_t now = clock_monotonic_ms();
	if (now >= end || l->waiting >= PG_WAITERS || pg->closing)
		return lane_full(pg, lane, err);
	l->waiting++;
	int late = fiber_queue_wait(&l->queue, end - now);
	l->waiting--;
	if (pg->closing || late)
		return lane_full(pg, lane, err);
	return 0;
}

/* Statements that share a sync share one send and one transaction of the server, and fail together: pg_read runs those that were aborted again, alone. They
 * only read, so nothing is lost with the transaction. */
static void flush_conn(struct pg_conn *c)
{
	int open = 0;
	while (c->queue) {
		/* taken off the list first: a break marks what is still in it as lost */
		struct pg_query *q = c->queue;
		c->queue = q->next;
		if (!c->queue)
			c->queue_tail = &c->queue;
		c->nqueue--;
		q->next = NULL;
		if (q->alone && open) {
			pg_conn_sync(c);
			open = 0;
		}
		pg_conn_send(c, q);
		if (++open == PG_FAST_BATCH || q->alone) {
			pg_conn_sync(c);
			open = 0;
		}
	}
	if (open)
		pg_conn_sync(c);
}

static void on_flush(uv_prepare_t *h)
{
	struct pg *pg = h->data;
	struct pg_lane_conns *lane = &pg->lanes[PG_LANE_FAST];
	for (int i = 0; i < lane->nconns; i++)
		flush_conn(&lane->conns[i]);
}

static int rows_of(struct pg_query *q, struct arena *a, struct pg_rows **rows)
{
	if (rows)
		*rows = pg_rows_new(a, q->res);
	else
		PQclear(q->res);
	q->res = NULL;
	return 0;
}

static int query_failed(struct pg_query *q, struct err *err)
{
	int r;
	if (q->outcome == PG_OUTCOME_ERROR)
		r = pg_error_result(err, q->res, q->sql);
	else if (q->outcome == PG_OUTCOME_ABORTED)
		r = err_tell(err, ERR_UNAVAILABLE, SAY_DB_EARLIER);
	else
		r = pg_error_lost(err);
	PQclear(q->res);
	q->res = NULL;
	return r;
}

static void log_read(struct pg *pg, const char *kind, const char *sql, const struct pg_params *params)
{
	if (pg->log_fd < 0)
		return;
	struct buf texts = BUF_INIT, line = BUF_INIT;
	pg_pool_log_add(&texts, &line, sql, params);
	pg_pool_log(pg, kind, &texts, &line);
	buf_destroy(&texts);
	buf_destroy(&line);
}

/* Runs on one checked-out connection and waits. */
static int exclusive_run(struct pg *pg, enum pg_lane lane, struct pg_query *q, struct pg_rows **rows, struct err *err)
{
	for (int tries = 0;; tries++) {
		struct pg_conn *c = pg_pool_take(pg, lane, err);
		if (!c)
			return -1;
		pg_conn_send(c, q);
		pg_conn_sync(c);
		pg_conn_wait(q);
		pg_pool_give(c);
		if (q->outcome == PG_OUTCOME_OK)
			return rows_of(q, q->arena, rows);
		if (!q->stale || tries)
			return query_failed(q, err);
		PQclear(q->res);
		q->res = NULL;
		q->stale = false;
	}
}

int pg_read(struct pg *pg, enum pg_lane lane, struct arena *a, const char *sql, const struct pg_params *params, struct pg_rows **rows,
			struct err *err)
{
	struct pg_query q = {.sql = sql, .params = params, .arena = a};
	if (pg_params_check(params, err))
		return -1;
	log_read(pg, "read", sql, params);
	if (lane != PG_LANE_FAST)
		return exclusive_run(pg, lane, &q, rows, err);
	uint64_t end = clock_monotonic_ms() + PG_WAIT_MS;
	int lost = 0;
	bool stale = false;
	for (;;) {
		struct pg_conn *c;
		while (!(c = fast_pick(pg)))
			if (lane_wait(pg, PG_LANE_FAST, end, err))
				return -1;
		*c->queue_tail = &q;
		c->queue_tail = &q.next;
		c->nqueue++;
		pg_conn_wait(&q);
		if (q.outcome == PG_OUTCOME_OK)
			return rows_of(&q, a, rows);
		if (q.outcome == PG_OUTCOME_ERROR && q.res) {
			const char *state = PQresultErrorField(q.res, PG_DIAG_SQLSTATE);
			if (state && strcmp(state, "57014") == 0) {
				PQclear(q.res);
				q.res = NULL;
				q.outcome = PG_OUTCOME_NONE;
				return exclusive_run(pg, PG_LANE_SLOW, &q, rows, err);
			}
		}
		/* a read may run again: after the loss of each connection of the lane (they die together), once after its tables changed, once alone when a neighbour failed */
		bool again = false;
		if (q.outcome == PG_OUTCOME_LOST && lost++ < pg->lanes[PG_LANE_FAST].nconns && !pg->closing)
			again = true;
		else if (q.stale && !stale)
			again = stale = true;
		else if (q.outcome == PG_OUTCOME_ABORTED && !q.alone)
			again = q.alone = true;
		if (!again)
			return query_failed(&q, err);
		PQclear(q.res);
		q.res = NULL;
		q.stale = false;
		q.next = NULL;
		q.outcome = PG_OUTCOME_NONE;
	}
}

/* ---- lanes whose connections are checked out ---- */

static int idle_count(struct pg_lane_conns *lane)
{
	int n = 0;
	for (int i = 0; i < lane->nconns; i++)
		n += lane->conns[i].state == PG_CONN_LIVE && !lane->conns[i].taken && !lane->conns[i].nexpect;
	return n;
}

static void lane_wake(struct pg *pg, struct pg_lane_conns *lane)
{
	if (lane == &pg->lanes[PG_LANE_FAST]) {
		fiber_queue_wake_all(&lane->queue);
		return;
	}
	/* the promise is made first: the woken fiber runs inside the call */
	while (lane->queue.head && idle_count(lane) > lane->promised) {
		lane->promised++;
		fiber_queue_wake(&lane->queue);
	}
}

struct pg_conn *pg_pool_take(struct pg *pg, enum pg_lane which, struct err *err)
{
	struct pg_lane_conns *lane = &pg->lanes[which];
	uint64_t end = clock_monotonic_ms() + PG_WAIT_MS;
	bool promised = false;
	for (;;) {
		if (pg->closing) {
			lane_full(pg, which, err);
			return NULL;
		}
		if (promised || idle_count(lane) > lane->promised) {
			if (promised)
				lane->promised--;
			for (int i = 0; i < lane->nconns; i++) {
				struct pg_conn *c = &lane->conns[i];
				if (c->state == PG_CONN_LIVE && !c->taken && !c->nexpect) {
					c->taken = true;
					c->holder = fiber_self();
					pg->refs++;
					return c;
				}
			}
		}
		int connecting = 0;
		struct pg_conn *closed = NULL;
		for (int i = 0; i < lane->nconns; i++) {
			struct pg_conn *c = &lane->conns[i];
			connecting += c->state == PG_CONN_CONNECTING;
			if (c->state == PG_CONN_CLOSED && !c->taken && !closed)
				closed = c;
		}
		if (closed && (unsigned)connecting <= lane->waiting)
			connector_start(pg, closed);
		if (lane_wait(pg, which, end, err))
			return NULL;
		promised = true;
	}
}

void pg_pool_give(struct pg_conn *c)
{
	struct pg *pg = c->pg;
	c->taken = false;
	c->holder = NULL;
	if (c->cancelled)
		pg_conn_break(c, NULL);
	c->cancelled = false;
	if (pg->closing) {
		pg_conn_destroy(c);
	} else if (c->state != PG_CONN_LIVE) {
		pg_conn_slot_drop(c);
		/* those who wait need another one */
		if (pg->lanes[c->lane].waiting)
			connector_start(pg, c);
	} else {
		lane_wake(pg, &pg->lanes[c->lane]);
	}
	pg_pool_unref(pg);
}

static void on_drained(struct pg_conn *c)
{
	struct pg *pg = c->pg;
	if (pg->closing)
		return;
	struct pg_lane_conns *lane = &pg->lanes[c->lane];
	if (c->lane == PG_LANE_FAST) {
		if (c->state == PG_CONN_CLOSED) {
			if (!any_live(pg) && !pg->down_since)
				pg->down_since = clock_monotonic_ms();
			if (c == &lane->conns[0] || lane->waiting)
				connector_start(pg, c);
		} else if (lane->waiting && c->nexpect + 2 * c->nqueue < 2 * PG_FAST_DEPTH) {
			fiber_queue_wake(&lane->queue);
		}
		return;
	}
	if (c->taken)
		return;
	if (c->state == PG_CONN_CLOSED) {
		pg_conn_slot_drop(c);
		if (lane->waiting)
			connector_start(pg, c);
		return;
	}
	if (c->nexpect)
		return;
	if (PQtransactionStatus(c->pq) != PQTRANS_IDLE) {
		pg_conn_break(c, "a transaction was left open");
		return;
	}
	lane_wake(pg, lane);
}

/* ---- cancelling ---- */

struct cancel {
	uv_work_t work;
	struct pg *pg;
	PGcancel *cancel;
};

/* Connects and waits for the server to close: nothing for the loop. */
static void cancel_work(uv_work_t *w)
{
	struct cancel *k = w->data;
	char why[256];
	PQcancel(k->cancel, why, sizeof why);
}

static void cancel_over(uv_work_t *w, int status)
{
	(void)status;
	struct cancel *k = w->data;
	PQfreeCancel(k->cancel);
	k->pg->cancels--;
	pg_pool_unref(k->pg);
	free(k);
}

void pg_cancel(struct pg *pg, const struct fiber *f)
{
	struct pg_lane_conns *lane = &pg->lanes[PG_LANE_SLOW];
	for (int i = 0; i < lane->nconns && pg->cancels < PG_CANCELS; i++) {
		struct pg_conn *c = &lane->conns[i];
		if (!c->taken || c->holder != f || c->state != PG_CONN_LIVE || !c->nexpect || c->cancelled)
			continue;
		struct cancel *k = must(calloc(1, sizeof *k));
		k->pg = pg;
		k->cancel = PQgetCancel(c->pq);
		k->work.data = k;
		c->cancelled = true;
		if (!k->cancel || uv_queue_work(fiber_loop(), &k->work, cancel_work, cancel_over)) {
			PQfreeCancel(k->cancel);
			free(k);
		} else {
			pg->refs++;
			pg->cancels++;
		}
	}
}

int pg_run_outside(struct pg *pg, struct arena *a, const char *sql, const struct pg_params *params, struct pg_rows **rows, struct err *err)
{
	struct pg_query q = {.sql = sql, .params = params, .arena = a, .unprepared = true};
	if (pg_params_check(params, err))
		return -1;
	log_read(pg, "outside", sql, params);
	return exclusive_run(pg, PG_LANE_OPERATOR, &q, rows, err);
}

/* ---- what makes no progress ---- */

static void guard_conn(struct pg_conn *c, uint64_t now)
{
	if (c->state == PG_CONN_LIVE && c->nexpect && c->patience && now - c->progress > c->patience)
		pg_conn_break(c, "no answer in time");
}

static void on_guard(uv_timer_t *t)
{
	struct pg *pg = t->data;
	uint64_t now = clock_monotonic_ms();
	for (int l = 0; l < PG_LANES && !pg->closing; l++)
		for (int i = 0; i < pg->lanes[l].nconns; i++)
			guard_conn(&pg->lanes[l].conns[i], now);
	if (!pg->closing)
		guard_conn(&pg->listen, now);
}

/* ---- the statement log ---- */

void pg_pool_log_add(struct buf *texts, struct buf *line, const char *sql, const struct pg_params *params)
{
	if (texts->len) {
		buf_putc(texts, '\n');
		buf_putc(line, ',');
	}
	buf_puts(texts, sql);
	buf_puts(line, "{\"sql\":");
	buf_json(line, sql, strlen(sql));
	buf_puts(line, ",\"params\":[");
	for (size_t i = 0; params && i < params->count; i++) {
		const struct pg_param *p = &params->items[i];
		buf_printf(line, "%s{\"type\":%d,\"value\":", i ? "," : "", (int)p->type);
		if (!p->text || p->type == PG_BYTEA)
			buf_puts(line, "null");
		else
			buf_json(line, p->text, strlen(p->text));
		buf_putc(line, '}');
	}
	buf_puts(line, "]}");
}

void pg_pool_log(struct pg *pg, const char *kind, const struct buf *texts, const struct buf *line)
{
	enum { LOGGED_LIMIT = 10000 };
	if (!texts->len || pg->logged->count >= LOGGED_LIMIT || map_find_n(pg->logged, texts->data, texts->len))
		return;
	map_put_n(pg->logged, texts->data, texts->len, pg);
	struct buf out = BUF_INIT;
	buf_printf(&out, "{\"kind\":\"%s\",\"statements\":[", kind);
	buf_add(&out, line->data, line->len);
	buf_puts(&out, "]}\n");
	if (write(pg->log_fd, out.data, out.len) < 0)
		log_warn("statement log: %m");
	buf_destroy(&out);
}

/* ---- open and close ---- */

int pg_room(const struct pg *pg, struct err *err)
{
	const _Atomic int *disk_short = pg->config.disk_short;
	return disk_short && atomic_load_explicit(disk_short, memory_order_relaxed) ? err_tell(err, ERR_UNAVAILABLE, SAY_DB_FULL) : 0;
}

int pg_open(const struct pg_config *config, struct pg **out, struct err *err)
{
	enum { FIRST_MS = 10000 };
	struct pg *pg = must(calloc(1, sizeof *pg));
	struct arena *a = arena_new_sized(0);
	pg->arena = a;
	pg->config = *config;
	pg->config.conninfo = arena_strdup(a, config->conninfo ? config->conninfo : "");
	pg->config.name = arena_strdup(a, config->name ? config->name : "ostov");
	pg->resolve = needs_resolver(pg->config.conninfo);
	pg->log_fd = -1;
	pg->refs = 1;
	int sizes[PG_LANES] = {[PG_LANE_FAST] = config->fast, [PG_LANE_SLOW] = config->slow, [PG_LANE_TX] = config->tx};
	for (int l = 0; l < PG_LANES; l++) {
		struct pg_lane_conns *lane = &pg->lanes[l];
		lane->nconns = sizes[l] > 0 ? sizes[l] : lane_kinds[l].standard;
		lane->conns = must(calloc((size_t)lane->nconns, sizeof *lane->conns));
		lane->options = options_join(pg, lane_kinds[l].options);
		for (int i = 0; i < lane->nconns; i++) {
			pg_conn_create(&lane->conns[i], pg, (enum pg_lane)l, lane_kinds[l].patience_ms);
			lane->conns[i].on_drained = on_drained;
		}
	}
	pg_conn_create(&pg->listen, pg, PG_LANE_OPERATOR, 30000);
	if (config->log_statements) {
		pg->logged = arena_new(a, struct map);
		map_create(pg->logged, a);
		pg->log_fd = open(config->log_statements, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (pg->log_fd < 0) {
			err_set(err, ERR_ENVIRONMENT, "cannot write the statement log '%s': %m", config->log_statements);
			pg_pool_unref(pg);
			return -1;
		}
	}
	uint64_t end = clock_monotonic_ms() + FIRST_MS;
	struct pg_conn *first = &pg->lanes[PG_LANE_FAST].conns[0];
	while (pg_pool_connect(pg, first, pg->lanes[PG_LANE_FAST].options, err)) {
		uint64_t now = clock_monotonic_ms();
		if (first->next_try >= end) {
			pg_pool_unref(pg);
			return -1;
		}
		if (first->next_try > now)
			fiber_sleep(first->next_try - now);
	}
	uv_loop_t *loop = fiber_loop();
	pg->refs += 2;
	pg->flush.data = pg->guard.data = pg;
	uv_prepare_init(loop, &pg->flush);
	uv_prepare_start(&pg->flush, on_flush);
	uv_unref((uv_handle_t *)&pg->flush);
	uv_timer_init(loop, &pg->guard);
	uv_timer_start(&pg->guard, on_guard, 1000, 1000);
	uv_unref((uv_handle_t *)&pg->guard);
	*out = pg;
	return 0;
}

void pg_close(struct pg *pg)
{
	if (!pg || pg->closing)
		return;
	pg->closing = true;
	pg_listen_stop(pg);
	for (int l = 0; l < PG_LANES; l++) {
		struct pg_lane_conns *lane = &pg->lanes[l];
		for (int i = 0; i < lane->nconns; i++) {
			struct pg_conn *c = &lane->conns[i];
			/* a connector or the holder of a checked-out connection ends it itself */
			if (c->taken)
				pg_conn_break(c, NULL);
			else if (c->state != PG_CONN_CONNECTING)
				pg_conn_destroy(c);
		}
		fiber_queue_wake_all(&lane->queue);
	}
	uv_close((uv_handle_t *)&pg->flush, handle_closed);
	uv_close((uv_handle_t *)&pg->guard, handle_closed);
	pg_pool_unref(pg);
}
