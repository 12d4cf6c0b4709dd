#include "serve/file.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/say.h"
#include "base/temp.h"
#include "base/text.h"
#include "pg/pg.h"
#include "serve/actor.h"
#include "serve/record.h"
#include "serve/unit.h"

enum { IN_MEMORY = 1024 * 1024, TRIES = 2 };

struct file_spool {
	struct arena *arena;
	struct buf memory; /* while it is small */
	int fd;            /* -1 while in memory */
	int64_t size;
	crypto_hash_sha256_state hash;
};

static void spool_end(void *arg)
{
	struct file_spool *s = arg;
	buf_destroy(&s->memory);
	if (s->fd >= 0)
		close(s->fd);
}

struct file_spool *file_spool_new(struct arena *a)
{
	struct file_spool *s = arena_new(a, struct file_spool);
	s->arena = a;
	s->fd = -1;
	crypto_hash_sha256_init(&s->hash);
	arena_defer(a, spool_end, s);
	return s;
}

int64_t file_spool_size(const struct file_spool *s)
{
	return s->size;
}

static int no_room(struct err *err)
{
	return err_tell(err, ERR_UNAVAILABLE, SAY_UPLOAD_ROOM);
}

static int write_all(int fd, const char *data, size_t len, struct err *err)
{
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n <= 0)
			return no_room(err);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int to_disk(struct file_spool *s, struct err *err)
{
	s->fd = temp_open();
	if (s->fd < 0)
		return no_room(err);
	int failed = write_all(s->fd, s->memory.data ? s->memory.data : "", s->memory.len, err);
	buf_destroy(&s->memory);
	return failed;
}

int file_spool_add(struct file_spool *s, const void *data, size_t len, struct err *err)
{
	crypto_hash_sha256_update(&s->hash, data, len);
	s->size += (int64_t)len;
	if (s->fd < 0 && s->memory.len + len <= IN_MEMORY) {
		buf_add(&s->memory, data, len);
		return 0;
	}
	if (s->fd < 0 && to_disk(s, err))
		return -1;
	return write_all(s->fd, data, len, err);
}

static int spool_read(struct file_spool *s, int64_t offset, char *to, size_t len, struct err *err)
{
	if (s->fd < 0) {
		memcpy(to, s->memory.data + offset, len);
		return 0;
	}
	for (size_t got = 0; got < len;) {
		ssize_t n = pread(s->fd, to + got, len - got, offset + (int64_t)got);
		if (n <= 0)
			return err_set(err, ERR_INTERNAL, "An upload's temporary file cannot be read");
		got += (size_t)n;
	}
	return 0;
}

/* All chunks in one transaction: a body is there whole or not at all. A body that is there already is left as it is. */
static int store_body(struct file_spool *s, struct pg *pg, const unsigned char sha256[FILE_SHA256], struct err *err)
{
	struct pg_tx *tx;
	struct pg_rows *rows;
	struct pg_params p = {0};
	if (!s->size)
		return 0;
	if (pg_room(pg, err))
		return -1;
	pg_params_bytes(s->arena, &p, sha256, FILE_SHA256);
	if (pg_read(pg, PG_LANE_FAST, s->arena, "SELECT 1 FROM ostov.file_body WHERE sha256 = $1 AND chunk = 0", &p, &rows, err))
		return -1;
	if (pg_rows_count(rows))
		return 0;
	if (pg_tx_open(pg, PG_LANE_SLOW, &tx, err))
		return -1;
	char *bytes = malloc(FILE_CHUNK);
	if (!bytes)
		abort();
	int failed = 0;
	int64_t chunk = 0;
	for (int64_t at = 0; at < s->size && !failed; at += FILE_CHUNK, chunk++) {
		struct arena *a = arena_new_sized(FILE_CHUNK + 4096);
		struct pg_params one = {0};
		size_t len = s->size - at < FILE_CHUNK ? (size_t)(s->size - at) : FILE_CHUNK;
		failed = spool_read(s, at, bytes, len, err);
		if (!failed) {
			pg_params_bytes(a, &one, sha256, FILE_SHA256);
			pg_params_int(a, &one, chunk);
			pg_params_bytes(a, &one, bytes, len);
			failed =
				pg_tx_run(tx, a, "INSERT INTO ostov.file_body (sha256, chunk, bytes) VALUES ($1, $2::int8::int, $3) ON CONFLICT DO NOTHING",
						  &one, &rows, err);
		}
		arena_delete(a);
	}
	free(bytes);
	if (failed) {
		pg_tx_rollback(tx);
		return -1;
	}
	return pg_tx_commit(tx, err);
}

/* What stands behind the last slash of either kind, without control characters, within the bound and never cut within a character. */
static const char *clean_name(struct arena *a, const char *name)
{
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == '\\')
			name = p + 1;
	struct buf b = BUF_INIT;
	for (const char *p = name, *end = name + strlen(name); p < end;) {
		const char *from = p;
		uint32_t cp = text_next(&p, end);
		/* marks that turn the direction of text disguise an ending */
		bool hidden =
			cp < ' ' || cp == 0x7f || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0x200e || cp == 0x200f;
		if (hidden)
			continue;
		if (b.len + (size_t)(p - from) > FILE_NAME_MAX)
			break;
		buf_add(&b, from, (size_t)(p - from));
	}
	bool dots = b.len == strspn(b.data ? b.data : "", ". ");
	const char *out = arena_strndup(a, dots ? "file" : b.data, dots ? 4 : b.len);
	buf_destroy(&b);
	return out;
}

