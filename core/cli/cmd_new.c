/* cmd_new: `ostov new`, a small working configuration with comments, made from lua/new. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
	"usage: ostov new [--json] DIR\n"
	"\n"
	"Writes a small working configuration with comments to DIR, which must not be there yet or be empty. Then:\n"
	"\n"
	"  ostov check DIR    reports what is wrong with it\n"
	"  ostov serve --sample DIR\n"
	"                     runs it with sample people and requests; without --sample `ostov user add` makes the first administrator\n"
	"\n"
	"  --json             {\"dir\", \"module\", \"files\"} on standard output\n"
	"\n"
	"exit status: 0 written, 1 DIR is not empty, 2 usage, 3 the disk\n";

static const char *const files[] = {"module.lua",       "sections/request.lua", "roles/roles.lua", "hooks/request.lua",
									"sample/users.lua", "sample/requests.lua",  "po/ru.po"};
static const char *const folders[] = {"sections", "roles", "hooks", "sample", "po"};
#define FILES (sizeof files / sizeof *files)
#define FOLDERS (sizeof folders / sizeof *folders)

/* The module's name from the folder's: "My shop-2" → "my_shop_2". */
static const char *module_name(struct arena *a, const char *dir)
{
	char *copy = arena_strdup(a, dir);
	size_t n = strlen(copy);
	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = '\0';
	const char *slash = strrchr(copy, '/');
	char *name = arena_printf(a, "%.48s", slash ? slash + 1 : copy), *to = name;
	for (const char *p = name; *p; p++) {
		char c = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
		bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (good)
			*to++ = c;
		else if (to > name && to[-1] != '_')
			*to++ = '_';
	}
	while (to > name && to[-1] == '_')
		to--;
	*to = '\0';
	if (text_is_name(name, strlen(name)) && strcmp(name, "core") != 0)
		return name;
	const char *prefixed = arena_printf(a, "my_%.45s", name);
	return *name && text_is_name(prefixed, strlen(prefixed)) ? prefixed : "my_module";
}

/* "my_shop_2" → "My shop 2" */
static const char *module_label(struct arena *a, const char *name)
{
	char *label = arena_strdup(a, name);
	for (char *p = label; *p; p++)
		if (*p == '_')
			*p = ' ';
	*label = (char)(*label - 32);
	return label;
}

static bool folder_is_empty(const char *dir)
{
	DIR *d = opendir(dir);
	if (!d)
		return errno == ENOENT;
	bool empty = true;
	for (struct dirent *e; empty && (e = readdir(d));)
		empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
	closedir(d);
	return empty;
}

static int environment(const char *path)
{
	struct err err;
	err_init(&err, NULL);
	err_set(&err, ERR_ENVIRONMENT, "%s: %m", path);
	return cli_fail("new", &err);
}

/* Copies one file of lua/new with NAME and LABEL filled in. */
static int file_copy(const char *dir, const char *file, const char *name, const char *label)
{
	char from[PATH_MAX], to[PATH_MAX], sub[64];
	snprintf(sub, sizeof sub, "lua/new/%s", file);
	int n = snprintf(to, sizeof to, "%s/%s", dir, file);
	if (paths_join(from, sizeof from, sub) != 0 || n < 0 || (size_t)n >= sizeof to) {
		errno = ENAMETOOLONG;
		return environment(dir);
	}
	FILE *in = fopen(from, "rb");
	if (!in)
		return environment(from);
	struct buf text = BUF_INIT;
	char block[4096];
	for (size_t got; (got = fread(block, 1, sizeof block, in)) > 0;)
		buf_add(&text, block, got);
	fclose(in);
	buf_room(&text, 0);
	FILE *out = fopen(to, "wbx");
	bool failed = !out;
	for (const char *p = text.data, *end = p + text.len; !failed && p < end;) {
		bool is_name = strncmp(p, "NAME", 4) == 0, is_label = strncmp(p, "LABEL", 5) == 0;
		if (is_name || is_label) {
			failed = fputs(is_name ? name : label, out) < 0;
			p += is_name ? 4 : 5;
		} else {
			failed = fputc(*p++, out) == EOF;
		}
	}
	buf_destroy(&text);
	if (out && fclose(out) != 0)
		failed = true;
	return failed ? environment(to) : CLI_OK;
}

static int write_all(struct arena *a, const char *dir, bool json)
{
	if (!folder_is_empty(dir)) {
		if (errno == ENOTDIR || access(dir, R_OK | X_OK) != 0)
			return environment(dir);
		struct err err;
		err_init(&err, a);
		err_set(&err, ERR_INVALID, "%s is not empty", dir);
		err_hint(&err, "name a folder that is not there yet");
		return cli_fail("new", &err);
	}
	const char *name = module_name(a, dir), *label = module_label(a, name);
	if (mkdir(dir, 0777) != 0 && errno != EEXIST)
		return environment(dir);
	for (size_t i = 0; i < FOLDERS; i++) {
		const char *sub = arena_printf(a, "%s/%s", dir, folders[i]);
		if (mkdir(sub, 0777) != 0)
			return environment(sub);
	}
	for (size_t i = 0; i < FILES; i++) {
		int code = file_copy(dir, files[i], name, label);
		if (code != CLI_OK)
			return code;
	}
	if (json) {
		struct buf b = BUF_INIT;
		buf_puts(&b, "{\"dir\":");
		buf_json(&b, dir, strlen(dir));
		buf_printf(&b, ",\"module\":\"%s\",\"files\":[", name);
		for (size_t i = 0; i < FILES; i++)
			buf_printf(&b, "%s\"%s\"", i ? "," : "", files[i]);
		printf("%s]}\n", b.data);
		buf_destroy(&b);
		return CLI_OK;
	}
	printf("module '%s' in %s:\n", name, dir);
	for (size_t i = 0; i < FILES; i++)
		printf("  %s\n", files[i]);
	printf("\nNext:\n  ostov check %s\n  ostov serve --sample %s\nSample people: admin, anna, boris; password ostov-demo\n", dir, dir);
	return CLI_OK;
}

int cmd_new(int argc, char **argv)
{
	const char *dir = NULL;
	bool json = false;
	int code;
	const struct args_option options[] = {{.name = "--json", .flag = &json}};
	const struct args args = {"new", help, options, 1, &dir, 1};
	if (!args_read(&args, argc, argv, &code))
		return code;
	if (!dir || !*dir) {
		fputs(help, stderr);
		return CLI_USAGE;
	}
	struct arena *a = arena_new_sized(0);
	code = write_all(a, dir, json);
	arena_delete(a);
	return code;
}
