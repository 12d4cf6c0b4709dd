/* version: keeps whole rows of sections with `history = true` as of each write, in the write's own transaction. What a version is: meta/schema_version.h. */
#ifndef OST_SERVE_VERSION_H
#define OST_SERVE_VERSION_H

#include <stddef.h>
#include <stdint.h>

struct section;
struct unit;

/* Queues the statement that keeps the rows as they stand behind everything queued so far; the caller holds their locks. The section has `history`. */
void version_keep(struct unit *u, struct section *s, const int64_t *ids, size_t n);
/* Queues the end of the versions of a record that was deleted. */
void version_end(struct unit *u, struct section *s, int64_t id);

#endif
