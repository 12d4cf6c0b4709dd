/* arena: memory that dies together (a request, a registry snapshot, a scratch).
 *
 * `struct arena *a` as a function's first parameter says where its result lives. Allocation never returns NULL: a worker
 * that has no memory ends and the supervisor starts another. Not thread-safe: one arena, one thread. */
#ifndef OST_BASE_ARENA_H
#define OST_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* A new, empty arena on the heap; `block` is the size in bytes of its first block (0: 4 KB). Free with arena_delete. */
struct arena *arena_new_sized(size_t block);
/* Runs the deferred calls, newest first, and frees everything. NULL is fine. */
void arena_delete(struct arena *a);
/* Like arena_delete, but keeps the first block for use again. */
void arena_reset(struct arena *a);
/* `size` bytes, zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
/* A copy of old[0..old_size) in `size` bytes, the rest zeroed. */
void *arena_grow(struct arena *a, void *old, size_t old_size, size_t size);
/* A copy of len bytes with a NUL after them. */
char *arena_strndup(struct arena *a, const char *s, size_t len);
/* A copy of s; NULL gives NULL. */
char *arena_strdup(struct arena *a, const char *s);
/* printf into the arena. */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap);
/* Calls fn(arg) when the arena is deleted or reset. */
void arena_defer(struct arena *a, void (*fn)(void *), void *arg);
/* Bytes handed out so far. */
size_t arena_used(const struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))

/* Appends to an arena array kept as (items, count, capacity): struct { T *items; size_t count, cap; } */
#define arena_push(a, vec, item)                                                                                                           \
	do {                                                                                                                                   \
		if ((vec)->count == (vec)->cap) {                                                                                                  \
			size_t ncap_ = (vec)->cap ? (vec)->cap * 2 : 8;                                                                                \
			(vec)->items = arena_grow((a), (vec)->items, sizeof *(vec)->items * (vec)->count, sizeof *(vec)->items * ncap_);               \
			(vec)->cap = ncap_;                                                                                                            \
		}                                                                                                                                  \
		(vec)->items[(vec)->count++] = (item);                                                                                             \
	} while (0)

#endif
