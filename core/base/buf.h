/* buf: a growing byte buffer, for SQL, JSON and everything else that is written piece by piece.
 *
 * The buffer owns its heap memory: `buf_destroy` frees it, `buf_take` hands it to the caller. The bytes are always
 * followed by a NUL that is not counted. Not here: formats' own escaping (JSON stands here because everybody writes it). */
#ifndef OST_BASE_BUF_H
#define OST_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;      /* bytes, NUL after them; NULL while nothing was written */
	size_t len, cap; /* bytes written and reserved */
};

#define BUF_INIT {NULL, 0, 0}

void buf_destroy(struct buf *b);
/* Forgets the bytes, keeps the memory. */
void buf_clear(struct buf *b);
/* The heap string (free it), never NULL; the buffer is empty afterwards. */
char *buf_take(struct buf *b);
/* Makes room for n more bytes and returns where they go; the caller adds to len what it wrote. */
char *buf_room(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_int(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
/* A JSON string with its quotes; `<`, `>`, `&` stay as they are, control characters are escaped. */
void buf_json(struct buf *b, const char *s, size_t len);
/* An SQL identifier in double quotes. */
void buf_ident(struct buf *b, const char *name);

#endif
