#include "serve/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "pg/pg.h"
#include "serve/record_private.h"

/* PostgreSQL takes less than 8000 bytes of payload. */
enum { PAUSE_MS = 200, SECTIONS = 64, PAYLOAD = 7900, NEAR = 32 };

static const char channel[] = "ostov_change";

/* What this process has not told yet. */
static struct live_notice *waiting[SECTIONS];
static size_t nwaiting;
static bool telling;

void live_note(struct unit *u, int64_t section, int64_t id)
{
	struct unit_private *p = u->priv;
	for (size_t i = p->changed.count; i > 0 && p->changed.count - i < NEAR; i--)
		if (p->changed.items[i - 1].section == section && p->changed.items[i - 1].id == id)
			return;
	struct unit_changed c = {section, id};
	arena_push(u->arena, &p->changed, c);
}

static void add(int64_t section, int64_t id)
{
	struct live_notice *n = NULL;
	for (size_t i = 0; i < nwaiting && !n; i++)
		if (waiting[i]->section == section)
			n = waiting[i];
	if (!n) {
		/* so many sections at once are an import into a whole system: the pages of the rest learn it from the next write */
		if (nwaiting == SECTIONS)
			return;
		n = calloc(1, sizeof *n);
		if (!n)
			abort();
		n->section = section;
		waiting[nwaiting++] = n;
	}
	for (size_t i = 0; i < n->n; i++)
		if (n->ids[i] == id)
			return;
	if (n->n == LIVE_IDS)
		n->many = true;
	else
		n->ids[n->n++] = id;
}

/* One payload of what waits: "12:5,6;15:*7,8", `*` when there were more. What does not fit into it stays. */
static void payload_take(struct buf *b)
{
	while (nwaiting) {
		struct live_notice *n = waiting[nwaiting - 1];
		size_t from = b->len;
		buf_printf(b, "%s%lld:%s", from ? ";" : "", (long long)n->section, n->many ? "*" : "");
		for (size_t i = 0; i < n->n; i++)
			buf_printf(b, "%s%lld", i ? "," : "", (long long)n->ids[i]);
		if (b->len > PAYLOAD && from) {
			b->len = from;
			b->data[from] = 0;
			return;
		}
		nwaiting--;
		free(n);
	}
}

static void tell(void *pg)
{
	while (nwaiting) {
		struct arena *a = arena_new_sized(0);
		struct buf b = BUF_INIT;
		struct pg_params p = {0};
		struct pg_rows *rows;
		struct err err;
		err_init(&err, a);
		payload_take(&b);
		pg_params_text(a, &p, PG_TEXT, arena_strndup(a, b.data, b.len));
		buf_destroy(&b);
		if (pg_read(pg, PG_LANE_FAST, a, "SELECT pg_notify('ostov_change', $1)", &p, &rows, &err) < 0)
			log_debug("open pages were not told of a change: %s", err.message);
		arena_delete(a);
		fiber_sleep(PAUSE_MS);
	}
	telling = false;
}

void live_tell(struct unit *u)
{
	struct unit_private *p = u->priv;
	for (size_t i = 0; i < p->changed.count; i++)
		add(p->changed.items[i].section, p->changed.items[i].id);
	if (nwaiting && !telling) {
		telling = true;
		fiber_start(tell, u->pg);
	}
}

bool live_parse(const char **payload, struct live_notice *out)
{
	const char *s = *payload;
	char *end;
	out->n = 0;
	out->section = strtoll(s, &end, 10);
	if (end == s || *end != ':')
		return false;
	s = end + 1;
	out->many = *s == '*';
	s += out->many;
	while (*s && *s != ';') {
		int64_t id = strtoll(s, &end, 10);
		if (end == s || id <= 0)
			return false;
		if (out->n < LIVE_IDS)
			out->ids[out->n++] = id;
		s = end + (*end == ',');
		if (*end && *end != ',' && *end != ';')
			return false;
	}
	*payload = s + (*s == ';');
	return true;
}

struct listener {
	void (*fn)(void *ctx, const struct live_notice *notice);
	void *ctx;
};

static void on_notify(void *ctx, const char *payload)
{
	const struct listener *l = ctx;
	static struct live_notice notice;
	if (!payload)
		l->fn(l->ctx, NULL);
	while (payload && *payload && live_parse(&payload, &notice))
		l->fn(l->ctx, &notice);
}

int live_watch(struct pg *pg, void (*fn)(void *ctx, const struct live_notice *notice), void *ctx, struct err *err)
{
	static struct listener l;
	l = (struct listener){fn, ctx};
	return pg_listen(pg, channel, on_notify, &l, err);
}
