#include "edge/import.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucnv.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/import_rejected.h"
#include "edge/import_store.h"
#include "edge/json.h"
#include "edge/ui_record.h"
#include "pg/pg.h"
#include "serve/access.h"
#include "serve/file.h"
#include "serve/job.h"
#include "serve/unit.h"

enum { SHOWN_ERRORS = 100, JOB_ATTEMPTS = 8 };

static void text(struct buf *b, const char *s)
{
	if (s)
		buf_json(b, s, strlen(s));
	else
		buf_puts(b, "null");
}

/* Work that is queued with what it is about, in one transaction. */
struct start {
	struct arena *a;
	struct section *section;
	int64_t file, id;
	const char *mapping;
	const struct import_plan *plan;
	bool dry, reread, decide; /* the columns are read again by another format; and its marks found out */
};

static int queue_job(struct unit *u, const struct start *s, const char *kind)
{
	job_queue(u, kind,
			  arena_printf(s->a, "{\"import\":%lld,\"reread\":%s,\"decide\":%s}", (long long)s->id, s->reread ? "true" : "false",
						   s->decide ? "true" : "false"),
			  0, JOB_ATTEMPTS);
	return 0;
}

static int start_new(struct unit *u, void *ctx, struct err *err)
{
	struct start *s = ctx;
	if (unit_ready(u, err) || import_store_new(u, s->a, s->section->expr.name, s->file, s->mapping, &s->id, err))
		return -1;
	return queue_job(u, s, "import_detect");
}

static int start_preview(struct unit *u, void *ctx, struct err *err)
{
	struct start *s = ctx;
	if (unit_ready(u, err) || import_store_detect(u, s->a, s->id, s->plan, err))
		return -1;
	return queue_job(u, s, "import_detect");
}

static int start_run(struct unit *u, void *ctx, struct err *err)
{
	struct start *s = ctx;
	if (unit_ready(u, err) || import_store_begin(u, s->a, s->id, s->plan, s->dry, err))
		return -1;
	return queue_job(u, s, "import_run");
}

static int in_unit(struct app_request *q, int (*fn)(struct unit *u, void *ctx, struct err *err), struct start *s, struct err *err)
{
	struct unit_config config = {.pg = q->pg, .reg = q->reg, .actor = q->actor, .lane = PG_LANE_TX};
	if (unit_run(&config, fn, s, err))
		return -1;
	job_hint(q->pg);
	return 0;
}

static int create(struct http_request *r, struct app_request *q, struct err *err)
{
	struct json *body;
	long long file = 0;
	struct file_info info;
	enum lang lang = q->actor->lang;
	if (ui_read_json(r, q, &body, err))
		return -1;
	const char *section = json_get_text(body, "section"), *mapping = json_get_text(body, "mapping");
	struct section *s = section ? registry_find(q->reg, section) : NULL;
	if (!s || !access_exists(access_get(q->reg, q->actor, s)))
		return err_say(err, ERR_INVALID, lang, SAY_NO_SECTION, section ? section : ""), err_target(err, "section");
	const struct access *x = access_get(q->reg, q->actor, s);
	if (x->rows[GRANT_CREATE] == ACCESS_NONE && x->rows[GRANT_UPDATE] == ACCESS_NONE)
		return err_say(err, ERR_FORBIDDEN, lang, SAY_NO_CREATE, label_get(&s->plural, lang));
	if (mapping) {
		const struct import_map *m = registry_find_import(q->reg, mapping);
		if (!m || m->section != s)
			return err_say(err, ERR_INVALID, lang, SAY_NO_RESOURCE), err_target(err, "mapping");
	}
	if (!json_get_int(body, "file", &file) || file_find(r->arena, q->pg, q->reg, lang, file, &info, err) || info.created_by != q->actor->id)
		return err_say(err, ERR_INVALID, lang, SAY_BAD_FILE, "file"), err_target(err, "file");
	struct start start = {.a = r->arena, .section = s, .file = file, .mapping = mapping};
	if (in_unit(q, start_new, &start, err))
		return -1;
	buf_printf(&r->out, "{\"id\":%lld}", (long long)start.id);
	http_reply_json(r, 201);
	return 0;
}

static int write_errors(struct http_request *r, struct app_request *q, int64_t id, struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	pg_params_int(r->arena, &p, id);
	pg_params_int(r->arena, &p, SHOWN_ERRORS);
	if (pg_read(q->pg, PG_LANE_FAST, r->arena,
				"SELECT \"row\", \"column\", reason FROM ostov.import_error WHERE import_id = $1 ORDER BY \"row\" LIMIT $2", &p, &rows,
				err))
		return -1;
	buf_puts(&r->out, ",\"errors\":[");
	for (size_t i = 0; i < pg_rows_count(rows); i++) {
		buf_puts(&r->out, i ? ",{\"row\":" : "{\"row\":");
		pg_rows_json(rows, &r->out, i, 0);
		buf_puts(&r->out, ",\"column\":");
		pg_rows_json(rows, &r->out, i, 1);
		buf_puts(&r->out, ",\"reason\":");
		pg_rows_json(rows, &r->out, i, 2);
		buf_putc(&r->out, '}');
	}
	buf_putc(&r->out, ']');
	return 0;
}

