#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "pg/pg.h"
#include "pg/pg_pool.h"

static void on_notify(struct pg_conn *c, const char *channel, const char *payload)
{
	for (struct pg_listener *l = c->pg->listeners; l; l = l->next)
		if (strcmp(l->channel, channel) == 0)
			l->fn(l->ctx, payload);
}

static void listen_wake(struct pg *pg)
{
	struct fiber *f = pg->listen_fiber;
	pg->listen_fiber = NULL;
	if (f)
		fiber_wake(f);
}

static void on_lost(struct pg_conn *c)
{
	if (c->state != PG_CONN_LIVE)
		listen_wake(c->pg);
}

static bool subscribe(struct pg *pg, struct pg_listener *l)
{
	struct buf sql = BUF_INIT;
	buf_puts(&sql, "LISTEN ");
	buf_ident(&sql, l->channel);
	struct pg_query q = {.sql = sql.data, .unprepared = true};
	pg_conn_send(&pg->listen, &q);
	pg_conn_sync(&pg->listen);
	pg_conn_wait(&q);
	PQclear(q.res);
	buf_destroy(&sql);
	return q.outcome == PG_OUTCOME_OK;
}

static void listen_run(void *arg)
{
	struct pg *pg = arg;
	struct pg_conn *c = &pg->listen;
	while (!pg->closing) {
		if (c->state != PG_CONN_LIVE) {
			for (struct pg_listener *l = pg->listeners; l; l = l->next)
				l->known = false;
			uint64_t now = clock_monotonic_ms();
			if (c->next_try > now) {
				fiber_sleep(c->next_try - now);
				continue;
			}
			pg_pool_connect(pg, c, pg->lanes[PG_LANE_OPERATOR].options, NULL);
			continue;
		}
		struct pg_listener *fresh = pg->listeners;
		while (fresh && fresh->known)
			fresh = fresh->next;
		if (!fresh) {
			pg->listen_fiber = fiber_self();
			fiber_suspend();
		} else if (subscribe(pg, fresh)) {
			/* what was said before the server knew of us is not heard: look again */
			fresh->known = true;
			if (!pg->closing)
				fresh->fn(fresh->ctx, NULL);
		} else if (c->state == PG_CONN_LIVE) {
			pg_conn_break(c, "LISTEN failed");
			c->next_try = clock_monotonic_ms() + PG_BACKOFF_MAX_MS;
		}
	}
	pg_conn_destroy(c);
	pg_pool_unref(pg);
}

int pg_listen(struct pg *pg, const char *channel, void (*fn)(void *ctx, const char *payload), void *ctx, struct err *err)
{
	enum { CHANNEL_BYTES = 63 };
	if (strlen(channel) > CHANNEL_BYTES || !*channel)
		return err_set(err, ERR_INVALID, "'%s' is no name for a channel", channel);
	struct pg_listener *l = arena_new(pg->arena, struct pg_listener);
	l->channel = arena_strdup(pg->arena, channel);
	l->fn = fn;
	l->ctx = ctx;
	struct pg_listener **p = &pg->listeners;
	while (*p)
		p = &(*p)->next;
	*p = l;
	pg->listen.on_notify = on_notify;
	pg->listen.on_drained = on_lost;
	if (pg->listen_running) {
		listen_wake(pg);
		return 0;
	}
	pg->listen_running = true;
	pg->refs++;
	fiber_start(listen_run, pg);
	return 0;
}

void pg_listen_stop(struct pg *pg)
{
	if (!pg->listen_running) {
		pg_conn_destroy(&pg->listen);
		return;
	}
	pg_conn_break(&pg->listen, NULL);
	listen_wake(pg);
}
