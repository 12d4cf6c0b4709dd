/* map: from a text to a pointer; insertion order is kept and can be walked.
 *
 * Entries live in the arena given at creation; keys are copied into it, values belong to whoever put them there. */
#ifndef OST_BASE_MAP_H
#define OST_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct arena;

struct map_entry {
	const char *key; /* NUL-terminated, in the map's arena */
	size_t len;      /* its bytes */
	void *value;     /* the owner's */
	uint32_t hash;
};

struct map {
	struct arena *arena;
	struct map_entry *items; /* in insertion order */
	size_t count, cap;
	uint32_t *slots; /* index + 1 into items, 0 empty; power of two */
	size_t nslots;
};

/* An empty map whose memory comes from `a`. */
void map_create(struct map *m, struct arena *a);
/* The value, or NULL. */
void *map_find(const struct map *m, const char *key);
void *map_find_n(const struct map *m, const char *key, size_t len);
/* Sets key to value (not NULL); returns the value that was there, or NULL. */
void *map_put(struct map *m, const char *key, void *value);
void *map_put_n(struct map *m, const char *key, size_t len, void *value);
/* The key nearest to `name` by edit distance (at most 2, or a third of its length), or NULL: for "did you mean". */
const char *map_nearest(const struct map *m, const char *name);

#endif
