/* ui_events: GET /ui/events: an open page hears which of the records it shows were changed by others (docs/developers/http-contract.md).
 *
 * A stream lives in its request's fiber. It is told of every change by serve/live and passes on ids of records that the page shows and may read at that very
 * moment; of others only that there are some which it may read. At most one event a second and section. It ends with the session, with the configuration
 * in force and with the worker; the page asks again. */
#ifndef OST_EDGE_UI_EVENTS_H
#define OST_EDGE_UI_EVENTS_H

struct app_request;
struct err;
struct http_request;
struct pg;

/* Begins to listen for changes; once in a web worker. */
int ui_events_watch(struct pg *pg, struct err *err);
/* Ends all streams: the worker stops. */
void ui_events_stop(void);
/* Answers /ui/events?SECTION=ID,ID&SECTION=… with text/event-stream until the client leaves. */
int ui_events(struct http_request *r, struct app_request *q, struct err *err);

#endif
