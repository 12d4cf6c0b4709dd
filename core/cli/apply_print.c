/* apply_print: a plan as people read it, and as JSON. */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cli/apply.h"
#include "cli/cli.h"
#include "meta/registry.h"
#include "meta/schema_diff.h"
#include "serve/seed.h"

struct group {
	const char *title;
	const char *kinds; /* with spaces around each */
};

static const struct group groups[] = {
	{"Modules", " module "},
	{"Sections", " section field value path stage task move list "},
	{"Roles and rights", " role grant "},
	{"Hooks and imports", " hook import "},
};

/* Letters, not bytes: paths and texts may be Russian. */
static int width_of(const char *s)
{
	int n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xC0) != 0x80;
	return n;
}

static void padded(struct buf *b, const char *s, int width)
{
	buf_puts(b, s);
	for (int n = width_of(s); n < width; n++)
		buf_putc(b, ' ');
}

static bool in_group(const struct group *g, const char *kind)
{
	char word[32];
	size_t n = strlen(kind);
	if (n + 3 > sizeof word)
		return false;
	word[0] = ' ';
	memcpy(word + 1, kind, n);
	memcpy(word + 1 + n, " ", 2);
	return strstr(g->kinds, word) != NULL;
}

static const char *mark_of(char mark)
{
	return mark == '+' ? "+" : mark == '-' ? "-" : mark == '>' ? "→" : "~";
}

static void print_changes(struct buf *b, const struct schema_plan *p)
{
	int width = 0;
	for (size_t i = 0; i < p->changes.count; i++)
		width = width_of(p->changes.items[i].path) > width ? width_of(p->changes.items[i].path) : width;
	width = width > 48 ? 48 : width;
	for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
		bool titled = false;
		for (size_t i = 0; i < p->changes.count; i++) {
			const struct schema_change *c = &p->changes.items[i];
			if (!in_group(&groups[g], c->kind))
				continue;
			if (!titled)
				buf_printf(b, "%s%s\n", b->len ? "\n" : "", groups[g].title);
			titled = true;
			buf_printf(b, "  %s ", mark_of(c->mark));
			padded(b, c->kind, 8);
			if (c->was || c->text)
				padded(b, c->path, width);
			else
				buf_puts(b, c->path);
			if (c->was)
				buf_printf(b, "  was %s", c->was);
			if (c->text)
				buf_printf(b, "  %s", c->text);
			buf_putc(b, '\n');
		}
	}
}

static void print_losses(struct buf *b, const struct schema_plan *p)
{
	bool titled = false;
	for (size_t i = 0; i < p->losses.count; i++) {
		const struct schema_loss *l = &p->losses.items[i];
		if (l->rows == 0)
			continue;
		if (!titled)
			buf_printf(b, "%sWould be lost or does not fit\n", b->len ? "\n" : "");
		titled = true;
		buf_printf(b, "  ! %s: %s\n", l->name, l->what);
		if (l->shown)
			buf_printf(b, "    %s\n", l->shown);
		if (l->hint)
			buf_printf(b, "    %s\n", l->hint);
		else if (l->allowed)
			buf_puts(b, "    allowed by --allow-loss\n");
		else
			buf_printf(b, "    refused without --allow-loss '%s'\n", l->name);
	}
}

static void print_broken(struct buf *b, const struct schema_plan *p)
{
	for (size_t i = 0; i < p->broken.count; i++) {
		const struct schema_broken *one = &p->broken.items[i];
		if (i == 0)
			buf_printf(b, "%sAgainst new rules, which hold for what is written from now on: these records stay\n", b->len ? "\n" : "");
		buf_printf(b, "  * %s: %s\n", one->name, one->what);
		if (one->shown)
			buf_printf(b, "    %s\n", one->shown);
	}
}

static void print_seconds(struct buf *b, int64_t ms)
{
	if (ms < 100)
		buf_puts(b, " for less than 0.1 s");
	else
		buf_printf(b, " for about %" PRId64 ".%" PRId64 " s", ms / 1000, ms / 100 % 10);
}

static void print_locks(struct buf *b, const struct schema_plan *p)
{
	if (!p->new_generation && !p->locks.count)
		return;
	int64_t stop = 0;
	buf_printf(b, "%sLocks\n", b->len ? "\n" : "");
	for (size_t i = 0; i < p->locks.count; i++) {
		const struct schema_lock *l = &p->locks.items[i];
		buf_printf(b, "  %s: %s", l->table, l->text);
		size_t n = strlen(l->text);
		if (n > 11 && strcmp(l->text + n - 11, "writes stop") == 0)
			print_seconds(b, l->stop_ms);
		buf_putc(b, '\n');
		stop += l->stop_ms;
	}
	if (p->new_generation) {
		buf_puts(b, "  the switch: all writes wait");
		print_seconds(b, stop + 50);
		buf_puts(b, "; readers never wait\n");
	}
}

static size_t rows_count(const struct seed_plan *rows)
{
	size_t n = 0;
	for (size_t i = 0; i < rows->count; i++)
		n += rows->items[i].created + rows->items[i].changed;
	return n;
}

static void print_rows(struct buf *b, const struct seed_plan *rows)
{
	if (!rows_count(rows))
		return;
	buf_printf(b, "%sRows of the configuration\n", b->len ? "\n" : "");
	for (size_t i = 0; i < rows->count; i++) {
		const struct seed_planned *r = &rows->items[i];
		if (r->created)
			buf_printf(b, "  + %s: %zu new\n", r->section, r->created);
		if (r->changed)
			buf_printf(b, "  ~ %s: %zu changed\n", r->section, r->changed);
		if (r->back)
			buf_printf(b, "    %zu of them people changed: set back to what the configuration says: %s%s\n", r->back, r->shown,
					   r->back > 5 ? ", …" : "");
	}
}

