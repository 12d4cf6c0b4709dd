#include "edge/ui_events.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/auth.h"
#include "edge/http.h"
#include "serve/access.h"
#include "serve/live.h"
#include "serve/plan.h"

enum {
	STREAMS = 1000, /* of a worker */
	OF_USER = 20,
	SECTIONS = 16, /* that one page shows */
	IDS = 500,     /* records of all of them together */
	OTHERS = 100,  /* changed records that it does not show, looked at for one event */
	EVENT_MS = 1000,
	LOOK_MS = 1000,  /* between two looks whether the client is there */
	BEAT_MS = 20000, /* of silence, after which a comment is sent */
	KEEP_MS = 5000,  /* how long a notice is kept for pages that are about to ask */
	KEPT = 64
};

/* One section that a page shows. */
struct shown {
	struct section *section;
	int64_t *ids; /* that it shows; 0 where it was told that the record is gone */
	bool *hit;    /* changed since the last event */
	size_t n;
	int64_t others[OTHERS];
	size_t nothers;
	bool due;
};

struct stream {
	struct stream *prev, *next;
	struct http_request *r;
	struct app_request *q;
	struct shown shown[SECTIONS];
	size_t nshown;
	struct fiber_queue wait;
	bool due;
	unsigned hearing;
	uint64_t spoken_ms;
};

static struct stream *streams;
static size_t nstreams;
static bool stopping;
static unsigned hearing; /* which connection listens: a stream lives no longer than it */

/* What was said just now: a page that has read its rows and opens its stream a moment later misses nothing. */
static struct kept {
	uint64_t at_ms;
	struct live_notice notice;
} * kept[KEPT];
static size_t nkept;

static void hear(struct stream *t, const struct live_notice *n)
{
	for (size_t i = 0; i < t->nshown; i++) {
		struct shown *s = &t->shown[i];
		if (s->section->id != n->section)
			continue;
		for (size_t k = 0; k < s->n; k++)
			s->hit[k] = s->hit[k] || (n->many && s->ids[k]);
		for (size_t j = 0; j < n->n; j++) {
			bool here = false;
			for (size_t k = 0; k < s->n; k++)
				if (s->ids[k] == n->ids[j])
					here = s->hit[k] = true;
			if (!here && s->nothers < OTHERS)
				s->others[s->nothers++] = n->ids[j];
		}
		s->due = t->due = true;
	}
}

static void on_notice(void *ctx, const struct live_notice *n)
{
	(void)ctx;
	if (!n) {
		hearing++;
		for (struct stream *t = streams; t; t = t->next)
			fiber_queue_wake(&t->wait);
		return;
	}
	struct kept *k = nkept == KEPT ? kept[0] : calloc(1, sizeof *k);
	if (!k)
		abort();
	if (nkept == KEPT)
		memmove(kept, kept + 1, --nkept * sizeof *kept);
	k->at_ms = clock_monotonic_ms();
	k->notice = *n;
	kept[nkept++] = k;
	for (struct stream *t = streams; t; t = t->next) {
		hear(t, n);
		if (t->due)
			fiber_queue_wake(&t->wait);
	}
}

int ui_events_watch(struct pg *pg, struct err *err)
{
	return live_watch(pg, on_notice, NULL, err);
}

void ui_events_stop(void)
{
	stopping = true;
	for (struct stream *t = streams; t; t = t->next)
		fiber_queue_wake(&t->wait);
}

/* ---- what the page shows ---- */

static int ids_parse(struct stream *t, struct shown *s, const char *text, size_t *total, struct err *err)
{
	size_t n = *text ? 1 : 0;
	for (const char *c = text; *c; c++)
		n += *c == ',';
	if ((*total += n) > IDS)
		return err_say(err, ERR_TOO_COMPLEX, t->q->actor->lang, SAY_EVENTS_MANY, say_number(t->r->arena, IDS));
	s->ids = arena_array(t->r->arena, int64_t, n + 1);
	s->hit = arena_array(t->r->arena, bool, n + 1);
	for (s->n = 0; *text; s->n++) {
		char *end;
		s->ids[s->n] = strtoll(text, &end, 10);
		if (end == text || s->ids[s->n] <= 0 || (*end && *end != ',') || (*end == ',' && !end[1])) {
			err_say(err, ERR_INVALID, t->q->actor->lang, SAY_EVENTS_IDS);
			return err_target(err, s->section->expr.name);
		}
		text = end + (*end == ',');
	}
	return 0;
}

