/* http_reply: reading what a request brought and leaving an answer in it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/say.h"
#include "edge/http.h"
#include "edge/http_private.h"

enum { UNSENT = 256 * 1024, STREAM_BLOCK = 32 * 1024 };

const char *http_header(const struct http_request *r, const char *name)
{
	/* libmicrohttpd frees the connection of an upload under its handler: then there are no headers, and those it has read are copies */
	const char *value = r->priv->gone ? NULL : MHD_lookup_connection_value(r->priv->mhd, MHD_HEADER_KIND, name);
	return value ? arena_strdup(r->arena, value) : NULL;
}

bool http_is_json(const struct http_request *r)
{
	static const char json[] = "application/json";
	const char *type = http_header(r, "Content-Type");
	if (!type || strncasecmp(type, json, sizeof json - 1) != 0 || !strchr("; \t", type[sizeof json - 1]))
		return false;
	const char *charset = http_param(r->arena, type + sizeof json - 1, "charset"), *packed = http_header(r, "Content-Encoding");
	return (!charset || strcasecmp(charset, "utf-8") == 0) && (!packed || strcasecmp(packed, "identity") == 0);
}

const char *http_param(struct arena *a, const char *params, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = params; *p;) {
		p += strspn(p, "; \t");
		size_t len = strcspn(p, ";");
		if (len > n && strncasecmp(p, name, n) == 0 && p[n] == '=') {
			const char *v = p + n + 1;
			size_t m = len - n - 1;
			while (m && (v[m - 1] == ' ' || v[m - 1] == '\t'))
				m--;
			if (m >= 2 && v[0] == '"' && v[m - 1] == '"') {
				v++;
				m -= 2;
			}
			return arena_strndup(a, v, m);
		}
		p += len;
	}
	return NULL;
}

int http_accepts(const struct http_request *r, const char *type, const char **params)
{
	const char *accept = http_header(r, "Accept");
	size_t major = strcspn(type, "/") + 1;
	int best = 0, nearest = -1;
	if (params)
		*params = "";
	if (!accept || !*accept)
		return 1000;
	for (const char *p = accept; *p;) {
		p += strspn(p, ", \t");
		size_t len = strcspn(p, ","), n = strcspn(p, ";, \t");
		/* what names the type more exactly counts, however much another range likes it */
		int near = n == strlen(type) && strncasecmp(p, type, n) == 0                       ? 2
				   : n == major + 1 && strncasecmp(p, type, major) == 0 && p[major] == '*' ? 1
				   : n == 3 && memcmp(p, "*/*", 3) == 0                                    ? 0
																						   : -1;
		const char *rest = arena_strndup(r->arena, p + (n < len ? n : len), n < len ? len - n : 0), *q = http_param(r->arena, rest, "q");
		double weight = q ? strtod(q, NULL) : 1;
		int likes = weight > 0 && weight <= 1 ? (int)(weight * 1000) : 0;
		if (near > nearest || (near >= 0 && near == nearest && likes > best)) {
			nearest = near;
			best = likes;
			if (params)
				*params = rest;
		}
		p += len;
	}
	return best;
}

void http_challenge(struct http_request *r)
{
	if (!http_header(r, "Sec-Fetch-Mode") && !http_header(r, "Cookie"))
		http_set_header(r, "WWW-Authenticate", "Basic realm=\"Ostov\", charset=\"UTF-8\"");
}

int http_refuse_method(struct http_request *r, const char *allow, struct err *err)
{
	r->allow = allow;
	return err_tell(err, ERR_METHOD, SAY_METHOD, r->method_name);
}

const char *http_cookie(const struct http_request *r, const char *name)
{
	const char *p = http_header(r, "Cookie");
	size_t n = strlen(name);
	while (p && *p) {
		p += strspn(p, " ;");
		size_t len = strcspn(p, ";");
		if (len > n && strncmp(p, name, n) == 0 && p[n] == '=')
			return arena_strndup(r->arena, p + n + 1, len - n - 1);
		p += len;
	}
	return NULL;
}

