/* cmd_check: `ostov check`, a configuration without a database: every error at once, with place, caret and hint. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/paths.h"
#include "edge/config_load.h"
#include "edge/config_read.h"
#include "edge/config_report.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
	"usage: ostov check [--json] CONFIG\n"
	"\n"
	"Reads the configuration in the folder CONFIG with the modules it depends on and reports every error of all files:\n"
	"words and options, names, expressions, rights, stages, translations. Needs no database.\n"
	"\n"
	"  --json   an array of {severity, code, file, line, column, message, hint} on standard output\n"
	"\n"
	"exit status: 0 no error (there may be warnings), 1 errors, 2 usage, 3 a file cannot be read\n";

static int check(struct arena *a, const char *dir, bool json)
{
	char lua[PATH_MAX], modules[PATH_MAX];
	if (paths_join(lua, sizeof lua, "lua") != 0 || paths_join(modules, sizeof modules, "modules") != 0) {
		fputs("ostov check: the program's folder has too long a name\n", stderr);
		return CLI_ENV;
	}
	struct err errs;
	struct config config = {0};
	struct registry *r = NULL;
	struct buf out = BUF_INIT;
	size_t errors, warnings;
	err_init(&errs, a);
	bool read = config_read_dir(a, dir, lua, modules, &config, &errs) == 0 || config.nfiles;
	config.strict = true;
	if (read)
		config_load_generation(&config, NULL, &r, &errs);
	config_report_count(&errs, &errors, &warnings);
	if (json)
		config_report_json(&out, &errs);
	else
		config_report_text(&out, &config, &errs);
	if (out.len)
		fputs(out.data, json ? stdout : stderr);
	if (!json && errors)
		fprintf(stderr, "%zu error%s, %zu warning%s\n", errors, errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
	else if (!json)
		printf("%s: %zu modules, %zu sections, %zu role%s: no errors, %zu warning%s\n", r->name, r->nmodules, r->nsections, r->roles.count,
			   r->roles.count == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
	bool environment = false;
	for (const struct err *e = &errs; e; e = e->next)
		environment |= e->code == ERR_ENVIRONMENT;
	buf_destroy(&out);
	registry_unref(r);
	return environment ? CLI_ENV : errors ? CLI_INPUT : CLI_OK;
}

int cmd_check(int argc, char **argv)
{
	const char *dir = NULL;
	bool json = false;
	int code;
	const struct args_option options[] = {{.name = "--json", .flag = &json}};
	const struct args args = {"check", help, options, 1, &dir, 1};
	if (!args_read(&args, argc, argv, &code))
		return code;
	if (!dir) {
		fputs(help, stderr);
		return CLI_USAGE;
	}
	struct arena *a = arena_new_sized(64 * 1024);
	code = check(a, dir, json);
	arena_delete(a);
	return code;
}
