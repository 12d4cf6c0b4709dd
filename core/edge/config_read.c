#include "edge/config_read.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "meta/source.h"

/* One module on its way into the configuration. */
struct part {
	const char *name, *dir;
	struct config_file *files;
	size_t nfiles, cap;
	struct dependence {
		const char *name;
		int line, column;
	} * depends;
	size_t ndepends;
	enum { FRESH, OPEN, DONE } state;
};

#define NAMELESS_MODULE "?"

struct reading {
	struct arena *arena;
	struct err *errs;
	bool failed;
	const char *top_dir, *modules_dir;
	const char *top;
	struct {
		struct part **items;
		size_t count, cap;
	} parts, order;
	struct {
		const char **items;
		size_t count, cap;
	} absent;
	bool unread; /* a file is there and its text is not */
	size_t files, bytes;
};

static void fail(struct reading *r, const char *file, int line, int column, int width, const char *hint, enum err_code code,
				 const char *message)
{
	struct err one;
	err_init(&one, r->errs->arena);
	err_set(&one, code, "%s", message);
	if (hint)
		err_hint(&one, "%s", hint);
	if (file)
		err_place(&one, arena_strdup(r->errs->arena, file), line, column);
	one.width = width;
	err_append(r->errs, &one);
	r->failed = true;
}

/* Folders of a module whose files belong to it, and the endings taken. */
static const struct {
	const char *folder, *ending;
} folders[] = {{"sections", ".lua"}, {"roles", ".lua"},  {"views", ".lua"},     {"hooks", ".lua"}, {"data", ".lua"},
			   {"imports", ".lua"},  {"sample", ".lua"}, {"processes", ".lua"}, {"tests", ".lua"}, {"po", ".po"}};

static int file_compare(const void *x, const void *y)
{
	const struct config_file *a = x, *b = y;
	bool ma = strcmp(a->path, "module.lua") == 0, mb = strcmp(b->path, "module.lua") == 0;
	if (ma != mb)
		return ma ? -1 : 1;
	return strcmp(a->path, b->path);
}

