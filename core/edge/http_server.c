#include "edge/http.h"

#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/say.h"
#include "edge/http_guard.h"
#include "edge/http_private.h"
#include "edge/http_proxy.h"

enum {
	RECEIVE_DEADLINE_MS = 20000, /* for headers and a collected body together */
	IDLE_SECONDS = 75,
	SWEEP_MS = 1000,
	ENDED = 500,  /* slow clients in one sweep */
	SOON_MS = 20, /* until the next, when there were more */
	CROWD = 1000, /* connections */
	RUNS = 64,
	PENDING = 256 * 1024, /* bytes of a streamed upload that wait for their reader */
	STEADY = 16 * 1024    /* bytes that an upload brings within RECEIVE_DEADLINE_MS at least */
};

static void run_daemon(struct http_server *s);

void http_server_kick(struct http_server *s)
{
	s->rerun = true;
}

void http_request_resume(struct http_request *r)
{
	if (r->priv->suspended && !r->priv->gone) {
		r->priv->suspended = false;
		MHD_resume_connection(r->priv->mhd);
	}
	http_server_kick(r->server);
}

static void request_free(struct http_request *r)
{
	buf_destroy(&r->out);
	buf_destroy(&r->priv->in);
	buf_destroy(&r->priv->pieces);
	buf_destroy(&r->priv->last);
	if (r->priv->file >= 0)
		close(r->priv->file);
	arena_delete(r->arena);
}

static enum http_method method_of(const char *name)
{
	static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum http_method)i;
	return HTTP_OTHER;
}

/* A request begins: called with the raw target before the headers are parsed into the handler. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct http_server *s = cls;
	struct arena *a = arena_new_sized(8192);
	struct http_request *r = arena_new(a, struct http_request);
	r->arena = a;
	r->server = s;
	r->priv = arena_new(a, struct http_private);
	r->priv->mhd = mhd;
	r->priv->file = -1;
	r->priv->target = uri;
	r->priv->raw = arena_strdup(a, uri);
	r->started_ms = clock_monotonic_ms();
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	r->priv->conn = info ? info->socket_context : NULL;
	if (r->priv->conn)
		r->priv->conn->request = r;
	return r;
}

static enum MHD_Result each_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	struct http_framing *f = cls;
	http_guard_gap(f, name, 2);
	if (f->end)
		f->end = value ? value + strlen(value) : name;
	http_guard_header(f, name, value);
	return MHD_YES;
}

static void serve(void *arg)
{
	struct http_request *r = arg;
	http_watch_enter(r);
	r->server->config.handle(r);
	http_watch_leave(r);
	struct http_private *p = r->priv;
	p->fiber_done = true;
	if (p->stream_ended || !r->streaming) {
		struct http_counters *c = &r->server->counters;
		c->micros += (clock_monotonic_ms() - r->started_ms) * 1000;
	}
	if (p->gone) {
		r->server->counters.active--;
		request_free(r);
		return;
	}
	http_request_resume(r);
}

static enum MHD_Result refuse(struct http_request *r, struct err *err)
{
	r->priv->refuse = true;
	r->priv->state = HTTP_SERVING;
	r->priv->fiber_done = true;
	http_set_header(r, "Connection", "close");
	http_reply_err(r, err);
	return http_reply_queue(r);
}

/* The language that the client likes best of those that are spoken here: "fr, en;q=0.5, ru-RU;q=0.8". */
int http_language(const struct http_config *config, const char *accept)
{
	static const char *const tags[] = {"en", "ru"};
	int found = -1;
	double best = 0;
	for (const char *s = accept ? accept : ""; *s; s += strcspn(s, ",")) {
		s += strspn(s, ", \t");
		size_t n = strcspn(s, "-;, \t"), len = strcspn(s, ",");
		const char *weight = memchr(s, ';', len);
		double q = weight && strncmp(weight + strspn(weight, "; \t"), "q=", 2) == 0 ? strtod(weight + strspn(weight, "; \t") + 2, NULL) : 1;
		for (int lang = 0; lang < 2; lang++)
			if (n == 2 && strncasecmp(s, tags[lang], 2) == 0 && q > best) {
				found = lang;
				best = q;
			}
	}
	return found >= 0 ? found : config->language ? config->language(config->ctx) : 0;
}

