#include "edge/http_static.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fiber.h"
#include "base/log.h"
#include "base/map.h"
#include "base/say.h"
#include "edge/http.h"

enum {
	MAX_FILES = 1000, /* of one build, variants included: all of KEPT + 1 builds are open, beside the connections */
	MAX_DEPTH = 6,
	KEPT = 2,                /* builds before the present one whose hashed files are still served */
	IN_MEMORY = 1024 * 1024, /* a file under a lasting name may be overwritten in place: it is read at once */
	WATCH_MS = 2000,
	REST_MS = 500, /* a file younger than this may still be written */
	HURRY_MS = 200 /* between two looks because a page asks for what is not known */
};

struct variant {
	bool there;
	int fd; /* -1 when the bytes are in memory */
	const char *bytes;
	uint64_t size;
};

struct file {
	const char *type, *etag;
	bool hashed; /* below assets/: the name changes with the content */
	struct variant plain, br, gz;
};

struct build {
	struct arena *arena;
	struct map files; /* "/assets/x.js" → struct file */
	struct file *index;
	unsigned count;
	bool bad;          /* a file could not be opened */
	int64_t newest_us; /* when the last of its files was written, as far as that is not in the future */
	int64_t begun_us;
};

struct http_static {
	const char *dir;
	struct build *now;        /* NULL: none was built yet */
	struct build *old[KEPT];  /* youngest first */
	uint64_t mark, candidate; /* of the folder as loaded, and as it was found changed */
	uint64_t looked_ms;
	uv_timer_t timer;
};

static const char *type_of(const char *path)
{
	static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
										   {".js", "text/javascript; charset=utf-8"},
										   {".css", "text/css; charset=utf-8"},
										   {".svg", "image/svg+xml"},
										   {".json", "application/json"},
										   {".png", "image/png"},
										   {".ico", "image/x-icon"},
										   {".woff2", "font/woff2"},
										   {".wasm", "application/wasm"},
										   {".webmanifest", "application/manifest+json"},
										   {".txt", "text/plain; charset=utf-8"}};
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
		if (strcmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

static void close_fd(void *arg)
{
	close((int)(intptr_t)arg);
}

static bool variant_open(struct build *b, struct variant *v, const char *disk, bool hashed)
{
	struct stat st;
	v->fd = open(disk, O_RDONLY | O_CLOEXEC);
	if (v->fd < 0 || fstat(v->fd, &st) != 0)
		return false;
	v->there = true;
	v->size = (uint64_t)st.st_size;
	if (!hashed && v->size <= IN_MEMORY) {
		char *bytes = arena_alloc(b->arena, v->size + 1);
		bool whole = pread(v->fd, bytes, v->size, 0) == (ssize_t)v->size;
		bytes[v->size] = 0;
		v->bytes = bytes;
		close(v->fd);
		v->fd = -1;
		return whole;
	}
	arena_defer(b->arena, close_fd, (void *)(intptr_t)v->fd);
	return true;
}

static void add(struct build *b, const char *disk, const char *path, const struct stat *st)
{
	size_t n = strlen(path);
	const char *suffix = n > 3 ? path + n - 3 : "";
	bool br = strcmp(suffix, ".br") == 0, gz = strcmp(suffix, ".gz") == 0;
	char *name = arena_strndup(b->arena, path, br || gz ? n - 3 : n);
	struct file *f = map_find(&b->files, name);
	if (!f) {
		f = arena_new(b->arena, struct file);
		f->type = type_of(name);
		f->hashed = strncmp(name, "/assets/", 8) == 0;
		map_put(&b->files, name, f);
	}
	int64_t written = (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;
	if (written > b->newest_us && written <= b->begun_us)
		b->newest_us = written;
	if (!variant_open(b, br ? &f->br : gz ? &f->gz : &f->plain, disk, f->hashed))
		b->bad = true;
	if (!br && !gz)
		f->etag = arena_printf(b->arena, "\"%llx.%llx-%llx\"", (unsigned long long)st->st_mtim.tv_sec,
							   (unsigned long long)st->st_mtim.tv_nsec, (unsigned long long)st->st_size);
}

static void scan(struct build *b, const char *dir, const char *path, int depth)
{
	DIR *d = depth < MAX_DEPTH ? opendir(dir) : NULL;
	struct dirent *e;
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || b->count >= MAX_FILES)
			continue;
		char *disk = arena_printf(b->arena, "%s/%s", dir, e->d_name), *sub = arena_printf(b->arena, "%s/%s", path, e->d_name);
		struct stat st;
		if (stat(disk, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			scan(b, disk, sub, depth + 1);
		} else if (S_ISREG(st.st_mode)) {
			add(b, disk, sub, &st);
			b->count++;
		}
	}
	if (d)
		closedir(d);
}

/* Every hashed file that the page names is there. */
static bool whole(struct build *b)
{
	if (!b->index || b->bad || !b->index->plain.bytes)
		return false;
	for (const char *p = b->index->plain.bytes; (p = strstr(p, "/assets/"));) {
		size_t n = strcspn(p, "\"'<> \t\r\n?#");
		const struct file *f = map_find_n(&b->files, p, n);
		if (!f || !f->plain.there)
			return false;
		p += n;
	}
	return true;
}

/* NULL while a build is being written. */
static struct build *build_load(const char *dir)
{
	struct arena *a = arena_new_sized(16384);
	struct build *b = arena_new(a, struct build);
	b->arena = a;
	b->begun_us = clock_real_us();
	map_create(&b->files, a);
	scan(b, dir, "", 0);
	b->index = map_find(&b->files, "/index.html");
	if (whole(b))
		return b;
	arena_delete(a);
	return NULL;
}

static uint64_t mark_of(const char *path, uint64_t mark)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return mark * 31 + 1;
	mark = mark * 1099511628211u + (uint64_t)st.st_ino;
	mark = mark * 1099511628211u + (uint64_t)st.st_mtim.tv_sec;
	mark = mark * 1099511628211u + (uint64_t)st.st_mtim.tv_nsec;
	return mark * 1099511628211u + (uint64_t)st.st_size;
}

