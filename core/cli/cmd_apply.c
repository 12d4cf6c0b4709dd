/* cmd_apply: `ostov apply`, a configuration becomes the one in force. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "cli/apply.h"
#include "cli/args.h"
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
	"  --data DIR         folder of the private cluster (default ./var), started when it does not run, made when it is not there\n"
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
	"  --data DIR         folder of the private cluster (default ./var), started when it does not run, made when it is not there\n"
	"  --allow-loss NAME  data that may be lost; may be repeated\n"
	"  --json             the plan as JSON\n"
	"\n"
	"exit status: 0 apply would do it; 1 the configuration is at fault, or apply would refuse; 2 usage; 3 the database\n";

struct options {
	struct apply_request request;
	const char *allow[ALLOW_MAX];
	const char *url, *data;
};

/* False with what to exit with. */
static bool options_read(int argc, char **argv, bool apply, struct options *o, int *code)
{
	const char *wait = NULL;
	/* those of both first, then those of apply */
	const struct args_option options[] = {{.name = "--json", .flag = &o->request.json},
										  {.name = "--database", .value = &o->url},
										  {.name = "--data", .value = &o->data},
										  {.name = "--allow-loss", .list = o->allow, .count = &o->request.nallow, .max = ALLOW_MAX},
										  {.name = "--quiet", .flag = &o->request.quiet},
										  {.name = "--sample", .flag = &o->request.sample},
										  {.name = "--by", .value = &o->request.by},
										  {.name = "--wait", .value = &wait}};
	const struct args args = {argv[0], apply ? help_apply : help_plan, options, apply ? 8 : 4, &o->request.dir, 1};
	if (!args_read(&args, argc, argv, code))
		return false;
	if (!o->request.dir) {
		fputs(args.help, stderr);
		*code = CLI_USAGE;
		return false;
	}
	if (wait) {
		char *end;
		unsigned long seconds = strtoul(wait, &end, 10);
		if (*end || seconds < 1 || seconds > 86400) {
			*code = args_fault(argv[0], "--wait takes seconds from 1 to 86400, not '%s'", wait);
			return false;
		}
		o->request.wait_ms = (unsigned)seconds * 1000;
	}
	o->request.allow = o->allow;
	return true;
}

static int run(int argc, char **argv, bool apply)
{
	struct options o = {0};
	int code;
	if (!options_read(argc, argv, apply, &o, &code))
		return code;
	/* before a database is made for it */
	code = apply_check(o.request.dir);
	if (code != CLI_OK)
		return code;
	struct arena *a = arena_new_sized(4096);
	struct database db;
	struct err err;
	err_init(&err, a);
	if (database_open(a, o.url, o.data, false, &db, &err) < 0) {
		code = err.code == ERR_INVALID ? args_fault(argv[0], "%s", err.message) : cli_fail(argv[0], &err);
		arena_delete(a);
		return code;
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
