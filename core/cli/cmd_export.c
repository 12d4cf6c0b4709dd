/* cmd_export: `ostov export`, the records of a section as a file. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "edge/export.h"

static const char help[] = "usage: ostov export SECTION [OPTION...]\n"
						   "\n"
						   "Writes the records of a section as people keep them: lookups by their title, choices by their label, times in "
						   "the organisation's zone.\n"
						   "\n"
						   "  --format csv|xlsx  default csv, or by the ending of --out\n"
						   "  --out FILE         where to (default the standard output); replaced only when everything is written\n"
						   "  --list NAME        the rows and columns of a list of the configuration\n"
						   "  --user LOGIN       in whose eyes (default the system: everything)\n"
						   "  --database URL     the database (postgresql://…); without it the private cluster under --data\n"
						   "  --data DIR         folder of the private cluster (default ./var), started when it does not run\n"
						   "  --json             with --out: {\"section\", \"format\", \"rows\", \"file\"} on standard output\n"
						   "\n"
						   "exit status: 0 written; 1 the input is at fault; 2 usage; 3 the database or the file\n";

struct export_command {
	const char *section, *format, *out, *list;
	bool json;
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
		const char *near = map_nearest(&s->reg->by_name, c->section);
		err_set(&err, ERR_NOT_FOUND, "there is no section '%s'", c->section);
		if (near)
			err_hint(&err, "did you mean '%s'?", near);
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
	if (c->out && c->json) {
		struct buf b = BUF_INIT;
		buf_puts(&b, "{\"section\":");
		buf_json(&b, c->section, strlen(c->section));
		buf_printf(&b, ",\"format\":\"%s\",\"rows\":%lld,\"file\":", c->format, (long long)rows);
		buf_json(&b, c->out, strlen(c->out));
		printf("%s}\n", b.data);
		buf_destroy(&b);
	} else if (c->out)
		printf("%lld rows in %s\n", (long long)rows, c->out);
	return CLI_OK;
}

int cmd_export(int argc, char **argv)
{
	struct export_command c = {0};
	int code;
	const struct args_option options[] = {{.name = "--format", .value = &c.format},
										  {.name = "--out", .value = &c.out},
										  {.name = "--list", .value = &c.list},
										  {.name = "--user", .value = &c.session.user},
										  {.name = "--database", .value = &c.session.url},
										  {.name = "--data", .value = &c.session.data},
										  {.name = "--json", .flag = &c.json}};
	const struct args args = {"export", help, options, sizeof options / sizeof *options, &c.section, 1};
	if (!args_read(&args, argc, argv, &code))
		return code;
	if (!c.section)
		return args_fault("export", "which section?");
	if (!c.format) {
		const char *ending = c.out ? strrchr(c.out, '.') : NULL;
		c.format = ending && strcmp(ending, ".xlsx") == 0 ? "xlsx" : "csv";
	}
	if (strcmp(c.format, "csv") != 0 && strcmp(c.format, "xlsx") != 0)
		return args_fault("export", "--format is csv or xlsx, not '%s'", c.format);
	if (strcmp(c.format, "xlsx") == 0 && !c.out && isatty(STDOUT_FILENO))
		return args_fault("export", "a workbook needs --out FILE");
	if (c.json && !c.out)
		return args_fault("export", "--json tells of the file that --out FILE names");
	return cli_session_run("export", &c.session, run, &c);
}