static const char *peer_of(struct http_request *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->priv->mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char host[64];
	if (!info || !info->client_addr)
		return "";
	socklen_t len = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (getnameinfo(info->client_addr, len, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
		return "";
	return arena_strdup(r->arena, host);
}

static enum MHD_Result each_forwarded(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	struct buf *b = cls;
	if (strcasecmp(name, "X-Forwarded-For") == 0 && value) {
		if (b->len)
			buf_putc(b, ',');
		buf_puts(b, value);
	}
	return MHD_YES;
}

/* Who asks and how: the socket's peer, or what a trusted proxy says. */
static void whence(struct http_request *r)
{
	const struct http_proxies *p = r->server->proxies;
	const char *through = http_header(r, "X-Forwarded-For");
	r->peer = peer_of(r);
	r->local = http_proxies_loopback(r->peer) && !through && !http_header(r, "Forwarded") && !http_header(r, "Via");
	if (!p || !http_proxies_trust(p, r->peer))
		return;
	const char *scheme = http_header(r, "X-Forwarded-Proto");
	r->secure = scheme && strcasecmp(scheme, "https") == 0;
	if (!through)
		return;
	struct buf all = BUF_INIT;
	MHD_get_connection_values(r->priv->mhd, MHD_HEADER_KIND, each_forwarded, &all);
	r->peer = http_proxies_client(r->arena, p, r->peer, all.len ? all.data : "");
	buf_destroy(&all);
}

/* The first call of the access handler: headers are complete. */
static enum MHD_Result begin(struct http_request *r, const char *method, const char *version)
{
	struct http_server *s = r->server;
	struct http_private *p = r->priv;
	struct err err;
	err_init(&err, r->arena);
	p->first = true;
	r->method_name = arena_strdup(r->arena, method);
	r->method = method_of(method);
	r->head_only = r->method == HTTP_HEAD;
	r->path = r->query = "";
	r->lang = http_language(&s->config, http_header(r, "Accept-Language"));
	struct http_framing framing = {0};
	const union MHD_ConnectionInfo *head = MHD_get_connection_info(p->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	/* later versions read lines strictly by themselves, and may keep them elsewhere */
	bool look = head && strncmp(MHD_get_version(), "0.9.", 4) == 0;
	if (look) {
		framing.end = method + strlen(method);
		http_guard_gap(&framing, p->target, 1);
		framing.end = p->target + strlen(p->raw);
		http_guard_gap(&framing, version, 1);
		framing.end = version + strlen(version);
	}
	MHD_get_connection_values(p->mhd, MHD_HEADER_KIND, each_header, &framing);
	/* CR LF and the empty line */
	if (look)
		http_guard_gap(&framing, method + head->header_size, 4);
	if (http_guard_framing(&framing, version, &err))
		return refuse(r, &err);
	if (http_guard_target(r->arena, p->raw, &r->path, &r->query, &err))
		return refuse(r, &err);
	if (framing.host && !http_guard_host(framing.host, s->config.listen, s->config.base_url)) {
		err_tell(&err, ERR_MISDIRECTED, SAY_HOST);
		return refuse(r, &err);
	}
	whence(r);
	p->streams = s->config.streams && s->config.streams(r->method, r->path);
	size_t limit = p->streams ? s->config.max_upload : s->config.max_body;
	if (framing.length && strtoull(framing.length, NULL, 10) > limit) {
		err_tell(&err, ERR_TOO_LARGE, SAY_BODY_SIZE, say_number(r->arena, (long long)limit));
		return refuse(r, &err);
	}
	p->state = HTTP_RECEIVING;
	if (p->streams) {
		p->state = HTTP_SERVING;
		s->counters.active++;
		fiber_start(serve, r);
	}
	return MHD_YES;
}

static enum MHD_Result body_piece(struct http_request *r, const char *data, size_t *len)
{
	struct http_private *p = r->priv;
	size_t limit = p->streams ? r->server->config.max_upload : r->server->config.max_body;
	if (p->received + *len > limit)
		return MHD_NO; /* chunked beyond the limit: close, there is no other answer in the middle of a body */
	p->received += *len;
	if (!p->streams) {
		buf_add(&p->in, data, *len);
	} else if (!p->fiber_done) {
		buf_add(&p->in, data, *len);
		/* one that trickles would hold its place for ever */
		if (p->conn && p->received - p->marked >= STEADY) {
			p->marked = p->received;
			p->conn->since_ms = clock_monotonic_ms();
		}
		fiber_queue_wake(&p->readers);
		if (p->in.len > PENDING && !p->fiber_done) {
			p->suspended = true;
			MHD_suspend_connection(p->mhd);
		}
	}
	*len = 0;
	return MHD_YES;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
								 const char *upload, size_t *upload_size, void **con_cls)
{
	(void)cls;
	(void)url;
	(void)mhd;
	struct http_request *r = *con_cls;
	struct http_private *p = r->priv;
	if (!p->first)
		return begin(r, method, version);
	if (p->queued)
		return MHD_YES;
	if (*upload_size)
		return body_piece(r, upload, upload_size);
	if (!p->body_done) {
		p->body_done = true;
		if (p->streams) {
			fiber_queue_wake(&p->readers);
		} else {
			p->state = HTTP_SERVING;
			buf_room(&p->in, 0);
			r->body = p->in.data;
			r->body_len = p->in.len;
			r->server->counters.active++;
			fiber_start(serve, r);
		}
	}
	if (p->fiber_done || r->streaming)
		return http_reply_queue(r);
	p->suspended = true;
	MHD_suspend_connection(p->mhd);
	return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **con_cls, enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)mhd;
	(void)code;
	struct http_request *r = *con_cls;
	*con_cls = NULL;
	if (!r)
		return;
	struct http_private *p = r->priv;
	struct http_server *s = r->server;
	if (p->conn) {
		p->conn->request = NULL;
		p->conn->since_ms = 0;
		p->conn = NULL;
	}
	p->gone = true;
	if (p->state == HTTP_SERVING && !p->fiber_done) {
		/* the fiber finds out at its next write or read, and frees the request when it ends */
		/* (one fiber, so it waits in one of the two; the request may be gone after the wake) */
		if (p->readers.head)
			fiber_queue_wake(&p->readers);
		else
			fiber_queue_wake(&p->writers);
		return;
	}
	if (p->state == HTTP_SERVING && !p->refuse)
		s->counters.active--;
	s->counters.requests++;
	if (r->status >= 100 && r->status < 600)
		s->counters.by_class[r->status / 100]++;
	request_free(r);
}

static void count_told(const struct http_server *s)
{
	if (s->config.count)
		s->config.count(s->config.ctx, s->counters.connections);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct http_server *s = cls;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		struct http_conn *c = calloc(1, sizeof *c);
		if (!c)
			abort();
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
		c->server = s;
		c->fd = info ? info->connect_fd : -1;
		c->since_ms = clock_monotonic_ms();
		c->next = s->conns;
		if (s->conns)
			s->conns->prev = c;
		s->conns = c;
		*socket_context = c;
		s->counters.connections++;
		count_told(s);
	} else {
		struct http_conn *c = *socket_context;
		if (c) {
			if (c->prev)
				c->prev->next = c->next;
			else
				s->conns = c->next;
			if (c->next)
				c->next->prev = c->prev;
			free(c);
		}
		*socket_context = NULL;
		s->counters.connections--;
		count_told(s);
		http_accept_room(s);
	}
}

/* A client that is slow with its request is told 408 and closed: libmicrohttpd's own timeout starts again at every byte. */
static void on_sweep(uv_timer_t *t)
{
	struct http_server *s = t->data;
	uint64_t now = clock_monotonic_ms();
	unsigned ended = 0;
	http_accept_sweep(s);
	for (struct http_conn *c = s->conns; c; c = c->next) {
		struct http_request *r = c->request;
		if (r && !r->priv->conn)
			continue;
		bool receiving =
			!r ? c->since_ms != 0 : r->priv->state == HTTP_RECEIVING || (r->priv->streams && !r->priv->body_done && !r->priv->suspended);
		if (r && r->priv->state == HTTP_RECEIVING && !c->since_ms)
			c->since_ms = now;
		if (!receiving || !c->since_ms || now - c->since_ms < RECEIVE_DEADLINE_MS || c->fd < 0)
			continue;
		if (++ended > ENDED) {
			uv_timer_start(t, on_sweep, SOON_MS, SWEEP_MS);
			return;
		}
		http_fault_send(s, r, c->fd, 408);
		shutdown(c->fd, SHUT_RDWR);
		c->since_ms = now;
	}
	/* what a crowd has left behind goes back to the machine */
	if (s->counters.connections > s->most)
		s->most = s->counters.connections;
	if (s->most >= CROWD && s->counters.connections < s->most / 4) {
		s->most = s->counters.connections;
		malloc_trim(0);
	}
}

static void on_timer(uv_timer_t *t)
{
	run_daemon(t->data);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
	(void)status;
	(void)events;
	run_daemon(h->data);
}

static void on_prepare(uv_prepare_t *h)
{
	struct http_server *s = h->data;
	if (s->rerun)
		run_daemon(s);
}

static void run_daemon(struct http_server *s)
{
	MHD_UNSIGNED_LONG_LONG timeout = 0;
	int runs = 0;
	bool timed;
	do {
		s->rerun = false;
		MHD_run(s->daemon);
		timed = MHD_get_timeout(s->daemon, &timeout) == MHD_YES;
	} while ((s->rerun || (timed && timeout == 0)) && ++runs < RUNS);
	if (timed)
		uv_timer_start(&s->timer, on_timer, timeout ? timeout : 1, 0);
	else
		uv_timer_stop(&s->timer);
}

static size_t unescape_nothing(void *cls, struct MHD_Connection *mhd, char *s)
{
	(void)cls;
	(void)mhd;
	return strlen(s);
}

static void daemon_log(void *cls, const char *fmt, va_list ap)
{
	(void)cls;
	char line[512];
	vsnprintf(line, sizeof line, fmt, ap);
	line[strcspn(line, "\n")] = 0;
	log_debug("http: %s", line);
}

static void server_free(struct http_server *s)
{
	http_watch_free(s);
	http_accept_free(s);
	arena_delete(s->arena);
	free(s->base_url);
	free(s);
}

int http_server_start(const struct http_config *config, struct http_server **out, struct err *err)
{
	struct http_server *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->config = *config;
	if (!s->config.max_body)
		s->config.max_body = 4u << 20;
	if (!s->config.max_upload)
		s->config.max_upload = 1u << 30;
	if (!s->config.max_connections)
		s->config.max_connections = 4096;
	struct buf b = BUF_INIT;
	if (config->base_url)
		buf_puts(&b, config->base_url);
	else
		buf_printf(&b, "http://%s", config->listen);
	while (b.len && b.data[b.len - 1] == '/')
		b.data[--b.len] = 0;
	s->base_url = buf_take(&b);
	s->tls = strncmp(s->base_url, "https://", 8) == 0;
	s->arena = arena_new_sized(0);
	const char *bad;
	if (config->base_url && http_proxies_parse(s->arena, config->proxies, &s->proxies, &bad)) {
		err_set(err, ERR_ENVIRONMENT, "'%s' is no address of a proxy", bad);
		server_free(s);
		return -1;
	}
	s->daemon =
		MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_access,
						 s, MHD_OPTION_EXTERNAL_LOGGER, daemon_log, NULL, MHD_OPTION_CONNECTION_LIMIT, s->config.max_connections,
						 MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(32 * 1024),
						 MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_UNESCAPE_CALLBACK, unescape_nothing, NULL,
						 MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_END);
	const union MHD_DaemonInfo *info = s->daemon ? MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		server_free(s);
		return err_set(err, ERR_ENVIRONMENT, "The HTTP server does not start: %s", strerror(errno));
	}
	uv_loop_t *loop = fiber_loop();
	uv_poll_init(loop, &s->poll, info->epoll_fd);
	uv_timer_init(loop, &s->timer);
	uv_timer_init(loop, &s->sweep);
	uv_prepare_init(loop, &s->prepare);
	http_watch_start(s);
	http_accept_start(s);
	s->poll.data = s->timer.data = s->sweep.data = s->prepare.data = s;
	uv_poll_start(&s->poll, UV_READABLE, on_poll);
	uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	uv_prepare_start(&s->prepare, on_prepare);
	run_daemon(s);
	*out = s;
	return 0;
}

