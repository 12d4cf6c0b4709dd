#include "edge/http_static.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/say.h"
#include "edge/http.h"

enum { MAX_FILES = 2000, MAX_DEPTH = 6 };

struct variant {
	bool there;
	uint64_t size;
};

struct file {
	const char *disk;      /* path without .br or .gz */
	const char *type, *etag;
	bool hashed;           /* below assets/: the name changes with the content */
	struct variant plain, br, gz;
};

struct http_static {
	struct arena *arena;
	struct map files; /* "/assets/x.js" → struct file */
	struct file *index;
	unsigned count;
};

static const char *type_of(const char *path)
{
	static const char *const types[][2] = {{".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
	    {".svg", "image/svg+xml"}, {".json", "application/json"}, {".png", "image/png"}, {".ico", "image/x-icon"}, {".woff2", "font/woff2"}, {".wasm", "application/wasm"},
	    {".webmanifest", "application/manifest+json"}, {".txt", "text/plain; charset=utf-8"}};
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
		if (strcmp(dot, types[i][0]) == 0)
			return types[i][1];
	return "application/octet-stream";
}

static void add(struct http_static *s, const char *disk, const char *path, const struct stat *st)
{
	size_t n = strlen(path);
	const char *suffix = n > 3 ? path + n - 3 : "";
	bool br = strcmp(suffix, ".br") == 0, gz = strcmp(suffix, ".gz") == 0;
	char *name = arena_strndup(s->arena, path, br || gz ? n - 3 : n);
	struct file *f = map_find(&s->files, name);
	if (!f) {
		f = arena_new(s->arena, struct file);
		f->disk = arena_strndup(s->arena, disk, strlen(disk) - (br || gz ? 3 : 0));
		f->type = type_of(name);
		f->hashed = strncmp(name, "/assets/", 8) == 0;
		map_put(&s->files, name, f);
	}
	struct variant *v = br ? &f->br : gz ? &f->gz : &f->plain;
	v->there = true;
	v->size = (uint64_t)st->st_size;
	if (!br && !gz)
		f->etag = arena_printf(s->arena, "\"%llx-%llx\"", (unsigned long long)st->st_mtime, (unsigned long long)st->st_size);
}

static void scan(struct http_static *s, const char *dir, const char *path, int depth)
{
	DIR *d = depth < MAX_DEPTH ? opendir(dir) : NULL;
	struct dirent *e;
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || s->count >= MAX_FILES)
			continue;
		char *disk = arena_printf(s->arena, "%s/%s", dir, e->d_name), *sub = arena_printf(s->arena, "%s/%s", path, e->d_name);
		struct stat st;
		if (stat(disk, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			scan(s, disk, sub, depth + 1);
		} else if (S_ISREG(st.st_mode)) {
			add(s, disk, sub, &st);
			s->count++;
		}
	}
	if (d)
		closedir(d);
}

int http_static_open(const char *dir, struct http_static **out, struct err *err)
{
	struct arena *a = arena_new_sized(16384);
	struct http_static *s = arena_new(a, struct http_static);
	s->arena = a;
	map_create(&s->files, a);
	scan(s, dir, "", 0);
	s->index = map_find(&s->files, "/index.html");
	if (!s->index) {
		arena_delete(a);
		return err_set(err, ERR_ENVIRONMENT, "No built web application in %s", dir);
	}
	*out = s;
	return 0;
}

static bool accepts(const struct http_request *r, const char *coding)
{
	const char *accept = http_header(r, "Accept-Encoding");
	const char *p = accept ? strstr(accept, coding) : NULL;
	return p && strncmp(p + strlen(coding), ";q=0,", 5) != 0 && strcmp(p + strlen(coding), ";q=0") != 0;
}

void http_static_handle(const struct http_static *s, struct http_request *r)
{
	struct err err;
	err_init(&err, r->arena);
	if (r->method != HTTP_GET && r->method != HTTP_HEAD) {
		err_tell(&err, ERR_METHOD, SAY_GET_ONLY);
		http_reply_err(r, &err);
		return;
	}
	struct file *f = map_find(&s->files, r->path);
	if (!f) {
		if (strncmp(r->path, "/assets/", 8) == 0) {
			err_tell(&err, ERR_NOT_FOUND, SAY_NO_FILE);
			http_reply_err(r, &err);
			return;
		}
		f = s->index;
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
	if (f == s->index) {
		http_set_header(r, "Content-Security-Policy",
		                "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'");
		http_set_header(r, "Referrer-Policy", "same-origin");
	}
	const char *disk = f->disk;
	uint64_t size = f->plain.size;
	if (f->br.there && accepts(r, "br")) {
		http_set_header(r, "Content-Encoding", "br");
		disk = arena_printf(r->arena, "%s.br", f->disk);
		size = f->br.size;
	} else if (f->gz.there && accepts(r, "gzip")) {
		http_set_header(r, "Content-Encoding", "gzip");
		disk = arena_printf(r->arena, "%s.gz", f->disk);
		size = f->gz.size;
	}
	int fd = open(disk, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		r->headers.count = 0;
		err_set(&err, ERR_INTERNAL, "cannot open %s: %s", disk, strerror(errno));
		http_reply_err(r, &err);
		return;
	}
	http_reply_file(r, 200, fd, size);
}