void apply_print(struct buf *b, const struct schema_plan *p, const struct seed_plan *rows)
{
	if (schema_plan_nothing(p)) {
		if (!rows_count(rows))
			buf_puts(b, "nothing to do\n");
	} else {
		print_changes(b, p);
		if (!p->changes.count)
			buf_puts(b, p->new_generation ? "The definitions stay as they are; other files of the configuration changed\n" : "Repairs\n");
		if (!p->new_generation)
			for (size_t i = 0; i < p->ops.count; i++)
				buf_printf(b, "  * %s\n", p->ops.items[i].sql ? p->ops.items[i].sql : p->ops.items[i].place);
	}
	print_rows(b, rows);
	print_losses(b, p);
	print_broken(b, p);
	for (size_t i = 0; i < p->warnings.count; i++)
		buf_printf(b, "%s  * %s\n", i ? "" : "\nNotes\n", p->warnings.items[i]);
	if (p->current->exists && !p->current->trgm)
		buf_puts(b, "\nThe extension pg_trgm is not there: searching texts reads whole tables\n");
	if (p->current->leftovers.count)
		buf_printf(b, "\nAn interrupted apply left %zu tables or columns: they are removed first\n", p->current->leftovers.count);
	if (!schema_plan_nothing(p))
		print_locks(b, p);
}

static void member(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, ",\"%s\":", key);
	if (value)
		buf_json(b, value, strlen(value));
	else
		buf_puts(b, "null");
}

void apply_print_json(struct buf *b, const struct schema_plan *p, const struct seed_plan *rows, const struct err *error)
{
	static const char *const phases[] = {"expand", "expand", "expand", "expand", "expand", "expand", "expand", "switch",
										 "finish", "finish", "finish", "finish", "finish", "finish", "finish"};
	_Static_assert(sizeof phases / sizeof *phases == OP_DROP + 1, "a phase for each kind");
	buf_putc(b, '{');
	if (error) {
		cli_fail_json(b, error);
		buf_putc(b, ',');
	}
	buf_printf(b, "\"nothing\":%s,\"generation\":%" PRId64, schema_plan_nothing(p) && !rows_count(rows) ? "true" : "false",
			   p->current->generation);
	member(b, "hash", p->registry->hash);
	buf_puts(b, ",\"changes\":[");
	for (size_t i = 0; i < p->changes.count; i++) {
		const struct schema_change *c = &p->changes.items[i];
		buf_printf(b, "%s{\"mark\":\"%s\"", i ? "," : "", mark_of(c->mark));
		member(b, "kind", c->kind);
		member(b, "path", c->path);
		member(b, "was", c->was);
		member(b, "text", c->text);
		buf_putc(b, '}');
	}
	buf_puts(b, "],\"losses\":[");
	const char *comma = "";
	for (size_t i = 0; i < p->losses.count; i++) {
		const struct schema_loss *l = &p->losses.items[i];
		if (l->rows == 0)
			continue;
		buf_printf(b, "%s{\"rows\":%" PRId64 ",\"allowed\":%s,\"final\":%s", comma, l->rows, l->allowed ? "true" : "false",
				   l->final ? "true" : "false");
		member(b, "name", l->name);
		member(b, "what", l->what);
		member(b, "hint", l->hint);
		member(b, "shown", l->shown);
		buf_putc(b, '}');
		comma = ",";
	}
	buf_puts(b, "],\"broken\":[");
	for (size_t i = 0; i < p->broken.count; i++) {
		const struct schema_broken *one = &p->broken.items[i];
		buf_printf(b, "%s{\"rows\":%" PRId64, i ? "," : "", one->rows);
		member(b, "name", one->name);
		member(b, "what", one->what);
		member(b, "shown", one->shown);
		buf_putc(b, '}');
	}
	buf_puts(b, "],\"rows\":[");
	for (size_t i = 0; i < rows->count; i++) {
		const struct seed_planned *r = &rows->items[i];
		buf_printf(b, "%s{\"created\":%zu,\"changed\":%zu,\"set_back\":%zu", i ? "," : "", r->created, r->changed, r->back);
		member(b, "section", r->section);
		member(b, "shown", r->shown);
		buf_putc(b, '}');
	}
	buf_puts(b, "],\"warnings\":[");
	for (size_t i = 0; i < p->warnings.count; i++) {
		buf_puts(b, i ? "," : "");
		buf_json(b, p->warnings.items[i], strlen(p->warnings.items[i]));
	}
	buf_puts(b, "],\"locks\":[");
	for (size_t i = 0; i < p->locks.count; i++) {
		buf_printf(b, "%s{\"stop_ms\":%" PRId64, i ? "," : "", p->locks.items[i].stop_ms);
		member(b, "table", p->locks.items[i].table);
		member(b, "text", p->locks.items[i].text);
		buf_putc(b, '}');
	}
	buf_puts(b, "],\"operations\":[");
	for (size_t i = 0; i < p->ops.count; i++) {
		const struct schema_op *op = &p->ops.items[i];
		buf_printf(b, "%s{\"phase\":\"%s\"", i ? "," : "", !op->late ? phases[op->kind] : op->kind == OP_KEY ? "switch" : "finish");
		member(b, "table", op->table);
		member(b, "name", op->name);
		member(b, "sql", op->kind == OP_FILL ? NULL : op->sql);
		buf_putc(b, '}');
	}
	buf_puts(b, "]}\n");
}