/* Changes whenever a file comes, goes or is renamed, and when the page is written. */
static uint64_t folder_mark(const char *dir)
{
	static const char *const parts[] = {"", "/assets", "/index.html"};
	char path[4096];
	uint64_t mark = 1469598103934665603u;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		snprintf(path, sizeof path, "%s%s", dir, parts[i]);
		mark = mark_of(path, mark);
	}
	return mark;
}

static bool same_page(const struct build *a, const struct build *b)
{
	return a->index->plain.size == b->index->plain.size && memcmp(a->index->plain.bytes, b->index->plain.bytes, a->index->plain.size) == 0;
}

static void look(struct http_static *s)
{
	uint64_t mark = folder_mark(s->dir);
	s->looked_ms = clock_monotonic_ms();
	if (mark == s->mark)
		return;
	struct build *b = build_load(s->dir);
	if (b && s->now && b->begun_us - b->newest_us < REST_MS * 1000) {
		arena_delete(b->arena);
		return;
	}
	/* what is written meanwhile changes the mark again */
	s->mark = mark;
	if (!b)
		return;
	if (s->now && same_page(b, s->now)) {
		arena_delete(s->now->arena);
	} else if (s->now) {
		if (s->old[KEPT - 1])
			arena_delete(s->old[KEPT - 1]->arena);
		memmove(s->old + 1, s->old, (KEPT - 1) * sizeof *s->old);
		s->old[0] = s->now;
		log_info("another build of the web application is served");
	}
	s->now = b;
}

static void on_timer(uv_timer_t *t)
{
	struct http_static *s = t->data;
	uint64_t mark = folder_mark(s->dir);
	/* a build in the making is left alone until it rests */
	if (mark == s->candidate)
		look(s);
	s->candidate = mark;
}

struct http_static *http_static_new(const char *dir)
{
	struct http_static *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->dir = dir;
	s->candidate = folder_mark(dir);
	look(s);
	return s;
}

bool http_static_built(const struct http_static *s)
{
	return s->now != NULL;
}

void http_static_watch(struct http_static *s)
{
	uv_timer_init(fiber_loop(), &s->timer);
	s->timer.data = s;
	uv_timer_start(&s->timer, on_timer, WATCH_MS, WATCH_MS);
	uv_unref((uv_handle_t *)&s->timer);
}

static bool accepts(const struct http_request *r, const char *coding)
{
	const char *accept = http_header(r, "Accept-Encoding");
	const char *p = accept ? strstr(accept, coding) : NULL;
	return p && strncmp(p + strlen(coding), ";q=0,", 5) != 0 && strcmp(p + strlen(coding), ";q=0") != 0;
}

/* The file, of the present build or, when its name tells its content, of one before. */
static struct file *find(struct http_static *s, const char *path)
{
	struct file *f = s->now ? map_find(&s->now->files, path) : NULL;
	if (f || strncmp(path, "/assets/", 8) != 0)
		return f || !s->now ? f : s->now->index;
	for (int i = 0; i < KEPT && s->old[i]; i++)
		if ((f = map_find(&s->old[i]->files, path)))
			return f;
	/* another worker may have served the page of a build that this one has not seen yet */
	if (clock_monotonic_ms() - s->looked_ms < HURRY_MS)
		return NULL;
	look(s);
	return s->now ? map_find(&s->now->files, path) : NULL;
}

void http_static_handle(struct http_static *s, struct http_request *r)
{
	struct err err;
	err_init(&err, r->arena);
	if (r->method != HTTP_GET && r->method != HTTP_HEAD) {
		http_refuse_method(r, "GET, HEAD", &err);
		http_reply_err(r, &err);
		return;
	}
	struct file *f = find(s, r->path);
	if (!f || !f->plain.there) {
		err_tell(&err, ERR_NOT_FOUND, s->now ? SAY_NO_FILE : SAY_NO_WEB);
		http_reply_err(r, &err);
		return;
	}
	http_set_header(r, "Vary", "Accept-Encoding");
	http_set_header(r, "Cache-Control", f->hashed ? "public, max-age=31536000, immutable" : "no-cache");
	if (f->etag) {
		http_set_header(r, "ETag", f->etag);
		const char *match = http_header(r, "If-None-Match");
		if (match && strcmp(match, f->etag) == 0) {
			http_reply_empty(r, 304);
			return;
		}
	}
	http_set_header(r, "Content-Type", f->type);
	if (f == s->now->index) {
		http_set_header(r, "Content-Security-Policy",
						"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'none'; "
						"base-uri 'self'; form-action 'self'");
		http_set_header(r, "Referrer-Policy", "same-origin");
	}
	const struct variant *v = &f->plain;
	if (f->br.there && accepts(r, "br")) {
		http_set_header(r, "Content-Encoding", "br");
		v = &f->br;
	} else if (f->gz.there && accepts(r, "gzip")) {
		http_set_header(r, "Content-Encoding", "gzip");
		v = &f->gz;
	}
	if (v->fd < 0) {
		r->status = 200;
		buf_clear(&r->out);
		buf_add(&r->out, v->bytes, v->size);
		return;
	}
	/* the answer closes its own; both read by position */
	int fd = fcntl(v->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0) {
		r->headers.count = 0;
		err_set(&err, ERR_INTERNAL, "cannot open %s: %s", r->path, strerror(errno));
		http_reply_err(r, &err);
		return;
	}
	http_reply_file(r, 200, fd, v->size);
}