static int shown_parse(struct stream *t, struct err *err)
{
	const char *at = t->r->query, *name, *value;
	size_t total = 0;
	while (http_query_next(t->r, &at, &name, &value)) {
		struct section *found = registry_find(t->q->reg, name);
		if (!found || !access_exists(access_get(t->q->reg, t->q->actor, found)))
			return err_say(err, ERR_NOT_FOUND, t->q->actor->lang, SAY_NO_SECTION, name);
		if (t->nshown == SECTIONS)
			return err_say(err, ERR_TOO_COMPLEX, t->q->actor->lang, SAY_EVENTS_SECTIONS, say_number(t->r->arena, SECTIONS));
		struct shown *s = &t->shown[t->nshown++];
		s->section = found;
		if (ids_parse(t, s, value, &total, err))
			return -1;
	}
	return 0;
}

/* A record that the page names and its user does not see is none of its business: its changes and its end are not told. */
static int shown_check(struct stream *t, struct err *err)
{
	for (size_t i = 0; i < t->nshown; i++) {
		struct shown *s = &t->shown[i];
		bool *visible = arena_array(t->r->arena, bool, s->n + 1);
		if (plan_visible(t->r->arena, t->q->pg, t->q->reg, t->q->actor, s->section, s->ids, s->n, visible, err))
			return -1;
		for (size_t k = 0; k < s->n; k++)
			if (!visible[k])
				s->ids[k] = 0;
	}
	return 0;
}

/* ---- what it is told ---- */

/* Who reads now: rights may have changed since the stream began. -1 when nobody does. */
static int reader(struct stream *t, struct arena *a, struct actor *out, struct err *err)
{
	struct http_request again = *t->r;
	struct app_request q = {.app = t->q->app, .pg = t->q->pg, .reg = t->q->reg};
	again.arena = a;
	if (auth_identify(&again, &q, err) || q.session.user_id != t->q->session.user_id)
		return -1;
	if (actor_get(a, q.pg, q.reg, q.session.user_id, out, err))
		return -1;
	out->lang = t->q->actor->lang;
	return 0;
}

static void write_ids(struct buf *b, const char *name, const int64_t *ids, size_t n)
{
	buf_printf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%lld", i ? "," : "", (long long)ids[i]);
	buf_putc(b, ']');
}

/* The event of one section, if there is anything to tell. */
static int tell_section(struct stream *t, struct shown *s, const struct actor *actor, struct arena *a, struct buf *out, struct err *err)
{
	size_t n = 0, first = 0, nchanged = 0, ngone = 0;
	int64_t *ids = arena_array(a, int64_t, s->n + OTHERS), *changed = arena_array(a, int64_t, s->n + 1),
			*gone = arena_array(a, int64_t, s->n + 1);
	size_t *place = arena_array(a, size_t, s->n + 1);
	bool *visible = arena_array(a, bool, s->n + OTHERS), more = false;
	for (size_t k = 0; k < s->n; k++) {
		if (s->hit[k] && s->ids[k]) {
			place[n] = k;
			ids[n++] = s->ids[k];
		}
		s->hit[k] = false;
	}
	first = n;
	for (size_t k = 0; k < s->nothers; k++)
		ids[n++] = s->others[k];
	s->nothers = 0;
	s->due = false;
	if (plan_visible(a, t->q->pg, t->q->reg, actor, s->section, ids, n, visible, err))
		return -1;
	for (size_t k = 0; k < first; k++) {
		if (visible[k]) {
			changed[nchanged++] = ids[k];
		} else {
			gone[ngone++] = ids[k];
			s->ids[place[k]] = 0;
		}
	}
	for (size_t k = first; k < n; k++)
		more = more || visible[k];
	if (!nchanged && !ngone && !more)
		return 0;
	buf_printf(out, "event: change\ndata: {\"section\":\"%s\"", s->section->expr.name);
	write_ids(out, "changed", changed, nchanged);
	write_ids(out, "gone", gone, ngone);
	buf_printf(out, ",\"more\":%s}\n\n", more ? "true" : "false");
	return 0;
}

