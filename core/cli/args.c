#include "cli/args.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

/* Options of one command, of which the nearest to a slip is looked for. */
enum { NEAR_MAX = 32 };

static bool json; /* one command a process */

bool args_json(void)
{
	return json;
}

static int fault(const char *command, const char *hint, const char *fmt, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "ostov %s: ", command);
	vfprintf(stderr, fmt, ap);
	if (hint)
		fprintf(stderr, "\nhint: did you mean '%s'?\n", hint);
	else
		fprintf(stderr, "\nhint: 'ostov %s --help' shows the options\n", command);
	return CLI_USAGE;
}

int args_fault(const char *command, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int code = fault(command, NULL, fmt, ap);
	va_end(ap);
	return code;
}

static int unknown(const struct args *args, const char *near, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int code = fault(args->command, near, fmt, ap);
	va_end(ap);
	return code;
}

static const struct args_option *option_find(const struct args *args, const char *arg, size_t len)
{
	for (size_t i = 0; i < args->noptions; i++)
		if (strlen(args->options[i].name) == len && strncmp(args->options[i].name, arg, len) == 0)
			return &args->options[i];
	return NULL;
}

static int option_unknown(const struct args *args, const char *arg, size_t len)
{
	const char *names[NEAR_MAX + 1] = {"--help"};
	char word[64];
	size_t n = 1;
	for (size_t i = 0; i < args->noptions && n <= NEAR_MAX; i++)
		names[n++] = args->options[i].name;
	snprintf(word, sizeof word, "%.*s", (int)len, arg);
	return unknown(args, text_nearest(word, names, n), "unknown option '%.*s'", (int)len, arg);
}

bool args_read(const struct args *args, int argc, char **argv, int *code)
{
	bool over = false;
	size_t given = 0;
	*code = CLI_OK;
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			break;
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			fputs(args->help, stdout);
			return false;
		}
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];
		if (over || arg[0] != '-' || !arg[1]) {
			if (given == args->nnames) {
				*code = args_fault(args->command, "unknown argument '%s'", arg);
				return false;
			}
			args->names[given++] = arg;
			continue;
		}
		over = strcmp(arg, "--") == 0;
		if (over)
			continue;
		size_t len = strcspn(arg, "=");
		const struct args_option *o = option_find(args, arg, len);
		const char *value = arg[len] ? arg + len + 1 : NULL;
		if (!o) {
			*code = option_unknown(args, arg, len);
			return false;
		}
		if (o->flag && value) {
			*code = args_fault(args->command, "%s takes no value", o->name);
			return false;
		}
		if (o->flag) {
			*o->flag = true;
			json |= strcmp(o->name, "--json") == 0;
			continue;
		}
		if (!value && i + 1 < argc && strncmp(argv[i + 1], "--", 2) != 0)
			value = argv[++i];
		if (!value || !*value) {
			*code = args_fault(args->command, "%s needs a value", o->name);
			return false;
		}
		if (o->list && *o->count == o->max) {
			*code = args_fault(args->command, "%s is given more than %zu times", o->name, o->max);
			return false;
		}
		if (o->list)
			o->list[(*o->count)++] = value;
		else
			*o->value = value;
	}
	return true;
}