static int file_read(struct reading *r, struct part *p, const char *path)
{
	const char *full = arena_printf(r->arena, "%s/%s", p->dir, path);
	const char *shown = r->top && strcmp(r->top, p->name) != 0 ? arena_printf(r->arena, "%s/%s", p->name, path) : path;
	struct stat st;
	if (stat(full, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	if (++r->files > CONFIG_READ_FILES) {
		r->unread = true;
		if (r->files == CONFIG_READ_FILES + 1)
			fail(r, NULL, 0, 0, 0, NULL, ERR_CONFIG, arena_printf(r->arena, "a configuration has at most %d files", CONFIG_READ_FILES));
		return -1;
	}
	if (st.st_size > CONFIG_READ_FILE || (r->bytes += (size_t)st.st_size) > CONFIG_READ_ALL) {
		r->unread = true;
		fail(r, shown, 1, 0, 0, "split the file, or import large data", ERR_CONFIG,
			 arena_printf(r->arena, "a file is at most %d KB, a configuration %d MB", CONFIG_READ_FILE >> 10, CONFIG_READ_ALL >> 20));
		return -1;
	}
	FILE *f = fopen(full, "rb");
	if (!f) {
		r->unread = true;
		fail(r, shown, 0, 0, 0, NULL, ERR_ENVIRONMENT, arena_printf(r->arena, "the file cannot be read: %s", strerror(errno)));
		return -1;
	}
	char *bytes = arena_alloc(r->arena, (size_t)st.st_size + 1);
	size_t len = fread(bytes, 1, (size_t)st.st_size, f);
	fclose(f);
	if (len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) { /* the mark that some editors begin a file with is none of its text */
		bytes += 3;
		len -= 3;
	}
	if (!text_valid(bytes, len)) {
		r->unread = true;
		fail(r, shown, 1, 0, 0, "save the file as UTF-8", ERR_CONFIG, "the file is not valid UTF-8");
		return -1;
	}
	if (p->nfiles == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 16;
		p->files = arena_grow(r->arena, p->files, p->nfiles * sizeof *p->files, cap * sizeof *p->files);
		p->cap = cap;
	}
	p->files[p->nfiles++] = (struct config_file){p->name, arena_strdup(r->arena, path), bytes, len};
	return 0;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n > m && strcmp(s + n - m, end) == 0;
}

static void folder_read(struct reading *r, struct part *p, const char *folder, const char *ending)
{
	DIR *d = opendir(arena_printf(r->arena, "%s/%s", p->dir, folder));
	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && ends_with(e->d_name, ending))
			file_read(r, p, arena_printf(r->arena, "%s/%s", folder, e->d_name));
	closedir(d);
}

/* The declaration `module "name" {` of a module.lua as text; where none has a literal name, one without. */
static const struct source_table *module_table(const struct source *s)
{
	const struct source_table *nameless = NULL;
	for (size_t i = 0; i < s->ncalls; i++) {
		if (strcmp(s->calls[i]->word, "module") != 0)
			continue;
		if (s->calls[i]->name)
			return s->calls[i];
		if (!nameless)
			nameless = s->calls[i];
	}
	return nameless;
}

static void depends_read(struct reading *r, struct part *p, const struct source *s, const struct source_table *module)
{
	const struct source_item *item = module ? source_key(module, "depends") : NULL;
	if (!item || !item->table)
		return;
	p->depends = arena_array(r->arena, struct dependence, item->table->count + 1);
	for (size_t i = 0; i < item->table->count; i++) {
		const struct source_item *one = &item->table->items[i];
		if (one->key) {
			const struct source_token *t = &s->tokens[one->key_token];
			p->depends[p->ndepends++] = (struct dependence){one->key, t->line, t->column};
		}
	}
}

static struct part *part_find(const struct reading *r, const char *name)
{
	for (size_t i = 0; i < r->parts.count; i++)
		if (strcmp(r->parts.items[i]->name, name) == 0)
			return r->parts.items[i];
	return NULL;
}

/* Reads one module's folder; NULL when it has no module.lua that names it. */
static struct part *part_read(struct reading *r, const char *dir, const char *wanted)
{
	struct part *p = arena_new(r->arena, struct part);
	p->dir = dir;
	p->name = wanted ? wanted : "?";
	const char *shown = wanted ? arena_printf(r->arena, "%s/module.lua", wanted) : "module.lua";
	size_t before = p->nfiles;
	if (file_read(r, p, "module.lua") != 0)
		return NULL;
	if (p->nfiles == before) {
		fail(r, NULL, 0, 0, 0, "'ostov new DIR' writes a small configuration to begin with", ERR_CONFIG,
			 arena_printf(r->arena, "%s: no module.lua in this folder", dir));
		return NULL;
	}
	struct source *s = source_scan(r->arena, p->files[0].bytes, p->files[0].len);
	const struct source_table *t = module_table(s);
	const struct source_token *at = t ? source_name(s, t) : NULL;
	bool named = t && t->name && text_is_name(t->name, strlen(t->name));
	if (!named && (wanted || !t || t->computed)) /* what else is wrong with it is said of the declaration */
		fail(r, shown, t ? t->line : 1, at ? at->column : 0, at ? (int)at->len : 0,
			 "module \"my_module\" { version = \"1.0.0\", core = \"1\" }", ERR_CONFIG,
			 t && t->name ? "the module's name is not [a-z][a-z0-9_]* of at most 48 characters"
						  : "module.lua does not declare its module by a literal name");
	if (!named && wanted)
		return NULL;
	if (wanted && strcmp(t->name, wanted) != 0) {
		fail(r, shown, t->line, 0, 0, NULL, ERR_CONFIG,
			 arena_printf(r->arena, "module '%s' is declared where '%s' is looked for", t->name, wanted));
		return NULL;
	}
	/* the rest is read under a name that no module has: its faults are told as well */
	p->name = named ? t->name : NAMELESS_MODULE;
	r->unread |= !t;
	p->files[0].module = p->name;
	if (!wanted)
		r->top = p->name;
	depends_read(r, p, s, t);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		folder_read(r, p, folders[i].folder, folders[i].ending);
	qsort(p->files, p->nfiles, sizeof *p->files, file_compare);
	arena_push(r->arena, &r->parts, p);
	return p;
}

static bool has_module(const char *dir)
{
	char path[4096];
	struct stat st;
	int n = snprintf(path, sizeof path, "%s/module.lua", dir);
	return n > 0 && (size_t)n < sizeof path && stat(path, &st) == 0;
}

/* The folder of the module of that name; NULL when there is none. */
static const char *module_dir(struct reading *r, const char *name)
{
	const char *parents[] = {arena_printf(r->arena, "%s/..", r->top_dir), r->modules_dir};
	char *dashed = arena_strdup(r->arena, name);
	for (char *c = dashed; *c; c++)
		if (*c == '_')
			*c = '-';
	for (size_t i = 0; i < 2; i++) {
		if (!parents[i])
			continue;
		const char *dir = arena_printf(r->arena, "%s/%s", parents[i], name);
		if (has_module(dir))
			return dir;
		dir = arena_printf(r->arena, "%s/%s", parents[i], dashed);
		if (has_module(dir))
			return dir;
	}
	return NULL;
}

static const char *module_nearest(struct reading *r, const char *name)
{
	const char *names[64];
	size_t n = 0;
	DIR *d = r->modules_dir ? opendir(r->modules_dir) : NULL;
	if (!d)
		return NULL;
	for (struct dirent *e; n < 64 && (e = readdir(d));)
		if (e->d_name[0] != '.')
			names[n++] = arena_strdup(r->arena, e->d_name);
	closedir(d);
	return text_nearest(name, names, n);
}

static int depends_compare(const void *x, const void *y)
{
	return strcmp(((const struct dependence *)x)->name, ((const struct dependence *)y)->name);
}

/* Puts what p needs, then p, into the order; `from` is the chain of names for a cycle's message. */
static void part_place(struct reading *r, struct part *p, const char *from)
{
	p->state = OPEN;
	const char *chain = *from ? arena_printf(r->arena, "%s → %s", from, p->name) : p->name;
	const char *shown = strcmp(p->name, r->top) == 0 ? "module.lua" : arena_printf(r->arena, "%s/module.lua", p->name);
	if (p->ndepends)
		qsort(p->depends, p->ndepends, sizeof *p->depends, depends_compare);
	for (size_t i = 0; i < p->ndepends; i++) {
		const struct dependence *d = &p->depends[i];
		int width = (int)strlen(d->name);
		struct part *q = part_find(r, d->name);
		if (!q) {
			const char *dir = text_is_name(d->name, strlen(d->name)) ? module_dir(r, d->name) : NULL;
			if (!dir) {
				const char *near = module_nearest(r, d->name);
				fail(r, shown, d->line, d->column, width,
					 near ? arena_printf(r->arena, "did you mean '%s'?", near)
						  : "modules are looked for beside the configuration and in the platform's modules/",
					 ERR_CONFIG, arena_printf(r->arena, "module '%s': depends on '%s', which is nowhere", p->name, d->name));
				arena_push(r->arena, &r->absent, d->name);
				continue;
			}
			if (r->parts.count == CONFIG_READ_MODULES) {
				fail(r, shown, d->line, d->column, width, NULL, ERR_CONFIG,
					 arena_printf(r->arena, "a configuration has at most %d modules", CONFIG_READ_MODULES));
				arena_push(r->arena, &r->absent, d->name);
				break;
			}
			q = part_read(r, dir, d->name);
			if (!q) {
				arena_push(r->arena, &r->absent, d->name);
				continue;
			}
		}
		if (q->state == OPEN)
			fail(r, shown, d->line, d->column, width, NULL, ERR_CONFIG,
				 arena_printf(r->arena, "modules depend on each other: %s → %s", chain, q->name));
		else if (q->state == FRESH)
			part_place(r, q, chain);
	}
	p->state = DONE;
	arena_push(r->arena, &r->order, p);
}

int config_read_dir(struct arena *a, const char *dir, const char *lua_dir, const char *modules_dir, struct config *out, struct err *errs)
{
	struct reading r = {.arena = a, .errs = errs, .top_dir = dir, .modules_dir = modules_dir};
	memset(out, 0, sizeof *out);
	struct part *top = part_read(&r, dir, NULL);
	if (!top)
		return -1;
	out->name = top->name;
	const char *core_dir = arena_printf(a, "%s/core", lua_dir);
	if (strcmp(top->name, "core") != 0 && !has_module(core_dir)) {
		/* nothing can be said of a configuration without it */
		err_init(errs, errs->arena);
		fail(&r, NULL, 0, 0, 0, "install it again", ERR_ENVIRONMENT,
			 arena_printf(a, "the program's own Lua is not in '%s': it is not installed whole", lua_dir));
		return -1;
	}
	struct part *core = strcmp(top->name, "core") == 0 ? NULL : part_read(&r, core_dir, "core");
	if (core)
		part_place(&r, core, "");
	else
		r.unread |= strcmp(top->name, "core") != 0;
	part_place(&r, top, "");
	out->files = arena_array(a, struct config_file, r.files + 1);
	for (size_t i = 0; i < r.order.count; i++)
		for (size_t k = 0; k < r.order.items[i]->nfiles; k++)
			out->files[out->nfiles++] = r.order.items[i]->files[k];
	config_read_hash(out);
	out->absent = r.absent.items;
	out->nabsent = r.absent.count;
	out->unread = r.unread;
	return r.failed ? -1 : 0;
}

void config_read_hash(struct config *config)
{
	crypto_hash_sha256_state h;
	unsigned char sum[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_init(&h);
	for (size_t i = 0; i < config->nfiles; i++) {
		const struct config_file *f = &config->files[i];
		char head[64];
		int n = snprintf(head, sizeof head, "%zu %zu %zu\n", strlen(f->module), strlen(f->path), f->len);
		crypto_hash_sha256_update(&h, (const unsigned char *)head, (unsigned long long)n);
		crypto_hash_sha256_update(&h, (const unsigned char *)f->module, strlen(f->module));
		crypto_hash_sha256_update(&h, (const unsigned char *)f->path, strlen(f->path));
		crypto_hash_sha256_update(&h, (const unsigned char *)f->bytes, f->len);
	}
	crypto_hash_sha256_final(&h, sum);
	sodium_bin2hex(config->hash, sizeof config->hash, sum, sizeof sum);
}

void config_read_to_json(struct buf *b, const struct config *config)
{
	buf_putc(b, '[');
	for (size_t i = 0; i < config->nfiles; i++) {
		const struct config_file *f = &config->files[i];
		buf_puts(b, i ? ",\n{\"module\":" : "{\"module\":");
		buf_json(b, f->module, strlen(f->module));
		buf_puts(b, ",\"path\":");
		buf_json(b, f->path, strlen(f->path));
		buf_puts(b, ",\"text\":");
		buf_json(b, f->bytes, f->len);
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

int config_read_from_json(struct arena *a, const char *json, size_t len, struct config *out, struct err *err)
{
	json_error_t why;
	json_t *root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &why);
	memset(out, 0, sizeof *out);
	if (!root || !json_is_array(root) || json_array_size(root) == 0) {
		json_decref(root);
		return err_set(err, ERR_CONFIG, "the stored configuration does not parse: %s", root ? "no list of files" : why.text);
	}
	out->files = arena_array(a, struct config_file, json_array_size(root));
	for (size_t i = 0; i < json_array_size(root); i++) {
		json_t *one = json_array_get(root, i);
		const char *module = json_string_value(json_object_get(one, "module")), *path = json_string_value(json_object_get(one, "path"));
		json_t *text = json_object_get(one, "text");
		if (!module || !path || !json_is_string(text)) {
			json_decref(root);
			return err_set(err, ERR_CONFIG, "the stored configuration does not parse: file %zu has no module, path or text", i + 1);
		}
		struct config_file *f = &out->files[out->nfiles++];
		f->module = i && strcmp(out->files[i - 1].module, module) == 0 ? out->files[i - 1].module : arena_strdup(a, module);
		f->path = arena_strdup(a, path);
		f->len = json_string_length(text);
		f->bytes = arena_strndup(a, json_string_value(text), f->len);
	}
	json_decref(root);
	out->name = out->files[out->nfiles - 1].module;
	config_read_hash(out);
	return 0;
}

void config_read_copy(struct arena *a, const struct config *config, struct config *out)
{
	*out = *config;
	out->name = arena_strdup(a, config->name);
	out->files = arena_array(a, struct config_file, config->nfiles + 1);
	for (size_t i = 0; i < config->nfiles; i++) {
		const struct config_file *f = &config->files[i];
		struct config_file *to = &out->files[i];
		to->module = i && config->files[i - 1].module == f->module ? out->files[i - 1].module : arena_strdup(a, f->module);
		to->path = arena_strdup(a, f->path);
		to->bytes = arena_strndup(a, f->bytes, f->len);
		to->len = f->len;
	}
	out->absent = arena_array(a, const char *, config->nabsent + 1);
	for (size_t i = 0; i < config->nabsent; i++)
		out->absent[i] = arena_strdup(a, config->absent[i]);
}
