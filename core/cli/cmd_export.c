/* cmd_export: `ostov export`, the records of a section as a file. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "edge/export.h"

static const char help[] =
	"usage: ostov export SECTION [OPTION...]\n"
	"\n"
	"Writes the records of a section as people keep them: lookups by their title, choices by their label, times in the organisation's zone.\n"
	"\n"
	"  --format csv|xlsx  default csv, or by the ending of --out\n"
	"  --out FILE         where to (default the standard output); replaced only when everything is written\n"
	"  --list NAME        the rows and columns of a list of the configuration\n"
	"  --user LOGIN       in whose eyes (default the system: everything)\n"
	"  --database URL     the database (postgresql://…); without it the private cluster under --data\n"
	"  --data DIR         folder of the private cluster (default ./var)\n"
	"\n"
	"exit status: 0 written; 1 the input is at fault; 2 usage; 3 the database or the file\n";

struct export_command {
	const char *section, *format, *out, *list;
	struct session_options session;
};

static int run(struct cli_session *s, void *ctx)
{
	struct export_command *c = ctx;
	struct err err;
	int64_t rows = 0;
	err_init(&err, s->arena);
	struct section *section = registry_find(s->reg, c->section);
	if (!section) {
		err_set(&err, ERR_NOT_FOUND, "there is no section '%s'", c->section);
		return cli_fail("export", &err);
	}
	/* a name of its own beside the target, so that a failure leaves what was there */
	const char *draft = c->out ? arena_printf(s->arena, "%s.%ld.part", c->out, (long)getpid()) : NULL;
	FILE *to = draft ? fopen(draft, "wx") : stdout;
	if (!to) {
		err_set(&err, ERR_ENVIRONMENT, "cannot write %s", c->out);
		return cli_fail("export", &err);
	}
	int failed = export_file(s->arena, s->pg, s->reg, &s->actor, section, c->list, strcmp(c->format, "xlsx") == 0, to, &rows, &err);
	if (draft) {
		if (!failed && (fsync(fileno(to)) != 0))
			failed = err_set(&err, ERR_ENVIRONMENT, "cannot write %s", c->out);
		fclose(to);
		if (!failed && rename(draft, c->out) != 0)
			failed = err_set(&err, ERR_ENVIRONMENT, "cannot write %s", c->out);
		if (failed)
			unlink(draft);
	}
	if (failed)
		return cli_fail("export", &err);
	if (c->out)
		printf("%lld rows in %s\n", (long long)rows, c->out);
	return CLI_OK;
}

static int usage(const char *what)
{
	fprintf(stderr, "ostov export: %s\nhint: 'ostov export --help' shows the options\n", what);
	return CLI_USAGE;
}

int cmd_export(int argc, char **argv)
{
	struct export_command c = {0};
	const struct {
		const char *name;
		const char **value;
	} options[] = {{"--format", &c.format}, {"--out", &c.out}, {"--list", &c.list}, {"--user", &c.session.user}, {"--database", &c.session.url}, {"--data", &c.session.data}};
	for (int i = 1; i < argc; i++) {
		bool taken = false;
		if (strcmp(argv[i], "--help") == 0) {
			fputs(help, stdout);
			return CLI_OK;
		}
		for (size_t k = 0; k < sizeof options / sizeof *options && !taken; k++)
			if (strcmp(argv[i], options[k].name) == 0) {
				if (i + 1 == argc)
					return usage("an option needs a value");
				*options[k].value = argv[++i];
				taken = true;
			}
		if (taken)
			continue;
		if (argv[i][0] == '-' || c.section)
			return usage(argv[i][0] == '-' ? "unknown option" : "one section at a time");
		c.section = argv[i];
	}
	if (!c.section)
		return usage("which section?");
	if (!c.format) {
		const char *ending = c.out ? strrchr(c.out, '.') : NULL;
		c.format = ending && strcmp(ending, ".xlsx") == 0 ? "xlsx" : "csv";
	}
	if (strcmp(c.format, "csv") != 0 && strcmp(c.format, "xlsx") != 0)
		return usage("--format is csv or xlsx");
	if (strcmp(c.format, "xlsx") == 0 && !c.out && isatty(STDOUT_FILENO))
		return usage("a workbook needs --out FILE");
	return cli_session_run("export", &c.session, run, &c);
}