struct save {
	struct file_spool *spool;
	const char *name, *media_type, *sha256;
	const unsigned char *key; /* sha256 as bytes */
	int64_t id;
	bool bare; /* the body went meanwhile: it is to be stored again */
};

static void set(struct unit *u, struct record_input *in, const char *field, struct value v)
{
	record_input_set(u->arena, in, section_find(u->reg->file, field), v);
}

/* The row is the platform's: no role writes it, its fields are read-only; created_by stays the uploader. */
static int create_row(struct unit *u, void *ctx, struct err *err)
{
	struct save *s = ctx;
	struct record_input in = {.flags = RECORD_DATA};
	struct actor system;
	struct pg_params p = {0};
	struct pg_rows *rows;
	/* from here to the commit nobody removes the body as one that has no row */
	pg_params_bytes(u->arena, &p, s->key, FILE_SHA256);
	if (unit_ready(u, err) ||
		pg_tx_run(u->tx, u->arena, "SELECT 1 FROM ostov.file_body WHERE sha256 = $1 AND chunk = 0 FOR KEY SHARE", &p, &rows, err))
		return -1;
	s->bare = s->spool->size && !pg_rows_count(rows);
	if (s->bare)
		return err_tell(err, ERR_CONFLICT, SAY_FILE_REMOVED);
	actor_system(&system, u->lang);
	set(u, &in, "name", value_textz(s->name));
	set(u, &in, "size", value_int(s->spool->size));
	set(u, &in, "media_type", value_textz(s->media_type));
	set(u, &in, "sha256", value_textz(s->sha256));
	const struct actor *before = unit_act_as(u, &system);
	int failed = record_create(u, u->reg->file, &in, &s->id, err);
	unit_act_as(u, before);
	return failed;
}

int file_spool_save(struct file_spool *s, struct pg *pg, struct registry *reg, const struct actor *actor, const char *name,
					const char *media_type, int64_t *id, struct err *err)
{
	unsigned char sha256[FILE_SHA256];
	char *hex = arena_alloc(s->arena, FILE_SHA256 * 2 + 1);
	crypto_hash_sha256_state state = s->hash;
	crypto_hash_sha256_final(&state, sha256);
	sodium_bin2hex(hex, FILE_SHA256 * 2 + 1, sha256, sizeof sha256);
	struct save save = {.spool = s, .name = clean_name(s->arena, name), .media_type = media_type, .sha256 = hex, .key = sha256};
	struct unit_config config = {.pg = pg, .reg = reg, .actor = actor, .lane = PG_LANE_TX};
	for (int tries = 0;; tries++) {
		struct err one;
		err_init(&one, s->arena);
		if (store_body(s, pg, sha256, err))
			return -1;
		if (unit_run(&config, create_row, &save, &one) == 0)
			break;
		if (!save.bare || tries == TRIES)
			return err_copy(err, &one);
	}
	*id = save.id;
	return 0;
}

int file_find(struct arena *a, struct pg *pg, const struct registry *reg, int lang, int64_t id, struct file_info *out, struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	const struct section *s = reg->file;
	const char *sql = arena_printf(a, "SELECT x.id, x.%s, x.created_by, x.%s, x.%s, x.%s FROM %s x WHERE x.id = $1",
								   section_find(s, "size")->expr.column, section_find(s, "name")->expr.column,
								   section_find(s, "media_type")->expr.column, section_find(s, "sha256")->expr.column, s->expr.sql);
	pg_params_int(a, &p, id);
	if (pg_read(pg, PG_LANE_FAST, a, sql, &p, &rows, err))
		return -1;
	if (!pg_rows_count(rows))
		return err_say(err, ERR_NOT_FOUND, lang, SAY_NO_FILE);
	out->id = id;
	out->size = pg_rows_int(rows, 0, 1);
	out->created_by = pg_rows_int(rows, 0, 2);
	out->name = pg_rows_text(rows, 0, 3);
	out->media_type = pg_rows_text(rows, 0, 4);
	out->sha256 = pg_rows_text(rows, 0, 5);
	return 0;
}

int file_read(struct arena *a, struct pg *pg, const struct file_info *f, int64_t offset, const char **data, size_t *len, struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	unsigned char sha256[FILE_SHA256];
	size_t n = 0;
	if (!f->sha256 || sodium_hex2bin(sha256, sizeof sha256, f->sha256, strlen(f->sha256), NULL, &n, NULL) != 0 || n != sizeof sha256)
		return err_set(err, ERR_INTERNAL, "file %lld has no body", (long long)f->id);
	pg_params_bytes(a, &p, sha256, sizeof sha256);
	pg_params_int(a, &p, offset / FILE_CHUNK);
	if (pg_read(pg, PG_LANE_SLOW, a, "SELECT bytes FROM ostov.file_body WHERE sha256 = $1 AND chunk = $2::int8::int", &p, &rows, err))
		return -1;
	size_t skip = (size_t)(offset % FILE_CHUNK), whole = 0;
	const char *bytes = pg_rows_count(rows) ? pg_rows_bytes(rows, 0, 0, &whole) : NULL;
	if (!bytes || whole <= skip)
		return err_set(err, ERR_INTERNAL, "file %lld lacks its chunk %lld", (long long)f->id, (long long)(offset / FILE_CHUNK));
	*data = bytes + skip;
	*len = whole - skip;
	return 0;
}
