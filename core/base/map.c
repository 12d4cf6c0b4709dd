#include "base/map.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static uint32_t hash_bytes(const char *s, size_t n)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

void map_create(struct map *m, struct arena *a)
{
	memset(m, 0, sizeof *m);
	m->arena = a;
}

static struct map_entry *entry_find(const struct map *m, const char *key, size_t len, uint32_t h)
{
	if (!m->nslots)
		return NULL;
	for (size_t i = h & (m->nslots - 1);; i = (i + 1) & (m->nslots - 1)) {
		if (!m->slots[i])
			return NULL;
		struct map_entry *e = &m->items[m->slots[i] - 1];
		if (e->hash == h && e->len == len && memcmp(e->key, key, len) == 0)
			return e;
	}
}

void *map_find_n(const struct map *m, const char *key, size_t len)
{
	struct map_entry *e = entry_find(m, key, len, hash_bytes(key, len));
	return e ? e->value : NULL;
}

void *map_find(const struct map *m, const char *key)
{
	return map_find_n(m, key, strlen(key));
}

static void rehash(struct map *m)
{
	m->nslots = m->nslots ? m->nslots * 2 : 16;
	m->slots = arena_array(m->arena, uint32_t, m->nslots);
	for (size_t k = 0; k < m->count; k++) {
		size_t i = m->items[k].hash & (m->nslots - 1);
		while (m->slots[i])
			i = (i + 1) & (m->nslots - 1);
		m->slots[i] = (uint32_t)k + 1;
	}
}

void *map_put_n(struct map *m, const char *key, size_t len, void *value)
{
	uint32_t h = hash_bytes(key, len);
	struct map_entry *e = entry_find(m, key, len, h);
	if (e) {
		void *old = e->value;
		e->value = value;
		return old;
	}
	struct map_entry one = {arena_strndup(m->arena, key, len), len, value, h};
	arena_push(m->arena, m, one);
	if (m->count * 2 > m->nslots)
		rehash(m);
	else {
		size_t i = h & (m->nslots - 1);
		while (m->slots[i])
			i = (i + 1) & (m->nslots - 1);
		m->slots[i] = (uint32_t)m->count;
	}
	return NULL;
}

void *map_put(struct map *m, const char *key, void *value)
{
	return map_put_n(m, key, strlen(key), value);
}

const char *map_nearest(const struct map *m, const char *name)
{
	const char *best = NULL;
	size_t best_distance = text_near_limit(strlen(name)) + 1;
	for (size_t i = 0; i < m->count; i++) {
		size_t d = text_distance(name, m->items[i].key, best_distance);
		if (d < best_distance) {
			best_distance = d;
			best = m->items[i].key;
		}
	}
	return best;
}
