/* http: requests and answers, on libmicrohttpd driven by the libuv loop; every request is served by a fiber.
 *
 * The server checks what libmicrohttpd lets through (framing, Host, paths: SAFETY 1–6), collects the body within its limit, starts a fiber
 * with the handler and sends what the handler left in the request. A request and all that is made for it live in its arena until the answer is sent.
 * Not here: routes (http_route), signing in (auth_*), static files (http_static), what a resource means. */
#ifndef OST_EDGE_HTTP_H
#define OST_EDGE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct arena;
struct fiber;
struct http_server;
struct MHD_Connection;

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS, HTTP_OTHER };

struct http_header {
	const char *name, *value;
};

struct http_request {
	struct arena *arena; /* dies when the answer was sent */
	struct http_server *server;
	enum http_method method;
	const char *method_name; /* "GET" */
	const char *path;        /* percent-decoded, valid UTF-8, no ".." segment, begins with '/' */
	const char *query;       /* raw, without '?'; "" when there is none */
	const char *body;        /* whole body (not of streamed uploads), NUL after body_len */
	size_t body_len;
	const char *peer; /* client's address, as a trusted proxy says where there is one */
	bool secure;      /* came over TLS (as a trusted proxy says) */
	bool local;       /* came from this machine, through no proxy */
	bool head_only;   /* HEAD: the answer's body is not sent */
	int lang;         /* enum lang: from Accept-Language until the user is known */
	void *user_data;  /* of the handler's layers: the signed-in session */
	uint64_t started_ms;
	/* the answer */
	int status;
	bool reload;       /* the answer is an error with err.reload: http_route tries once more */
	const char *allow; /* methods of the resource ("GET, HEAD"), told with 405 and to OPTIONS; NULL until known */
	struct buf out;    /* body */
	struct {
		struct http_header *items;
		size_t count, cap;
	} headers;
	bool streaming; /* http_stream_begin was called */
	struct http_private *priv;
};

struct http_config {
	int listen_fd;        /* bound and listening, non-blocking; the caller closes it */
	const char *listen;   /* "127.0.0.1:8080", for the Host check */
	const char *base_url; /* "https://crm.example.com", or NULL */
	const char *
		proxies; /* addresses whose X-Forwarded-For and -Proto are believed, beside this machine\'s (http_proxy.h); only with base_url; or NULL */
	size_t max_body;          /* bytes of a collected body; 0: 4 MB */
	size_t max_upload;        /* bytes of a streamed body; 0: 1 GB */
	unsigned max_connections; /* one more is told 503; 0: 4096 */
	int (*fewest)(void *ctx); /* connections of the worker that has fewest, of the others that serve; -1: there is none; or NULL */
	void (*count)(void *ctx, unsigned connections);             /* told whenever their number changes; or NULL */
	void (*handle)(struct http_request *r);                     /* runs in a fiber */
	bool (*streams)(enum http_method method, const char *path); /* true: the handler reads the body piece by piece */
	void (*left)(void *ctx,
				 const struct fiber *
					 f); /* the client of the request that fiber `f` serves has closed its side; told every 200 ms until it ends; or NULL */
	int (*language)(void *ctx); /* the language for who names none; NULL: English */
	void *ctx;                  /* for the handler: http_server_ctx */
};

struct http_counters {
	uint64_t requests, by_class[6]; /* answers by status / 100 */
	uint64_t micros;                /* time of all requests together */
	unsigned active, connections;
};

/* Starts serving on the process's loop; *out belongs to the caller. */
int http_server_start(const struct http_config *config, struct http_server **out, struct err *err);
/* Stops accepting; from the loop. Open requests go on. */
void http_server_quiesce(struct http_server *s);
/* Requests being served. */
unsigned http_server_active(const struct http_server *s);
/* Ends all connections and frees the server. */
void http_server_stop(struct http_server *s);
void *http_server_ctx(const struct http_server *s);
const struct http_counters *http_server_counters(const struct http_server *s);
/* The configured base URL, or "http://" and the listen address. */
const char *http_base_url(const struct http_server *s);

/* A request header's value, or NULL; NULL too when the client of an upload has gone meanwhile. */
const char *http_header(const struct http_request *r, const char *name);
/* True when the body is said to be JSON in UTF-8, not packed; other parameters of the type do not matter. */
bool http_is_json(const struct http_request *r);
/* How much the client likes an answer of this media type, 0 to 1000 and 1000 without an Accept header; *params, when not NULL, what stands behind the type in the range that
 * says so ("" without). */
int http_accepts(const struct http_request *r, const char *type, const char **params);
/* The value of a parameter in ";a=b; c=d", in the arena; NULL when it is not there. Names in any letters. */
const char *http_param(struct arena *a, const char *params, const char *name);
/* Tells who is not signed in how to be: with a password. Not a page's own script, for which the browser would ask in a window of its own. */
void http_challenge(struct http_request *r);
/* Remembers the methods of the resource and refuses this one with 405. */
int http_refuse_method(struct http_request *r, const char *allow, struct err *err);
/* A cookie's value in the arena, or NULL. */
const char *http_cookie(const struct http_request *r, const char *name);
/* A query parameter's decoded value (the first of that name), or NULL. */
const char *http_query(const struct http_request *r, const char *name);
/* Walks the query: decoded name and value of the parameter at *at, moving it on; false at the end. NUL and bad UTF-8 were refused before. */
bool http_query_next(const struct http_request *r, const char **at, const char **name, const char **value);
/* True when a Prefer header holds the preference; *value its value ("" without one), in the arena. */
bool http_prefer(const struct http_request *r, const char *name, const char **value);
/* The next piece of a streamed upload: 1 and bytes (valid until the next call), 0 at its end, -1 when the client is gone or over the limit. */
int http_body_read(struct http_request *r, const char **data, size_t *len, struct err *err);

/* Adds an answer header (copied). */
void http_set_header(struct http_request *r, const char *name, const char *value);
/* Adds Content-Disposition: the answer is saved under this name, never shown as a page of this site. */
void http_set_attachment(struct http_request *r, const char *name);
/* Sets status and a JSON body already written into r->out. */
void http_reply_json(struct http_request *r, int status);
/* Sets status and body (copied) with its media type. */
void http_reply_text(struct http_request *r, int status, const char *type, const char *text);
/* Answers with no body. */
void http_reply_empty(struct http_request *r, int status);
/* Answers an error (and its list as details) as OData error JSON. ERR_INTERNAL is logged under an id and told without its text. */
void http_reply_err(struct http_request *r, const struct err *err);
/* Appends the error's object alone: {"code","message",…}, as http_reply_err tells it. */
void http_write_err(struct buf *b, const struct http_request *r, const struct err *err);
/* Answers an open file of `size` bytes; the descriptor is closed when it was sent. */
void http_reply_file(struct http_request *r, int status, int fd, uint64_t size);
/* The client has closed its side. */
bool http_left(const struct http_request *r);
/* Streams: headers and status go out, then pieces; `total` bytes when known, else -1 (chunked). */
int http_stream_begin(struct http_request *r, int status, int64_t total, struct err *err);
/* Waits while more than 256 KB are unsent; -1 when the client is gone. */
int http_stream_write(struct http_request *r, const void *data, size_t len);
/* Ends the stream; `ok` false breaks the connection so that the client sees the failure. */
void http_stream_end(struct http_request *r, bool ok);

/* Percent-decodes in the arena; false on bad escapes, NUL or bad UTF-8. `plus` turns '+' to a blank. */
bool http_decode(struct arena *a, const char *s, size_t len, bool plus, const char **out, size_t *out_len);

#endif