static int show(struct http_request *r, struct app_request *q, const struct import_row *row, int status, struct err *err)
{
	struct buf *b = &r->out;
	buf_printf(b, "{\"id\":%lld,\"section\":\"%s\",\"state\":\"%s\",\"mapping\":", (long long)row->id, row->section, row->state);
	text(b, row->mapping);
	buf_printf(b, ",\"format\":%s,\"columns\":%s,\"key\":", row->format ? row->format : "null", row->columns ? row->columns : "[]");
	text(b, row->key && *row->key ? row->key : NULL);
	buf_printf(b, ",\"rows\":%lld,\"done\":%lld,\"created\":%lld,\"updated\":%lld,\"unchanged\":%lld,\"rejected\":%lld,\"dry\":%s",
			   (long long)row->rows, (long long)row->counts.done, (long long)row->counts.created, (long long)row->counts.updated,
			   (long long)row->counts.unchanged, (long long)row->counts.rejected, row->dry ? "true" : "false");
	if (row->error) {
		buf_puts(b, ",\"error\":");
		text(b, row->error);
	}
	if (write_errors(r, q, row->id, err))
		return -1;
	buf_putc(b, '}');
	http_reply_json(r, status);
	return 0;
}

/* The plan as it is kept, and over it what the page sends. */
static int read_plan(struct http_request *r, struct app_request *q, const struct import_row *row, const struct json *body,
					 struct start *start, struct import_plan *plan, struct err *err)
{
	struct json *format = NULL, *columns = NULL;
	if (!row->format || !row->columns)
		return err_say(err, ERR_CONFLICT, q->actor->lang, SAY_IMPORT_BUSY);
	plan->section = registry_find(q->reg, row->section);
	plan->map = row->mapping ? registry_find_import(q->reg, row->mapping) : NULL;
	plan->rows = (size_t)row->rows;
	plan->format = (struct import_format){.kind = strstr(row->format, "\"xlsx\"") ? "xlsx" : "csv",
										  .decimal = ',',
										  .date = IMPORT_DATE_DMY,
										  .header_row = 1,
										  .csv = {';', CSV_DOUBLED}};
	if (!plan->section)
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_RESOURCE);
	const struct json *key = json_get(body, "key");
	const char *key_name = key ? (key->kind == JSON_TEXT ? key->text : "") : row->key ? row->key : "";
	if (json_read(r->arena, row->format, strlen(row->format), &format, err) ||
		json_read(r->arena, row->columns, strlen(row->columns), &columns, err) ||
		import_plan_read(r->arena, q->reg, q->actor, format, columns, NULL, plan, err))
		return -1;
	struct import_format before = plan->format;
	if (import_plan_read(r->arena, q->reg, q->actor, json_get(body, "format"), json_get(body, "columns"), key_name, plan, err))
		return -1;
	*start = (struct start){.a = r->arena, .id = row->id, .plan = plan};
	start->reread = import_format_recuts(&before, &plan->format);
	start->decide = before.decimal == plan->format.decimal && before.date == plan->format.date;
	return 0;
}

/* The columns again for a format that was changed on the page. */
static int preview(struct http_request *r, struct app_request *q, const struct import_row *row, struct err *err)
{
	struct json *body;
	struct import_plan plan = {0};
	struct start start;
	if (ui_read_json(r, q, &body, err) || read_plan(r, q, row, body, &start, &plan, err))
		return -1;
	start.reread = true;
	if (in_unit(q, start_preview, &start, err))
		return -1;
	http_reply_empty(r, 202);
	return 0;
}

static int run(struct http_request *r, struct app_request *q, const struct import_row *row, struct err *err)
{
	struct json *body;
	struct import_plan plan = {0};
	struct start start;
	if (ui_read_json(r, q, &body, err) || read_plan(r, q, row, body, &start, &plan, err))
		return -1;
	/* with columns that are yet to be read the job says what is missing */
	if (!start.reread && import_plan_check(&plan, q->actor, err))
		return -1;
	const struct json *dry = json_get(body, "dry");
	start.dry = dry && dry->kind == JSON_TRUE;
	if (in_unit(q, start_run, &start, err))
		return -1;
	http_reply_empty(r, 202);
	return 0;
}

static int cancel(struct http_request *r, struct app_request *q, const struct import_row *row, struct err *err)
{
	if (import_store_cancel(r->arena, q->pg, row->id, err))
		return -1;
	http_reply_empty(r, 204);
	return 0;
}

