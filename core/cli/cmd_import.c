/* cmd_import: `ostov import`, rows of a CSV or xlsx file become records. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "edge/import_rejected.h"
#include "edge/import_run.h"
#include "edge/import_store.h"
#include "edge/json.h"
#include "serve/unit.h"

static const char help[] =
	"usage: ostov import FILE --section NAME [OPTION...]\n"
	"\n"
	"Brings the rows of a CSV or xlsx file into a section. Encoding, separator, number and date formats are found out; columns go to "
	"fields by their\n"
	"names, or by a mapping kept in the configuration. Every row that cannot be taken is reported with its number, column and reason.\n"
	"\n"
	"  --section NAME     the section (not needed with --mapping)\n"
	"  --mapping NAME     a mapping of the configuration (import \"NAME\")\n"
	"  --key FIELD        rows whose key is there already change that record; 'id': the records' own number; 'none': every row is new\n"
	"  --column SPEC      a column by hand, may be repeated: 'Heading=field', 'Heading=' to leave it out,\n"
	"                     'Heading=lookup.field' to find the lookup's record by that field, with a '+' behind to make it when it is "
	"missing\n"
	"  --sheet NAME       the sheet of a workbook (default the first)\n"
	"  --header-row N     the row that names the columns, 0: none does, they are called A, B, C…\n"
	"  --encoding NAME, --separator SIGN (or 'tab'), --decimal SIGN, --date dd.mm.yyyy|yyyy-mm-dd|mm/dd/yyyy\n"
	"                     where what is found out is wrong\n"
	"  --again            without a key, begin anew what an earlier call of this command left unfinished, instead of going on behind it\n"
	"  --dry-run          try everything and write nothing\n"
	"  --rejected FILE    rejected rows, in the layout of the source with the reason behind, to correct and import again\n"
	"  --user LOGIN       on whose behalf (default the system)\n"
	"  --database URL     the database (postgresql://…); without it the private cluster under --data\n"
	"  --data DIR         folder of the private cluster (default ./var)\n"
	"  --json             the result as JSON\n"
	"  --quiet            no progress\n"
	"\n"
	"exit status: 0 every row is in; 1 rows were rejected, or the input is at fault; 2 usage; 3 the database\n";

enum { SHOWN = 20, MAX_FILE = 200 << 20, BY_HAND = 100 };

struct import_command {
	const char *file, *section, *mapping, *key, *rejected;
	const char *sheet, *header_row, *encoding, *separator, *decimal, *date;
	const char *columns[BY_HAND];
	size_t ncolumns;
	bool dry, json, quiet, again;
	int64_t import, run; /* without a key: where position and rejected rows are kept */
	struct session_options session;
	const char *bytes;
	size_t len;
	FILE *out;         /* rejected rows */
	struct buf errors; /* of the first of them, as JSON */
	struct import_plan plan;
	struct cli_session *s;
	size_t shown;
	uint64_t begun, told;
};

static int write_rejected(void *ctx, const struct import_rejected *r)
{
	struct import_command *c = ctx;
	struct buf line = BUF_INIT;
	import_rejected_row(&line, &c->plan, r->cells, r->ncells, r->row, r->column, r->reason);
	fwrite(line.data, 1, line.len, c->out);
	buf_destroy(&line);
	return 0;
}

static int reject(void *ctx, struct unit *u, const struct import_rejected *r, struct err *err)
{
	struct import_command *c = ctx;
	(void)err;
	if (c->import)
		import_store_reject(u, u->arena, c->import, c->run, r);
	if (c->json && c->shown++ < SHOWN) {
		buf_printf(&c->errors, "%s{\"row\":%lld,\"column\":", c->errors.len ? "," : "", (long long)r->row);
		if (r->column)
			buf_json(&c->errors, r->column, strlen(r->column));
		else
			buf_puts(&c->errors, "null");
		buf_puts(&c->errors, ",\"reason\":");
		buf_json(&c->errors, r->reason, strlen(r->reason));
		buf_putc(&c->errors, '}');
	}
	if (!c->json && c->shown++ < SHOWN)
		fprintf(stderr, "%s:%lld: %s%s%s\n", c->file, (long long)r->row, r->column ? r->column : "", r->column ? ": " : "", r->reason);
	return c->out && !c->import ? write_rejected(c, r) : 0;
}

/* Position and counts with the batch, so that a call that dies is gone on with. */
static int store(void *ctx, struct unit *u, const struct import_counts *n, struct err *err)
{
	struct import_command *c = ctx;
	return import_store_counts(u, u->arena, c->import, c->run, n, (int64_t)c->plan.rows, err);
}