bool http_query_next(const struct http_request *r, const char **at, const char **name, const char **value)
{
	const char *p = *at ? *at : r->query;
	while (*p == '&')
		p++;
	if (!*p)
		return false;
	size_t len = strcspn(p, "&"), n = 0;
	while (n < len && p[n] != '=')
		n++;
	http_decode(r->arena, p, n, true, name, NULL);
	*value = "";
	if (n < len)
		http_decode(r->arena, p + n + 1, len - n - 1, true, value, NULL);
	*at = p + len;
	return true;
}

const char *http_query(const struct http_request *r, const char *name)
{
	const char *at = NULL, *n, *v;
	while (http_query_next(r, &at, &n, &v))
		if (strcmp(n, name) == 0)
			return v;
	return NULL;
}

struct prefer {
	const struct http_request *r;
	const char *name, *value;
};

static enum MHD_Result each_prefer(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	struct prefer *p = cls;
	if (strcasecmp(name, "Prefer") != 0 || !value || p->value)
		return MHD_YES;
	size_t n = strlen(p->name);
	for (const char *s = value; *s;) {
		s += strspn(s, " ,;\t");
		size_t len = strcspn(s, ",;");
		while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
			len--;
		if (len >= n && strncasecmp(s, p->name, n) == 0 && (len == n || s[n] == '=')) {
			const char *v = len == n ? s + n : s + n + 1;
			size_t m = (size_t)(s + len - v);
			if (m >= 2 && v[0] == '"' && v[m - 1] == '"') {
				v++;
				m -= 2;
			}
			p->value = arena_strndup(p->r->arena, v, m);
			return MHD_NO;
		}
		s += strcspn(s, ",;");
	}
	return MHD_YES;
}

bool http_prefer(const struct http_request *r, const char *name, const char **value)
{
	struct prefer p = {r, name, NULL};
	if (!r->priv->gone)
		MHD_get_connection_values(r->priv->mhd, MHD_HEADER_KIND, each_prefer, &p);
	if (value)
		*value = p.value;
	return p.value != NULL;
}

int http_body_read(struct http_request *r, const char **data, size_t *len, struct err *err)
{
	struct http_private *p = r->priv;
	while (!p->in.len && !p->body_done && !p->gone)
		fiber_queue_wait(&p->readers, 0);
	if (p->gone)
		return err_tell(err, ERR_UNAVAILABLE, SAY_CLIENT_GONE);
	if (!p->in.len)
		return 0;
	buf_destroy(&p->last);
	p->last = p->in;
	p->in = (struct buf)BUF_INIT;
	*data = p->last.data;
	*len = p->last.len;
	if (p->suspended) {
		/* the wait was ours */
		if (p->conn)
			p->conn->since_ms = clock_monotonic_ms();
		http_request_resume(r);
	}
	return 1;
}

void http_set_header(struct http_request *r, const char *name, const char *value)
{
	struct http_header h = {arena_strdup(r->arena, name), arena_strdup(r->arena, value)};
	arena_push(r->arena, &r->headers, h);
}

/* RFC 6266: an ASCII name for old clients, the real one percent-encoded. */
void http_set_attachment(struct http_request *r, const char *name)
{
	struct buf b = BUF_INIT;
	buf_puts(&b, "attachment; filename=\"");
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x80)
			buf_putc(&b, *p == '"' || *p == '\\' || *p < ' ' || *p == '%' ? '_' : *p);
		else if (((unsigned char)*p & 0xc0) != 0x80)
			buf_putc(&b, '_');
	buf_puts(&b, "\"; filename*=UTF-8''");
	for (const char *p = name; *p; p++)
		if (isalnum((unsigned char)*p) || strchr("-._~", *p))
			buf_putc(&b, *p);
		else
			buf_printf(&b, "%%%02X", (unsigned char)*p);
	http_set_header(r, "Content-Disposition", b.data);
	buf_destroy(&b);
}