/* Says what is due; -1 when the stream is over. */
static int tell(struct stream *t, bool beat, struct err *err)
{
	struct arena *a = arena_new_sized(0);
	struct buf b = BUF_INIT;
	struct actor actor;
	int r = reader(t, a, &actor, err);
	t->due = false;
	for (size_t i = 0; r == 0 && i < t->nshown; i++)
		if (t->shown[i].due)
			r = tell_section(t, &t->shown[i], &actor, a, &b, err);
	if (r == 0 && beat && !b.len)
		buf_puts(&b, ":\n\n");
	if (r == 0 && b.len) {
		r = http_stream_write(t->r, b.data, b.len);
		t->spoken_ms = clock_monotonic_ms();
	}
	buf_destroy(&b);
	arena_delete(a);
	return r;
}

static bool over(const struct stream *t)
{
	return stopping || http_left(t->r) || t->q->app->reg != t->q->reg || t->hearing != hearing;
}

static void run(struct stream *t)
{
	uint64_t told = 0;
	while (!over(t)) {
		struct err err;
		uint64_t now = clock_monotonic_ms();
		bool beat = now - t->spoken_ms >= BEAT_MS, ripe = t->due && now - told >= EVENT_MS;
		err_init(&err, NULL);
		if (beat || ripe) {
			told = now;
			if (tell(t, beat, &err))
				return;
			continue;
		}
		fiber_queue_wait(&t->wait, t->due ? EVENT_MS - (now - told) : LOOK_MS);
	}
}

static int enter(struct stream *t, struct err *err)
{
	size_t own = 0;
	for (struct stream *o = streams; o; o = o->next)
		own += o->q->session.user_id == t->q->session.user_id;
	if (stopping || nstreams >= STREAMS || own >= OF_USER)
		return err_say(err, ERR_UNAVAILABLE, t->q->actor->lang, SAY_EVENTS_FULL);
	t->next = streams;
	if (streams)
		streams->prev = t;
	streams = t;
	nstreams++;
	return 0;
}

static void leave(struct stream *t)
{
	if (t->prev)
		t->prev->next = t->next;
	else
		streams = t->next;
	if (t->next)
		t->next->prev = t->prev;
	nstreams--;
}

int ui_events(struct http_request *r, struct app_request *q, struct err *err)
{
	if (r->method != HTTP_GET)
		return http_refuse_method(r, "GET", err);
	struct stream *t = arena_new(r->arena, struct stream);
	t->r = r;
	t->q = q;
	t->hearing = hearing;
	if (shown_parse(t, err) || enter(t, err))
		return -1;
	uint64_t now = clock_monotonic_ms();
	for (size_t i = 0; i < nkept; i++)
		if (now - kept[i]->at_ms < KEEP_MS)
			hear(t, &kept[i]->notice);
	if (shown_check(t, err)) {
		leave(t);
		return -1;
	}
	http_set_header(r, "Content-Type", "text/event-stream");
	http_set_header(r, "X-Accel-Buffering", "no");
	const char *greeting =
		arena_printf(r->arena, "retry: 2000\nevent: open\ndata: {\"generation\":%lld}\n\n", (long long)q->reg->generation);
	if (http_stream_begin(r, 200, -1, err) == 0 && http_stream_write(r, greeting, strlen(greeting)) == 0) {
		t->spoken_ms = now;
		run(t);
	}
	leave(t);
	/* how long a page was open is not the time of a request */
	r->started_ms = clock_monotonic_ms();
	http_stream_end(r, true);
	return 0;
}
