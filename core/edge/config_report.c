#include "edge/config_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

/* Longest part of a source line that is shown. */
#define MAX_LINE 160

struct ranked {
	struct err err;
	size_t file, turn;
};

static bool is_file(const struct config *config, const struct config_file *f, const char *shown)
{
	if (strcmp(f->module, config->name) == 0)
		return strcmp(f->path, shown) == 0;
	size_t n = strlen(f->module);
	return strncmp(shown, f->module, n) == 0 && shown[n] == '/' && strcmp(shown + n + 1, f->path) == 0;
}

static const struct config_file *file_of(const struct config *config, const char *shown)
{
	for (size_t i = 0; config && shown && i < config->nfiles; i++)
		if (is_file(config, &config->files[i], shown))
			return &config->files[i];
	return NULL;
}

static int rank_compare(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->err.line != b->err.line)
		return a->err.line < b->err.line ? -1 : 1;
	if (a->err.column != b->err.column)
		return a->err.column < b->err.column ? -1 : 1;
	return a->turn < b->turn ? -1 : 1;
}

void config_report_sort(const struct config *config, struct err *errs)
{
	size_t n = 0;
	if (errs->code == ERR_OK)
		return;
	for (const struct err *e = errs; e; e = e->next)
		n++;
	struct ranked *all = calloc(n, sizeof *all);
	if (!all)
		return;
	size_t i = 0;
	for (const struct err *e = errs; e; e = e->next, i++) {
		const struct config_file *f = file_of(config, e->file);
		all[i].err = *e;
		all[i].turn = i;
		all[i].file = f ? (size_t)(f - config->files) : SIZE_MAX;
	}
	qsort(all, n, sizeof *all, rank_compare);
	i = 0;
	for (struct err *e = errs, *next; e; e = next, i++) {
		next = e->next;
		*e = all[i].err;
		e->arena = errs->arena;
		e->next = next;
	}
	free(all);
}

/* The line and a caret under the place; tabs stay tabs so that the caret stands right. */
static void excerpt(struct buf *b, const struct config_file *f, const struct err *e)
{
	const char *p = f->bytes, *end = f->bytes + f->len;
	for (int line = 1; line < e->line; line++) {
		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			return;
		p++;
	}
	const char *stop = memchr(p, '\n', (size_t)(end - p));
	if (!stop)
		stop = end;
	if (stop > p && stop[-1] == '\r')
		stop--;
	if (stop == p)
		return;
	size_t len = (size_t)(stop - p), from = 0;
	if (len > MAX_LINE && e->column > MAX_LINE / 2) {
		from = (size_t)e->column - MAX_LINE / 2;
		while (from > 0 && ((unsigned char)p[from] & 0xc0) == 0x80)
			from--;
	}
	size_t to = len - from > MAX_LINE ? from + MAX_LINE : len;
	while (to < len && ((unsigned char)p[to] & 0xc0) == 0x80)
		to++;
	buf_printf(b, "%5d | %s", e->line, from ? "…" : "");
	buf_add(b, p + from, to - from);
	buf_puts(b, to < len ? "…\n" : "\n");
	if (e->column < 1 || (size_t)e->column > len + 1)
		return;
	buf_printf(b, "      | %s", from ? " " : "");
	for (size_t i = from; i + 1 < (size_t)e->column; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			buf_putc(b, p[i] == '\t' ? '\t' : ' ');
	buf_putc(b, '^');
	size_t last = (size_t)e->column - 1 + (size_t)(e->width > 0 ? e->width : 1);
	for (size_t i = (size_t)e->column; i < last && i < to; i++)
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			buf_putc(b, '~');
	buf_putc(b, '\n');
}

void config_report_text(struct buf *b, const struct config *config, const struct err *errs)
{
	for (const struct err *e = errs; e && e->code != ERR_OK; e = e->next) {
		const struct config_file *f = file_of(config, e->file);
		if (e->file && e->line)
			buf_printf(b, "%s:%d: ", e->file, e->line);
		else if (e->file)
			buf_printf(b, "%s: ", e->file);
		buf_printf(b, "%s%s\n", e->warning ? "warning: " : "", e->message);
		if (f && e->line)
			excerpt(b, f, e);
		if (e->hint)
			buf_printf(b, "hint: %s\n", e->hint);
	}
}

static void json_text(struct buf *b, const char *key, const char *text)
{
	buf_printf(b, ",\"%s\":", key);
	if (text)
		buf_json(b, text, strlen(text));
	else
		buf_puts(b, "null");
}

void config_report_json(struct buf *b, const struct err *errs)
{
	buf_putc(b, '[');
	for (const struct err *e = errs; e && e->code != ERR_OK; e = e->next) {
		buf_puts(b, e == errs ? "{\"severity\":" : ",\n{\"severity\":");
		buf_puts(b, e->warning ? "\"warning\"" : "\"error\"");
		json_text(b, "code", err_code_name(e->code));
		json_text(b, "file", e->file);
		buf_printf(b, ",\"line\":%d,\"column\":%d", e->line, e->column);
		json_text(b, "message", e->message);
		json_text(b, "hint", e->hint);
		buf_putc(b, '}');
	}
	buf_puts(b, "]\n");
}

void config_report_count(const struct err *errs, size_t *errors, size_t *warnings)
{
	*errors = *warnings = 0;
	for (const struct err *e = errs; e && e->code != ERR_OK; e = e->next)
		if (!e->warning || e->file) /* the line that sums up is none itself */
			++*(e->warning ? warnings : errors);
}