void http_reply_json(struct http_request *r, int status)
{
	r->status = status;
	http_set_header(r, "Content-Type", "application/json; charset=utf-8");
}

void http_reply_text(struct http_request *r, int status, const char *type, const char *text)
{
	r->status = status;
	http_set_header(r, "Content-Type", type);
	buf_clear(&r->out);
	buf_puts(&r->out, text);
}

void http_reply_empty(struct http_request *r, int status)
{
	r->status = status;
	buf_clear(&r->out);
}

void http_reply_file(struct http_request *r, int status, int fd, uint64_t size)
{
	r->status = status;
	r->priv->file = fd;
	r->priv->file_size = size;
}

static void write_error(struct buf *b, int lang, const struct err *e)
{
	const char *message = err_message(e, lang), *hint = err_hint_in(e, lang);
	buf_puts(b, "\"code\":");
	buf_json(b, err_code_name(e->code), strlen(err_code_name(e->code)));
	buf_puts(b, ",\"message\":");
	buf_json(b, message, strlen(message));
	if (e->target) {
		buf_puts(b, ",\"target\":");
		buf_json(b, e->target, strlen(e->target));
	}
	if (hint) {
		buf_puts(b, ",\"hint\":");
		buf_json(b, hint, strlen(hint));
	}
}

void http_write_err(struct buf *b, const struct http_request *r, const struct err *err)
{
	static uint64_t serial;
	buf_putc(b, '{');
	/* what only the operator can mend is told to the log alone, as our own faults are */
	if (err->code == ERR_INTERNAL || err->code == ERR_OK || err->code == ERR_ENVIRONMENT || err->code == ERR_CONFIG ||
		err->code == ERR_LOSS) {
		uint64_t id = (uint64_t)clock_real_us() * 16 + serial++ % 16;
		log_error("request %s %s failed, id %llx: %s%s%s", r->method_name ? r->method_name : "", r->path ? r->path : "",
				  (unsigned long long)id, err->message ? err->message : "", err->sqlstate[0] ? " sqlstate " : "", err->sqlstate);
		const char *text = say_format(r->lang, SAY_INTERNAL);
		buf_puts(b, "\"code\":\"internal\",\"message\":");
		buf_json(b, text, strlen(text));
		buf_printf(b, ",\"id\":\"%llx\"", (unsigned long long)id);
	} else {
		write_error(b, r->lang, err);
		if (err->next) {
			/* the head stands for all; the details repeat it with the rest, one a field */
			buf_puts(b, ",\"details\":[");
			for (const struct err *e = err; e; e = e->next) {
				if (e != err)
					buf_putc(b, ',');
				buf_putc(b, '{');
				write_error(b, r->lang, e);
				buf_putc(b, '}');
			}
			buf_putc(b, ']');
		} else if (err->target && err->code == ERR_INVALID) {
			buf_puts(b, ",\"details\":[{");
			write_error(b, r->lang, err);
			buf_puts(b, "}]");
		}
	}
	buf_putc(b, '}');
}

void http_reply_err(struct http_request *r, const struct err *err)
{
	int status = err->code == ERR_OK || err->code == ERR_CONFIG || err->code == ERR_LOSS ? 500 : err_code_status(err->code);
	r->reload = err->reload;
	buf_clear(&r->out);
	if (status == 405 && r->allow) {
		http_set_header(r, "Allow", r->allow);
		if (r->method == HTTP_OPTIONS) {
			http_reply_empty(r, 204);
			return;
		}
	}
	buf_puts(&r->out, "{\"error\":");
	http_write_err(&r->out, r, err);
	buf_putc(&r->out, '}');
	if (status == 503 || status == 429)
		http_set_header(r, "Retry-After", status == 429 ? "30" : "2");
	http_reply_json(r, status);
}

