/* http_fault: answers to what never becomes a request of ours.
 *
 * libmicrohttpd answers what it cannot take in (headers over its memory, lengths and chunks it cannot read) with English pages of its own, and offers no setting for that. It queues
 * them by its own public MHD_queue_response, as any program would; that name is defined here, so the dynamic linker sends these calls to us, and the error goes out as JSON in the
 * language of who asks. A libmicrohttpd that binds the call inside itself would show its pages again: nothing else depends on it. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/say.h"
#include "edge/http_private.h"

enum { MAX_TARGET = 16 * 1024, DRAINS = 64 };

static bool ours; /* the answer being queued is one of this program */

/* The error that stands for a status which libmicrohttpd chose. */
static void fault_of(const struct http_config *config, struct arena *a, unsigned status, struct err *err)
{
	switch (status) {
	case 400: err_tell(err, ERR_SYNTAX, SAY_HTTP_BROKEN); break;
	case 408: err_tell(err, ERR_TIMEOUT, SAY_HTTP_SLOW); break;
	case 413: err_tell(err, ERR_TOO_LARGE, SAY_BODY_SIZE, say_number(a, (long long)config->max_body)); break;
	case 414: err_tell(err, ERR_URI_TOO_LONG, SAY_ADDRESS_LONG, say_number(a, MAX_TARGET)); break;
	case 431:
		err_tell(err, ERR_HEADERS_TOO_LARGE, SAY_HTTP_HEADERS_SIZE);
		err_tell_hint(err, SAY_HTTP_HEADERS_HINT);
		break;
	case 503: err_tell(err, ERR_UNAVAILABLE, SAY_HTTP_FULL); break;
	default: err_set(err, ERR_INTERNAL, "libmicrohttpd answers %u", status);
	}
}

static void fault_body(struct buf *b, struct http_server *s, struct http_request *r, unsigned status)
{
	struct arena *a = arena_new_sized(0);
	struct err err;
	struct http_request nobody = {.arena = a, .server = s, .lang = http_language(&s->config, NULL)};
	err_init(&err, a);
	fault_of(&s->config, a, status, &err);
	buf_puts(b, "{\"error\":");
	http_write_err(b, r ? r : &nobody, &err);
	buf_putc(b, '}');
	arena_delete(a);
}

static const char *fault_reason(unsigned status)
{
	switch (status) {
	case 400: return "Bad Request";
	case 408: return "Request Timeout";
	case 413: return "Content Too Large";
	case 414: return "URI Too Long";
	case 431: return "Request Header Fields Too Large";
	case 503: return "Service Unavailable";
	default: return "Internal Server Error";
	}
}

void http_fault_send(struct http_server *s, struct http_request *r, int fd, unsigned status)
{
	struct buf b = BUF_INIT, head = BUF_INIT;
	fault_body(&b, s, r, status);
	buf_printf(&head,
			   "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\nCache-Control: no-store\r\n"
			   "X-Content-Type-Options: nosniff\r\n%s%sContent-Length: %zu\r\n\r\n",
			   status, fault_reason(status), status == 503 ? "Retry-After: 2\r\n" : "",
			   s->tls ? "Strict-Transport-Security: max-age=31536000\r\n" : "", b.len);
	buf_add(&head, b.data, b.len);
	ssize_t n = send(fd, head.data, head.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)n;
	if (status >= 100 && status < 600)
		s->counters.by_class[status / 100]++;
	buf_destroy(&b);
	buf_destroy(&head);
}

static enum MHD_Result each_end(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	*(const char **)cls = value ? value + strlen(value) : name + strlen(name);
	return MHD_YES;
}

/* The value of Accept-Language, or NULL. A header counts with libmicrohttpd when the line behind it has come; browsers send this one right before the cookies, and these are what is too
 * long. It stands behind the last that counts, its name and value ended already. */
static const char *fault_language(struct MHD_Connection *mhd, const struct http_request *r)
{
	static const char name[] = "Accept-Language";
	const char *known = http_header(r, name);
	if (known || strncmp(MHD_get_version(), "0.9.", 4) != 0)
		return known;
	const char *version = r->priv->target + strlen(r->priv->raw) + 1, *end = version + strlen(version);
	MHD_get_connection_values(mhd, MHD_HEADER_KIND, each_end, &end);
	if (end[0] || end[1] || strncasecmp(end + 2, name, sizeof name) != 0)
		return NULL;
	const char *value = end + 2 + sizeof name;
	return value + strspn(value, " \t");
}

/* Answers in place of libmicrohttpd; false when this connection is none of ours. */
static bool fault_answer(struct MHD_Connection *mhd, unsigned status)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_conn *conn = info ? info->socket_context : NULL;
	if (!conn || conn->fd < 0)
		return false;
	struct http_server *s = conn->server;
	struct http_request *r = conn->request;
	if (r) {
		/* the headers that were read before it broke off */
		if (!r->priv->first)
			r->lang = http_language(&s->config, status == 431 ? fault_language(mhd, r) : http_header(r, "Accept-Language"));
		r->priv->queued = true;
	}
	http_fault_send(s, r, conn->fd, status);
	shutdown(conn->fd, SHUT_WR);
	/* closed with bytes unread, the kernel would take the answer back */
	char rest[4096];
	for (int i = 0; i < DRAINS && recv(conn->fd, rest, sizeof rest, MSG_DONTWAIT) > 0; i++)
		;
	return true;
}

enum MHD_Result http_fault_queue(struct MHD_Connection *mhd, unsigned status, struct MHD_Response *resp)
{
	ours = true;
	enum MHD_Result done = MHD_queue_response(mhd, status, resp);
	ours = false;
	return done;
}

enum MHD_Result MHD_queue_response(struct MHD_Connection *mhd, unsigned int status, struct MHD_Response *resp)
{
	static enum MHD_Result (*next)(struct MHD_Connection *, unsigned int, struct MHD_Response *);
	if (!next) {
		*(void **)&next = dlsym(RTLD_NEXT, "MHD_queue_response");
		if (!next)
			abort();
	}
	/* "no" makes it close the connection; after a yes 0.9.75 sends the head of its answer to a bad Content-Length twice */
	return !ours && fault_answer(mhd, status) ? MHD_NO : next(mhd, status, resp);
}
