/* http_accept: takes connections off the listening socket and hands them to libmicrohttpd.
 *
 * By itself libmicrohttpd would take what it gets and stop at its bound: a few connections kept alive could all fall to one worker, and who comes too late would wait in
 * the kernel's queue for ever. Here a worker that holds more than another leaves a new one to it for a moment, and one over the bound is told so. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "edge/http_private.h"

enum {
	BURST = 64,      /* taken in one turn of the loop */
	LEAVE_MS = 2,    /* how long another worker is given */
	PATIENCE = 4,    /* taken all the same when it does not come */
	SCARCE_MS = 100, /* without descriptors or memory: until it is tried again */
	SLACK_SHARE = 16 /* more than another by this part of its own is no reason to wait */
};

/* A refused connection is closed a while later, or what it sends meanwhile would take the answer from it. */
static void let_go(struct http_server *s, int fd)
{
	struct http_refused *q = &s->refused;
	size_t at = q->next++ % HTTP_REFUSED;
	if (q->fds[at])
		close(q->fds[at] - 1);
	q->fds[at] = fd + 1;
	q->fresh[at] = true;
}

void http_accept_sweep(struct http_server *s)
{
	struct http_refused *q = &s->refused;
	for (size_t i = 0; i < HTTP_REFUSED; i++) {
		if (q->fds[i] && !q->fresh[i]) {
			close(q->fds[i] - 1);
			q->fds[i] = 0;
		}
		q->fresh[i] = false;
	}
}

/* True when another worker is to take the next one: it has fewer (which does not count for what `must` be taken), or this one has no room and it has. */
static bool leaves(const struct http_server *s, bool must)
{
	if (!s->config.fewest)
		return false;
	int mine = (int)s->counters.connections, other = s->config.fewest(s->config.ctx), bound = (int)s->config.max_connections;
	return other >= 0 && ((mine >= bound && other < bound) || (!must && mine > other + other / SLACK_SHARE));
}

static void on_listen(uv_poll_t *h, int status, int events);

static void on_again(uv_timer_t *t);

static void pause_accept(struct http_server *s, unsigned ms)
{
	uv_poll_stop(&s->listen);
	uv_timer_start(&s->again, on_again, ms, 0);
}

/* The first `must` are taken whoever else could. */
static void take(struct http_server *s, int must)
{
	for (int i = 0; i < BURST; i++) {
		if (leaves(s, i < must)) {
			s->left_to = s->config.fewest(s->config.ctx);
			pause_accept(s, LEAVE_MS);
			s->leaving = true;
			break;
		}
		struct sockaddr_storage from;
		socklen_t len = sizeof from;
		int fd = accept4(s->config.listen_fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			if (errno != EAGAIN && errno != EWOULDBLOCK) {
				log_warn("no connection is taken for a moment: %m");
				pause_accept(s, SCARCE_MS);
			}
			break;
		}
		if (s->counters.connections >= s->config.max_connections) {
			http_fault_send(s, NULL, fd, 503);
			shutdown(fd, SHUT_WR);
			let_go(s, fd);
			continue;
		}
		/* it closes what it does not take */
		if (MHD_add_connection(s->daemon, fd, (struct sockaddr *)&from, len) != MHD_YES)
			log_warn("a connection was not taken: %m");
	}
	http_server_kick(s);
}

static void on_listen(uv_poll_t *h, int status, int events)
{
	(void)status;
	(void)events;
	take(h->data, 0);
}

static void on_again(uv_timer_t *t)
{
	struct http_server *s = t->data;
	if (s->stopping)
		return;
	s->leaving = false;
	uv_poll_start(&s->listen, UV_READABLE, on_listen);
	/* the other has not come: it may be busy for long */
	take(s, s->config.fewest && s->config.fewest(s->config.ctx) == s->left_to ? PATIENCE : 0);
}

void http_accept_room(struct http_server *s)
{
	if (!s->leaving || s->stopping || leaves(s, false))
		return;
	s->leaving = false;
	uv_timer_stop(&s->again);
	uv_poll_start(&s->listen, UV_READABLE, on_listen);
}

void http_accept_start(struct http_server *s)
{
	uv_poll_init(fiber_loop(), &s->listen, s->config.listen_fd);
	uv_timer_init(fiber_loop(), &s->again);
	s->listen.data = s->again.data = s;
	uv_poll_start(&s->listen, UV_READABLE, on_listen);
}

void http_accept_stop(struct http_server *s)
{
	uv_poll_stop(&s->listen);
	uv_timer_stop(&s->again);
}

void http_accept_free(struct http_server *s)
{
	for (size_t i = 0; i < HTTP_REFUSED; i++)
		if (s->refused.fds[i])
			close(s->refused.fds[i] - 1);
}