static ssize_t stream_reader(void *cls, uint64_t pos, char *out, size_t max)
{
	(void)pos;
	struct http_request *r = cls;
	struct http_private *p = r->priv;
	size_t left = p->pieces.len - p->sent;
	if (left == 0) {
		if (p->stream_ended)
			return p->stream_failed ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
		p->suspended = true;
		MHD_suspend_connection(p->mhd);
		return 0;
	}
	size_t n = left < max ? left : max;
	memcpy(out, p->pieces.data + p->sent, n);
	p->sent += n;
	if (p->sent == p->pieces.len) {
		buf_clear(&p->pieces);
		p->sent = 0;
	}
	if (p->pieces.len - p->sent < UNSENT)
		fiber_queue_wake(&p->writers);
	return (ssize_t)n;
}

enum MHD_Result http_reply_queue(struct http_request *r)
{
	struct http_private *p = r->priv;
	struct MHD_Response *resp;
	if (p->queued)
		return MHD_YES;
	if (r->streaming) {
		const char *total = NULL;
		for (size_t i = 0; i < r->headers.count; i++)
			if (strcmp(r->headers.items[i].name, "Content-Length") == 0)
				total = r->headers.items[i].value;
		resp =
			MHD_create_response_from_callback(total ? strtoull(total, NULL, 10) : MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_reader, r, NULL);
	} else if (p->file >= 0) {
		resp = MHD_create_response_from_fd64(p->file_size, p->file);
		p->file = -1; /* the answer closes it */
	} else {
		size_t len = r->out.len;
		resp = MHD_create_response_from_buffer(len, len ? buf_take(&r->out) : NULL, len ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	}
	if (!resp)
		return MHD_NO;
	bool cached = false;
	for (size_t i = 0; i < r->headers.count; i++) {
		if (strcmp(r->headers.items[i].name, "Content-Length") == 0)
			continue;
		cached = cached || strcasecmp(r->headers.items[i].name, "Cache-Control") == 0;
		MHD_add_response_header(resp, r->headers.items[i].name, r->headers.items[i].value);
	}
	MHD_add_response_header(resp, "X-Content-Type-Options", "nosniff");
	if (r->server->tls)
		MHD_add_response_header(resp, "Strict-Transport-Security", "max-age=31536000");
	if (!cached)
		MHD_add_response_header(resp, "Cache-Control", "no-store");
	if (r->server->stopping)
		MHD_add_response_header(resp, "Connection", "close");
	p->queued = true;
	enum MHD_Result done = http_fault_queue(p->mhd, (unsigned)(r->status ? r->status : 500), resp);
	MHD_destroy_response(resp);
	return done;
}

bool http_left(const struct http_request *r)
{
	return r->priv->gone || r->priv->left;
}

int http_stream_begin(struct http_request *r, int status, int64_t total, struct err *err)
{
	if (r->priv->gone)
		return err_tell(err, ERR_UNAVAILABLE, SAY_CLIENT_GONE);
	if (total >= 0)
		http_set_header(r, "Content-Length", arena_printf(r->arena, "%lld", (long long)total));
	r->status = status;
	r->streaming = true;
	http_request_resume(r);
	return 0;
}

int http_stream_write(struct http_request *r, const void *data, size_t len)
{
	struct http_private *p = r->priv;
	if (p->gone)
		return -1;
	if (r->head_only)
		return 0;
	buf_add(&p->pieces, data, len);
	http_request_resume(r);
	while (!p->gone && p->pieces.len - p->sent > UNSENT)
		fiber_queue_wait(&p->writers, 0);
	return p->gone ? -1 : 0;
}

void http_stream_end(struct http_request *r, bool ok)
{
	r->priv->stream_ended = true;
	r->priv->stream_failed = !ok;
	if (!r->priv->gone)
		http_request_resume(r);
}