void http_server_quiesce(struct http_server *s)
{
	if (!s->stopping)
		http_accept_stop(s);
	s->stopping = true;
	http_server_kick(s);
}

unsigned http_server_active(const struct http_server *s)
{
	return s->counters.active;
}

static void on_closed(uv_handle_t *h)
{
	struct http_server *s = h->data;
	if (--s->open_handles == 0) {
		server_free(s);
	}
}

void http_server_stop(struct http_server *s)
{
	http_server_quiesce(s);
	/* the daemon panics when it stops with suspended connections */
	for (struct http_conn *c = s->conns; c; c = c->next)
		if (c->request && c->request->priv->suspended)
			http_request_resume(c->request);
	MHD_run(s->daemon);
	MHD_stop_daemon(s->daemon);
	uv_handle_t *handles[] = {(uv_handle_t *)&s->poll,    (uv_handle_t *)&s->timer,  (uv_handle_t *)&s->sweep, (uv_handle_t *)&s->watch,
							  (uv_handle_t *)&s->prepare, (uv_handle_t *)&s->listen, (uv_handle_t *)&s->again};
	int n = (int)(sizeof handles / sizeof *handles);
	s->open_handles = n;
	for (int i = 0; i < n; i++)
		uv_close(handles[i], on_closed);
}

void *http_server_ctx(const struct http_server *s)
{
	return s->config.ctx;
}

const struct http_counters *http_server_counters(const struct http_server *s)
{
	return &s->counters;
}

const char *http_base_url(const struct http_server *s)
{
	return s->base_url;
}
