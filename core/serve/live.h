/* live: tells open pages which records were changed, and nothing else of them.
 *
 * A unit notes the records that it writes, their parents and the records whose rollups it computes anew. After its commit they join what this process has to
 * say, which leaves as NOTIFY ostov_change, at once when it was quiet and every 0.2 s at most (a NOTIFY in every write would cost a third of the throughput of
 * writes). A notice may be lost with its process and may name a record that a savepoint put back: who hears it looks for itself, with the rights of the
 * reader. Not here: who is told (edge/ui_events). */
#ifndef OST_SERVE_LIVE_H
#define OST_SERVE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct pg;
struct unit;

/* Most ids of one section in one notice. */
enum { LIVE_IDS = 200 };

/* Records of one section that changed. */
struct live_notice {
	int64_t section; /* section.id */
	int64_t ids[LIVE_IDS];
	size_t n;
	bool many; /* more than these */
};

/* The unit changes this record. */
void live_note(struct unit *u, int64_t section, int64_t id);
/* The unit was committed: what it noted is told. */
void live_tell(struct unit *u);
/* Calls fn on the loop for every notice of any process, its own included; the notice lives until fn returns. NULL: notices may have been missed (the connection
 * that listens is new). */
int live_watch(struct pg *pg, void (*fn)(void *ctx, const struct live_notice *notice), void *ctx, struct err *err);
/* The next notice of a payload; false at its end or where it is none. */
bool live_parse(const char **payload, struct live_notice *out);

#endif