/* UTF-8 into the source's own encoding; what it cannot hold becomes '?'. */
static void encode(const char *encoding, struct buf *line)
{
	UErrorCode status = U_ZERO_ERROR;
	if (!encoding || strcmp(encoding, "UTF-8") == 0 || !line->len)
		return;
	UConverter *to = ucnv_open(encoding, &status);
	if (U_FAILURE(status))
		return;
	struct buf out = BUF_INIT;
	size_t cap = line->len * 4 + 16;
	char *target = buf_room(&out, cap);
	int32_t n = ucnv_fromAlgorithmic(to, UCNV_UTF8, target, (int32_t)cap, line->data, (int32_t)line->len, &status);
	ucnv_close(to);
	if (U_FAILURE(status) || n < 0) {
		buf_destroy(&out);
		return;
	}
	out.len = (size_t)n;
	buf_destroy(line);
	*line = out;
}

struct download {
	struct http_request *r;
	const struct import_plan *plan;
	const char *encoding;
	struct buf *line;
};

static int download_row(void *ctx, const struct import_rejected *one)
{
	struct download *d = ctx;
	buf_clear(d->line);
	import_rejected_row(d->line, d->plan, one->cells, one->ncells, one->row, one->column, one->reason);
	encode(d->encoding, d->line);
	return http_stream_write(d->r, d->line->data, d->line->len);
}

/* The rejected rows in the layout of the source, with the reason behind: to correct and import again. */
static int rejected(struct http_request *r, struct app_request *q, const struct import_row *row, struct err *err)
{
	struct json *format = NULL, *columns = NULL;
	struct import_plan plan = {.section = registry_find(q->reg, row->section)};
	struct buf line = BUF_INIT;
	plan.format =
		(struct import_format){.kind = "csv", .decimal = ',', .date = IMPORT_DATE_DMY, .header_row = 1, .csv = {';', CSV_DOUBLED}};
	if (!row->format || !plan.section)
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_RESOURCE);
	if (json_read(r->arena, row->format, strlen(row->format), &format, err) ||
		json_read(r->arena, row->columns, strlen(row->columns), &columns, err) ||
		import_plan_read(r->arena, q->reg, q->actor, format, NULL, NULL, &plan, err))
		return -1;
	const char *encoding = json_get_text(format, "encoding");
	/* lines are encoded one by one: UTF-16 would need its mark and its order kept */
	if (encoding && strncmp(encoding, "UTF-16", 6) == 0)
		encoding = NULL;
	http_set_header(r, "Content-Type", arena_printf(r->arena, "text/csv; charset=%s", encoding ? encoding : "UTF-8"));
	http_set_header(r, "Content-Disposition", "attachment; filename=\"rejected.csv\"");
	plan.columns = arena_array(r->arena, struct import_source_column, columns->count + 1);
	for (const struct json *c = columns->first; c; c = c->next) {
		const char *name = json_get_text(c, "name");
		plan.columns[plan.ncolumns++].name = name ? name : "";
	}
	if (http_stream_begin(r, 200, -1, err))
		return -1;
	if (!encoding || strcmp(encoding, "UTF-8") == 0)
		buf_puts(&line, "\xef\xbb\xbf");
	import_rejected_heading(&line, &plan, q->actor->lang);
	encode(encoding, &line);
	bool ok = http_stream_write(r, line.data, line.len) == 0;
	struct download d = {r, &plan, encoding, &line};
	ok = ok && import_store_each_rejected(q->pg, row->id, download_row, &d, err) == 0;
	buf_destroy(&line);
	http_stream_end(r, ok);
	return 0;
}

int import_handle(struct http_request *r, struct app_request *q, const char *const *part, size_t n, struct err *err)
{
	struct import_row row;
	enum lang lang = q->actor->lang;
	bool get = r->method == HTTP_GET || r->method == HTTP_HEAD;
	if (n == 0)
		return r->method == HTTP_POST ? create(r, q, err) : http_refuse_method(r, "POST", err);
	if (!isdigit((unsigned char)*part[0]) || strlen(part[0]) > 18)
		return err_say(err, ERR_NOT_FOUND, lang, SAY_NO_RESOURCE);
	if (import_store_find(r->arena, q->pg, lang, strtoll(part[0], NULL, 10), q->actor->id, &row, err))
		return -1;
	if (n == 1 && get)
		return show(r, q, &row, 200, err);
	if (n == 2 && strcmp(part[1], "preview") == 0 && r->method == HTTP_POST)
		return preview(r, q, &row, err);
	if (n == 2 && strcmp(part[1], "run") == 0 && r->method == HTTP_POST)
		return run(r, q, &row, err);
	if (n == 2 && strcmp(part[1], "cancel") == 0 && r->method == HTTP_POST)
		return cancel(r, q, &row, err);
	if (n == 2 && strcmp(part[1], "rejected") == 0 && get)
		return rejected(r, q, &row, err);
	return err_say(err, ERR_NOT_FOUND, lang, SAY_NO_RESOURCE);
}
