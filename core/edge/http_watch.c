/* http_watch: notices clients that leave while their request is served.
 *
 * libmicrohttpd takes a suspended connection out of its epoll set, so nobody else would hear of its end before the answer is written. Who has left is told to
 * http_config.left again and again until the handler ends: it may only be about to begin what is to be ended. */
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "edge/http_private.h"

enum { WATCH_MS = 200 };

void http_watch_enter(struct http_request *r)
{
	struct http_server *s = r->server;
	struct http_private *p = r->priv;
	p->fiber = fiber_self();
	p->next = s->served;
	if (s->served)
		s->served->priv->prev = r;
	s->served = r;
}

void http_watch_leave(struct http_request *r)
{
	struct http_server *s = r->server;
	struct http_private *p = r->priv;
	if (p->prev)
		p->prev->priv->next = p->next;
	else
		s->served = p->next;
	if (p->next)
		p->next->priv->prev = p->prev;
	p->next = p->prev = NULL;
	p->fiber = NULL;
}

static void on_watch(uv_timer_t *t)
{
	struct http_server *s = t->data;
	uint64_t now = clock_monotonic_ms();
	size_t n = 0;
	for (struct http_request *r = s->served; r && n < s->watch_cap; r = r->priv->next)
		if (now - r->started_ms >= WATCH_MS && !r->priv->gone && !r->priv->left && r->priv->conn && r->priv->conn->fd >= 0) {
			/* POLLRDHUP shows also behind bytes that nobody has read yet */
			s->watched[n] = r;
			s->polls[n++] = (struct pollfd){.fd = r->priv->conn->fd, .events = POLLRDHUP};
		}
	if (n && poll(s->polls, n, 0) > 0)
		for (size_t i = 0; i < n; i++)
			s->watched[i]->priv->left = (s->polls[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
	for (struct http_request *r = s->served; r; r = r->priv->next)
		if (r->priv->left || r->priv->gone)
			s->config.left(s->config.ctx, r->priv->fiber);
}

void http_watch_start(struct http_server *s)
{
	uv_timer_init(fiber_loop(), &s->watch);
	s->watch.data = s;
	if (!s->config.left)
		return;
	s->watch_cap = s->config.max_connections;
	s->polls = calloc(s->watch_cap, sizeof *s->polls);
	s->watched = calloc(s->watch_cap, sizeof *s->watched);
	if (!s->polls || !s->watched)
		abort();
	uv_timer_start(&s->watch, on_watch, WATCH_MS, WATCH_MS);
}

void http_watch_free(struct http_server *s)
{
	free(s->polls);
	free(s->watched);
}
