/* http_private: what http_server and http_reply share; nobody else includes it. */
#ifndef OST_EDGE_HTTP_PRIVATE_H
#define OST_EDGE_HTTP_PRIVATE_H

#include <microhttpd.h>
#include <uv.h>

#include "base/fiber.h"
#include "edge/http.h"

/* One TCP connection; lives from accept to close. */
struct http_conn {
	struct http_conn *prev, *next;
	struct http_server *server;
	int fd;
	uint64_t since_ms;            /* when the current wait for a whole request began */
	struct http_request *request; /* being received or served */
};

enum { HTTP_REFUSED = 256 };

/* Sockets of connections over the bound, answered and soon closed. */
struct http_refused {
	int fds[HTTP_REFUSED];    /* plus one; 0: a free place */
	bool fresh[HTTP_REFUSED]; /* not yet seen by a sweep */
	size_t next;
};

struct http_server {
	struct http_config config;
	struct MHD_Daemon *daemon;
	uv_poll_t poll, listen;
	uv_timer_t timer, sweep, watch, again;
	struct http_refused refused;
	bool leaving; /* the next connection is left to another worker */
	int left_to;  /* which then had so many */
	uv_prepare_t prepare;
	struct http_conn *conns;
	struct http_request *served; /* those whose handler runs */
	struct pollfd *polls;        /* of http_watch, watch_cap of each */
	struct http_request **watched;
	size_t watch_cap;
	struct http_counters counters;
	unsigned most; /* connections, since memory was last given back */
	char *base_url;
	bool tls; /* the base URL is https: browsers are told to stay there */
	struct arena *arena;
	struct http_proxies *proxies; /* NULL: nobody's word is taken */
	bool rerun;                   /* run the daemon before the loop sleeps */
	bool stopping;
	int open_handles;
};

enum http_state { HTTP_RECEIVING, HTTP_SERVING, HTTP_ANSWERED };

struct http_private {
	struct http_conn *conn; /* NULL once it is closed */
	struct MHD_Connection *mhd;
	const char *raw;    /* request target as received */
	const char *target; /* where libmicrohttpd has it: until the handler begins */
	enum http_state state;
	bool first; /* the first call of the access handler was made */
	bool suspended;
	bool streams;                     /* the body is read piece by piece */
	bool body_done;                   /* all of the body has arrived */
	bool fiber_done;                  /* the handler has ended */
	bool queued;                      /* an answer was queued */
	bool gone;                        /* libmicrohttpd has forgotten the request */
	bool left;                        /* the client has closed its side */
	struct fiber *fiber;              /* the handler's while it runs */
	struct http_request *prev, *next; /* in http_server.served */
	bool refuse;                      /* an answer is ready before the body: close after it */
	struct buf in;                    /* collected body, or pieces not yet read */
	size_t received;
	size_t marked;              /* of these, when the upload was last found steady */
	struct fiber_queue readers; /* the fiber that waits for a piece */
	/* outgoing stream */
	struct buf pieces;
	size_t sent;
	bool stream_ended, stream_failed;
	struct fiber_queue writers;
	int file; /* descriptor of a file to send, -1 none */
	uint64_t file_size;
	struct buf last; /* piece handed out by http_body_read */
};

/* Lets the daemon run before the loop sleeps. */
void http_server_kick(struct http_server *s);
/* Resumes the connection when it is suspended. */
void http_request_resume(struct http_request *r);
/* Queues the answer that the handler left; on libmicrohttpd's stack. */
enum MHD_Result http_reply_queue(struct http_request *r);
/* The language that an Accept-Language header (or NULL) asks for, else the configuration's. */
int http_language(const struct http_config *config, const char *accept);

/* Queues an answer of this program, as MHD_queue_response does; in place of what libmicrohttpd queues by itself JSON is sent. */
enum MHD_Result http_fault_queue(struct MHD_Connection *mhd, unsigned status, struct MHD_Response *resp);
/* Writes the JSON answer to an error straight to a socket that libmicrohttpd does not (or no longer) serve; `r` may be NULL. */
void http_fault_send(struct http_server *s, struct http_request *r, int fd, unsigned status);

/* Begins to take connections. */
void http_accept_start(struct http_server *s);
/* Takes no more of them. */
void http_accept_stop(struct http_server *s);
/* A connection has gone: whether the next is left to another worker is asked anew. */
void http_accept_room(struct http_server *s);
/* Closes the refused that had their time; once a second. */
void http_accept_sweep(struct http_server *s);
/* Closes all refused. */
void http_accept_free(struct http_server *s);

/* The handler begins, in its fiber; its client is watched from now on. */
void http_watch_enter(struct http_request *r);
/* The handler has ended. */
void http_watch_leave(struct http_request *r);
/* Begins to look; part of http_server_start. */
void http_watch_start(struct http_server *s);
/* Frees what watching needs; its timer is closed by the server. */
void http_watch_free(struct http_server *s);

#endif