/* Every row of a run without a key makes a record, also the second time: the run is told apart by file, columns and user, and goes on where it was interrupted. */
static int take_up(struct import_command *c, struct import_run *r, struct err *err)
{
	struct cli_session *s = c->s;
	struct buf text = BUF_INIT;
	struct import_row row;
	unsigned char sum[crypto_hash_sha256_BYTES];
	char mark[2 * sizeof sum + 1];
	crypto_hash_sha256(sum, (const unsigned char *)c->bytes, c->len);
	buf_add(&text, (const char *)sum, sizeof sum);
	import_plan_format_json(&text, &c->plan);
	import_plan_columns_json(&text, &c->plan);
	buf_printf(&text, "%s %s %lld", c->plan.section->expr.name, c->mapping ? c->mapping : "", (long long)s->actor.id);
	crypto_hash_sha256(sum, (const unsigned char *)text.data, text.len);
	buf_destroy(&text);
	for (size_t i = 0; i < sizeof sum; i++)
		snprintf(mark + 2 * i, 3, "%02x", sum[i]);
	if (import_store_take_up(s->arena, s->pg, c->plan.section->expr.name, mark, s->actor.id, c->again, &row, err))
		return -1;
	c->import = row.id;
	c->run = row.run;
	r->counts = row.counts;
	r->store = store;
	if (row.counts.position && !c->quiet)
		fprintf(stderr, "an earlier call was interrupted behind row %lld: going on there (--again begins anew)\n",
				(long long)row.counts.position);
	return 0;
}

/* What is kept of the run is written out and, when it is through, forgotten. */
static int put_down(struct import_command *c, bool through, struct err *err)
{
	if (c->out && import_store_each_rejected(c->s->pg, c->import, write_rejected, c, err))
		return -1;
	return through ? import_store_drop(c->s->arena, c->s->pg, c->import, err) : 0;
}

static int progress(void *ctx, const struct import_counts *n, struct err *err)
{
	struct import_command *c = ctx;
	uint64_t now = clock_monotonic_ms();
	(void)err;
	if (c->quiet || c->json || now - c->told < 1000)
		return 0;
	c->told = now;
	fprintf(stderr, "\r%lld of %zu rows, %.0f rows/s ", (long long)n->done, c->plan.rows,
			(double)n->done * 1000 / (double)(now - c->begun + 1));
	return 0;
}

static void print_mapping(const struct import_command *c)
{
	const struct import_format *f = &c->plan.format;
	if (strcmp(f->kind, "csv") == 0)
		fprintf(stderr, "%s: csv, %s, separator '%s', quotes %s, decimals '%c', dates %s\n", c->file, f->encoding,
				f->csv.separator == '\t' ? "tab" : (char[]){f->csv.separator, 0},
				f->csv.quote == CSV_DOUBLED ? "doubled" : "with a backslash", f->decimal, import_date_name(f->date));
	else
		fprintf(stderr, "%s: xlsx, sheet '%s'\n", c->file, f->sheet);
	for (size_t i = 0; i < c->plan.ncolumns; i++)
		fprintf(stderr, "  %s → %s%s\n", c->plan.columns[i].name, c->plan.columns[i].to ? c->plan.columns[i].to->expr.name : "not taken",
				c->plan.columns[i].to && c->plan.columns[i].to->type == FIELD_ID && c->plan.key != c->plan.columns[i].to
					? " (a key only: --key id)"
					: "");
}

static void write_heading(struct import_command *c)
{
	struct buf line = BUF_INIT;
	import_rejected_heading(&line, &c->plan, c->s->actor.lang);
	fputs("\xef\xbb\xbf", c->out);
	fwrite(line.data, 1, line.len, c->out);
	buf_destroy(&line);
}

/* What was said of the format, over what was found out. */
static int read_format(struct import_command *c, struct err *err)
{
	struct cli_session *s = c->s;
	struct buf text = BUF_INIT;
	struct json *format = NULL;
	const struct {
		const char *name, *value;
	} said[] = {{"sheet", c->sheet},
				{"encoding", c->encoding},
				{"separator", c->separator && strcmp(c->separator, "tab") == 0 ? "\t" : c->separator},
				{"decimal", c->decimal},
				{"date", c->date}};
	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		if (said[i].value) {
			buf_printf(&text, "%s\"%s\":", text.len ? "," : "{", said[i].name);
			buf_json(&text, said[i].value, strlen(said[i].value));
		}
	if (c->header_row)
		buf_printf(&text, "%s\"header_row\":%s", text.len ? "," : "{", c->header_row);
	if (!text.len)
		return 0;
	buf_putc(&text, '}');
	int failed = json_read(s->arena, text.data, text.len, &format, err);
	buf_destroy(&text);
	struct import_format before = c->plan.format;
	if (failed || import_plan_read(s->arena, s->reg, &s->actor, format, NULL, NULL, &c->plan, err) ||
		(import_format_recuts(&before, &c->plan.format) &&
		 import_plan_reread(s->arena, s->reg, &s->actor, c->bytes, c->len, true, &c->plan, err)))
		return -1;
	/* reading the columns again has found out the marks again */
	return import_plan_read(s->arena, s->reg, &s->actor, format, NULL, NULL, &c->plan, err);
}

