/* cmd_apply: `ostov apply`, a configuration becomes the one in force. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "cli/apply.h"
#include "cli/cli.h"
#include "cli/database.h"

enum { ALLOW_MAX = 200 };

static const char help_apply[] =
	"usage: ostov apply [OPTION...] CONFIG\n"
	"\n"
	"Makes the configuration in the folder CONFIG the one in force: tables first, then the switch, then what is no longer needed goes.\n"
	"Readers are never kept waiting; 'ostov plan' tells beforehand how long writes stop. Interrupted, it may simply be run again.\n"
	"\n"
	"  --database URL     the database (postgresql://…); without it the private cluster under --data\n"
	"  --data DIR         folder of the private cluster (default ./var), started when it does not run\n"
	"  --allow-loss NAME  data that may be lost, as the plan names it; may be repeated\n"
	"  --sample           load the sample rows too\n"
	"  --wait SECONDS     how long to wait for another apply and for locks (default 60)\n"
	"  --by NAME          who applies, for the record (default the user of this machine)\n"
	"  --json             the result as JSON\n"
	"  --quiet            no progress\n"
	"\n"
	"exit status: 0 applied, or nothing to do; 1 the configuration is at fault or data would be lost; 2 usage; 3 the database\n";

static const char help_plan[] =
	"usage: ostov plan [OPTION...] CONFIG\n"
	"\n"
	"Prints what 'ostov apply CONFIG' would do and changes nothing: + created, ~ changed, → renamed, - dropped, what would be lost, what "
	"is locked.\n"
	"\n"
	"  --database URL     the database (postgresql://…); without it the private cluster under --data\n"
	"  --data DIR         folder of the private cluster (default ./var), started when it does not run\n"
	"  --allow-loss NAME  data that may be lost; may be repeated\n"
	"  --json             the plan as JSON\n"
	"\n"
	"exit status: 0 apply would do it; 1 the configuration is at fault, or apply would refuse; 2 usage; 3 the database\n";

struct options {
	struct apply_request request;
	const char *allow[ALLOW_MAX];
	const char *url, *data;
};

static int usage(const char *command, const char *fmt, const char *arg)
{
	fprintf(stderr, "ostov %s: ", command);
	fprintf(stderr, fmt, arg);
	fprintf(stderr, "\nhint: 'ostov %s --help' shows the options\n", command);
	return CLI_USAGE;
}

/* CLI_OK, or what to exit with; *done when help was printed. */
static int options_read(int argc, char **argv, bool apply, struct options *o, bool *done)
{
	const char *command = argv[0];
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		const char **value = NULL;
		const char *wait = NULL;
		if (strcmp(arg, "--help") == 0) {
			fputs(apply ? help_apply : help_plan, stdout);
			*done = true;
			return CLI_OK;
		}
		if (strcmp(arg, "--json") == 0) {
			o->request.json = true;
		} else if (apply && strcmp(arg, "--sample") == 0) {
			o->request.sample = true;
		} else if (apply && strcmp(arg, "--quiet") == 0) {
			o->request.quiet = true;
		} else if (strcmp(arg, "--database") == 0) {
			value = &o->url;
		} else if (strcmp(arg, "--data") == 0) {
			value = &o->data;
		} else if (apply && strcmp(arg, "--by") == 0) {
			value = &o->request.by;
		} else if (apply && strcmp(arg, "--wait") == 0) {
			value = &wait;
		} else if (strcmp(arg, "--allow-loss") == 0) {
			if (o->request.nallow == ALLOW_MAX)
				return usage(command, "too many times %s", arg);
			value = &o->allow[o->request.nallow++];
		} else if (arg[0] == '-' || o->request.dir) {
			return usage(command, "unknown argument '%s'", arg);
		} else {
			o->request.dir = arg;
		}
		if (value) {
			if (!next)
				return usage(command, "%s needs a value", arg);
			*value = next;
			i++;
		}
		if (wait) {
			char *end;
			unsigned long seconds = strtoul(wait, &end, 10);
			if (*end || !*wait || seconds < 1 || seconds > 86400)
				return usage(command, "--wait takes seconds from 1 to 86400, not '%s'", wait);
			o->request.wait_ms = (unsigned)seconds * 1000;
		}
	}
	if (!o->request.dir) {
		fputs(apply ? help_apply : help_plan, stderr);
		return CLI_USAGE;
	}
	o->request.allow = o->allow;
	return CLI_OK;
}

static int run(int argc, char **argv, bool apply)
{
	struct options o = {0};
	bool done = false;
	int code = options_read(argc, argv, apply, &o, &done);
	if (code != CLI_OK || done)
		return code;
	struct arena *a = arena_new_sized(4096);
	struct database db;
	struct err err;
	err_init(&err, a);
	if (database_open(a, o.url, o.data, &db, &err) < 0) {
		fprintf(stderr, "ostov %s: %s\n", argv[0], err.message);
		if (err.hint)
			fprintf(stderr, "hint: %s\n", err.hint);
		arena_delete(a);
		return CLI_ENV;
	}
	o.request.conninfo = db.conninfo;
	code = apply ? apply_run(&o.request) : apply_plan(&o.request);
	database_close(&db);
	arena_delete(a);
	return code;
}

int cmd_apply(int argc, char **argv)
{
	return run(argc, argv, true);
}

int cmd_plan(int argc, char **argv)
{
	return run(argc, argv, false);
}
