/* app: what a worker process serves with: the database, the configuration in force, the HTTP server.
 *
 * One `struct app` per process, made by the worker's entry point. The registry is swapped whole when a new generation was applied; a request holds a
 * reference to the one it began with. Not here: routes (http_route), signing in (auth). */
#ifndef OST_EDGE_APP_H
#define OST_EDGE_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "serve/session.h"

struct actor;
struct err;
struct http_request;
struct http_server;
struct http_static;
struct pg;
struct registry;
struct worker_config;

struct app {
	const struct worker_config *config;
	struct pg *pg;
	struct registry *reg;     /* of the generation in force; NULL until one was loaded */
	struct http_server *http; /* of a web worker */
	struct http_static *web;  /* of a web worker */
	int64_t failed;           /* generation that could not be loaded: requests get 503, 0 none */
	bool watching;            /* app_watch runs */
};

/* What every handler finds in http_request.user_data. */
struct app_request {
	struct app *app;
	struct pg *pg;
	struct registry *reg;   /* a reference, given back when the request ends */
	struct session session; /* user_id 0: nobody is signed in */
	struct actor *actor;    /* NULL: nobody */
	const char *secret;     /* of a cookie session */
	bool exact;             /* OData with IEEE754Compatible=true: whole numbers and decimals are texts */
};

/* Connects, waiting for the database at most 30 s; loads the current generation when there is one. In a fiber. */
int app_open(const struct worker_config *config, struct app *app, struct err *err);
/* Follows new generations (NOTIFY, and every 0.5 s) and reports the served one, until the process ends. `changed` (may be NULL) runs after each swap. */
int app_watch(struct app *app, void (*changed)(struct app *app), struct err *err);
/* Loads the generation in force when it is another than app's. */
int app_reload(struct app *app, struct err *err);

#endif