/* "Heading=field", "Heading=", "Heading=lookup.field+" */
static int read_columns(struct import_command *c, struct err *err)
{
	struct cli_session *s = c->s;
	for (size_t i = 0; i < c->ncolumns; i++) {
		char *name = arena_strdup(s->arena, c->columns[i]), *to = strrchr(name, '=');
		struct import_source_column *column = NULL;
		if (!to)
			return err_set(err, ERR_INVALID, "--column '%s': 'Heading=field' is expected", name);
		*to++ = 0;
		size_t len = strlen(to);
		bool create = len && to[len - 1] == '+';
		if (create)
			to[len - 1] = 0;
		char *by = strchr(to, '.');
		if (by)
			*by++ = 0;
		for (size_t k = 0; k < c->plan.ncolumns && !column; k++)
			if (strcmp(c->plan.columns[k].name, name) == 0)
				column = &c->plan.columns[k];
		if (!column)
			return err_set(err, ERR_INVALID, "the file has no column '%s'", name);
		for (size_t k = 0; k < c->plan.ncolumns; k++)
			if (*to && c->plan.columns[k].to && strcmp(c->plan.columns[k].to->expr.name, to) == 0)
				c->plan.columns[k].to = NULL;
		if (import_plan_set(s->arena, s->reg, &s->actor, &c->plan, column, *to ? to : NULL, by, create, err))
			return -1;
	}
	if (!c->ncolumns || c->key || c->plan.map)
		return 0;
	/* the key is found among the columns as they are now */
	c->plan.key = NULL;
	struct field *key = import_plan_suggest(&c->plan);
	c->plan.key = key && key->type != FIELD_ID ? key : NULL;
	return 0;
}

/* By what records are found again, so that nobody learns it from what has become of them. */
static void print_key(const struct import_command *c)
{
	const struct field *key = c->plan.key, *suggested = import_plan_suggest(&c->plan);
	if (key)
		fprintf(stderr, "key %s: a row whose %s is there already changes that record\n", key->expr.name,
				label_get(&key->label, c->s->actor.lang));
	else
		fprintf(stderr, "no key: each row becomes a new record%s%s%s\n", suggested ? " (--key " : "", suggested ? suggested->expr.name : "",
				suggested ? " finds those that are there already)" : "");
}

