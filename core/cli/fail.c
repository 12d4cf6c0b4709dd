/* fail: how every command tells what went wrong: in words on standard error, with --json on standard output too. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "edge/config_report.h"

static void member(struct buf *b, const char *key, const char *text)
{
	buf_printf(b, ",\"%s\":", key);
	if (text)
		buf_json(b, text, strlen(text));
	else
		buf_puts(b, "null");
}

static void one_json(struct buf *b, const struct err *err)
{
	const char *code = err_code_name(err->code == ERR_OK ? ERR_INTERNAL : err->code);
	buf_printf(b, "{\"code\":\"%s\"", code);
	member(b, "message", err->message ? err->message : "failed");
	member(b, "target", err->target);
	member(b, "hint", err->hint);
}

static void print(struct buf *b)
{
	fputs(b->data, stdout);
	fflush(stdout);
	buf_destroy(b);
}

void cli_fail_json(struct buf *b, const struct err *err)
{
	buf_puts(b, "\"error\":");
	one_json(b, err);
	buf_puts(b, ",\"details\":[");
	for (const struct err *e = err->next; e; e = e->next) {
		one_json(b, e);
		buf_puts(b, e->next ? "}," : "}");
	}
	buf_puts(b, "]}");
}

int cli_fail_text(const char *command, const struct err *err)
{
	fflush(stdout);
	fprintf(stderr, "ostov %s: %s%s%s\n", command, err->target ? err->target : "", err->target ? ": " : "",
			err->message ? err->message : "failed");
	for (const struct err *e = err->next; e; e = e->next)
		fprintf(stderr, "  %s%s%s\n", e->target ? e->target : "", e->target ? ": " : "", e->message);
	if (err->detail)
		fprintf(stderr, "%s\n", err->detail);
	if (err->hint)
		fprintf(stderr, "hint: %s\n", err->hint);
	bool environment = err->code == ERR_ENVIRONMENT || err->code == ERR_UNAVAILABLE || err->code == ERR_INTERNAL ||
					   err->code == ERR_DB_TIMEOUT || err->code == ERR_OK;
	return environment ? CLI_ENV : CLI_INPUT;
}

int cli_fail(const char *command, const struct err *err)
{
	int code = cli_fail_text(command, err);
	if (args_json()) {
		struct buf b = BUF_INIT;
		buf_putc(&b, '{');
		cli_fail_json(&b, err);
		buf_puts(&b, "}\n");
		print(&b);
	}
	return code;
}

int cli_fail_config(const struct config *config, const struct err *errs)
{
	size_t errors, warnings;
	bool environment = false;
	struct buf b = BUF_INIT;
	config_report_count(errs, &errors, &warnings);
	config_report_text(&b, config, errs);
	fflush(stdout);
	fprintf(stderr, "%s%zu error%s, %zu warning%s\n", b.data ? b.data : "", errors, errors == 1 ? "" : "s", warnings,
			warnings == 1 ? "" : "s");
	buf_clear(&b);
	if (args_json()) {
		buf_printf(
			&b,
			"{\"error\":{\"code\":\"config\",\"message\":\"the configuration has %zu error%s\",\"target\":null,\"hint\":null,\"details\":",
			errors, errors == 1 ? "" : "s");
		config_report_json(&b, errs);
		buf_puts(&b, "}}\n");
		print(&b);
	} else {
		buf_destroy(&b);
	}
	for (const struct err *e = errs; e; e = e->next)
		environment |= e->code == ERR_ENVIRONMENT;
	return environment ? CLI_ENV : CLI_INPUT;
}
