/* file: bodies of files in PostgreSQL: 256 KB chunks addressed by SHA-256, beside a row of the section `file` that says whose upload it is.
 *
 * An upload is spooled first (memory, then a nameless temporary file), so that no database connection waits for a slow client. Equal bodies are stored once.
 * A file shows through the records that hold it: who may read it is asked there, not here (SAFETY 24). Not here: HTTP (edge/files). */
#ifndef OST_SERVE_FILE_H
#define OST_SERVE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "meta/registry.h"

struct actor;
struct arena;
struct err;
struct pg;

enum { FILE_CHUNK = 256 * 1024, FILE_SHA256 = 32, FILE_NAME_MAX = 255 };

struct file_spool;

/* An empty spool; its memory and its temporary file end with the arena. */
struct file_spool *file_spool_new(struct arena *a);
/* Appends bytes; ERR_UNAVAILABLE when the disk is full. */
int file_spool_add(struct file_spool *s, const void *data, size_t len, struct err *err);
/* Bytes so far. */
int64_t file_spool_size(const struct file_spool *s);
/* Stores the body and creates its row for the actor; sets *id. The name is cleaned of paths and control characters. */
int file_spool_save(struct file_spool *s, struct pg *pg, struct registry *reg, const struct actor *actor, const char *name, const char *media_type, int64_t *id,
                    struct err *err);

struct file_info {
	int64_t id, size, created_by;
	const char *name, *media_type, *sha256; /* sha256 in hexadecimal; in the arena of file_find */
};

/* What is known of the file; ERR_NOT_FOUND. Whether the asker may know of it was settled before. */
int file_find(struct arena *a, struct pg *pg, const struct registry *reg, int lang, int64_t id, struct file_info *out, struct err *err);
/* The bytes from `offset` to the end of their chunk, in `a`; at least one. */
int file_read(struct arena *a, struct pg *pg, const struct file_info *f, int64_t offset, const char **data, size_t *len, struct err *err);

#endif