static int run(struct cli_session *s, void *ctx)
{
	struct import_command *c = ctx;
	struct err err;
	err_init(&err, s->arena);
	c->s = s;
	const struct import_map *map = c->mapping ? registry_find_import(s->reg, c->mapping) : NULL;
	if (c->mapping && !map) {
		const char *names[64];
		size_t n = 0;
		while (n < s->reg->nimports && n < 64) {
			names[n] = s->reg->imports[n]->name;
			n++;
		}
		const char *near = text_nearest(c->mapping, names, n);
		err_set(&err, ERR_NOT_FOUND, "the configuration has no import '%s'", c->mapping);
		if (near)
			err_hint(&err, "did you mean '%s'?", near);
		return cli_fail("import", &err);
	}
	struct section *section = c->section ? registry_find(s->reg, c->section) : map->section;
	if (!section || (map && map->section != section)) {
		err_set(&err, ERR_NOT_FOUND, section ? "the import '%s' is of another section" : "there is no section '%s'",
				section ? c->mapping : c->section);
		const char *near = section ? map->section->expr.name : map_nearest(&s->reg->by_name, c->section);
		if (near)
			err_hint(&err, section ? "it is of '%s'" : "did you mean '%s'?", near);
		return cli_fail("import", &err);
	}
	if (import_plan_detect(s->arena, s->reg, &s->actor, section, map, c->bytes, c->len, &c->plan, &err))
		return cli_fail("import", &err);
	if (read_format(c, &err) || read_columns(c, &err) ||
		(c->key && import_plan_read(s->arena, s->reg, &s->actor, NULL, NULL, strcmp(c->key, "none") == 0 ? "" : c->key, &c->plan, &err)) ||
		import_plan_check(&c->plan, &s->actor, &err))
		return cli_fail("import", &err);
	if (!c->json && !c->quiet) {
		print_mapping(c);
		print_key(c);
	}
	if (c->rejected) {
		c->out = fopen(c->rejected, "w");
		if (!c->out) {
			err_set(&err, ERR_ENVIRONMENT, "cannot write %s", c->rejected);
			return cli_fail("import", &err);
		}
		write_heading(c);
	}
	struct import_run r = {.pg = s->pg,
						   .reg = s->reg,
						   .actor = &s->actor,
						   .plan = &c->plan,
						   .bytes = c->bytes,
						   .len = c->len,
						   .dry = c->dry,
						   .reject = reject,
						   .progress = progress,
						   .ctx = c};
	c->begun = clock_monotonic_ms();
	if (!c->plan.key && !c->dry && take_up(c, &r, &err))
		return cli_fail("import", &err);
	int failed = import_run(&r, &err);
	struct err late;
	err_init(&late, s->arena);
	if (c->import && put_down(c, !failed, failed ? &late : &err))
		failed = -1;
	if (c->out)
		fclose(c->out);
	double seconds = (double)(clock_monotonic_ms() - c->begun) / 1000;
	const struct import_counts *n = &r.counts;
	if (c->told)
		fputc('\n', stderr);
	if (!c->json && c->shown > SHOWN)
		fprintf(stderr, "… and %zu more rejected rows%s\n", c->shown - SHOWN, c->rejected ? "" : " (--rejected FILE keeps them)");
	if (c->json)
		printf("{\"rows\":%lld,\"created\":%lld,\"updated\":%lld,\"unchanged\":%lld,\"rejected\":%lld,\"dry\":%s,\"key\":%s%s%s,"
			   "\"seconds\":%.3f,\"errors\":[%s]}\n",
			   (long long)n->done, (long long)n->created, (long long)n->updated, (long long)n->unchanged, (long long)n->rejected,
			   c->dry ? "true" : "false", c->plan.key ? "\"" : "", c->plan.key ? c->plan.key->expr.name : "null", c->plan.key ? "\"" : "",
			   seconds, c->errors.len ? c->errors.data : "");
	else
		printf("%lld rows: %lld created, %lld updated, %lld unchanged, %lld rejected%s, %.1f s\n", (long long)n->done,
			   (long long)n->created, (long long)n->updated, (long long)n->unchanged, (long long)n->rejected,
			   c->dry ? " (nothing was written)" : "", seconds);
	buf_destroy(&c->errors);
	if (failed)
		return cli_fail("import", &err);
	return n->rejected ? CLI_INPUT : CLI_OK;
}

static int file_fault(const char *fmt, const char *file)
{
	struct err err;
	err_init(&err, NULL);
	err_set(&err, ERR_INVALID, fmt, file);
	return cli_fail("import", &err);
}

int cmd_import(int argc, char **argv)
{
	struct import_command c = {.errors = BUF_INIT};
	int code;
	const struct args_option options[] = {{.name = "--section", .value = &c.section},
										  {.name = "--mapping", .value = &c.mapping},
										  {.name = "--key", .value = &c.key},
										  {.name = "--rejected", .value = &c.rejected},
										  {.name = "--sheet", .value = &c.sheet},
										  {.name = "--header-row", .value = &c.header_row},
										  {.name = "--encoding", .value = &c.encoding},
										  {.name = "--separator", .value = &c.separator},
										  {.name = "--decimal", .value = &c.decimal},
										  {.name = "--date", .value = &c.date},
										  {.name = "--column", .list = c.columns, .count = &c.ncolumns, .max = BY_HAND},
										  {.name = "--user", .value = &c.session.user},
										  {.name = "--database", .value = &c.session.url},
										  {.name = "--data", .value = &c.session.data},
										  {.name = "--dry-run", .flag = &c.dry},
										  {.name = "--again", .flag = &c.again},
										  {.name = "--json", .flag = &c.json},
										  {.name = "--quiet", .flag = &c.quiet}};
	const struct args args = {"import", help, options, sizeof options / sizeof *options, &c.file, 1};
	if (!args_read(&args, argc, argv, &code))
		return code;
	if (c.header_row && strspn(c.header_row, "0123456789") != strlen(c.header_row))
		return args_fault("import", "--header-row needs a number, not '%s'", c.header_row);
	if (!c.file || (!c.section && !c.mapping))
		return args_fault("import", "a file and --section or --mapping are needed");
	int fd = open(c.file, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return file_fault("cannot read %s", c.file);
	}
	if (st.st_size == 0 || st.st_size > MAX_FILE) {
		close(fd);
		return file_fault(st.st_size ? "%s is larger than 200 MB" : "%s is empty", c.file);
	}
	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED) {
		fprintf(stderr, "ostov import: cannot read %s\n", c.file);
		return CLI_ENV;
	}
	c.bytes = bytes;
	c.len = (size_t)st.st_size;
	code = cli_session_run("import", &c.session, run, &c);
	munmap(bytes, c.len);
	return code;
}
