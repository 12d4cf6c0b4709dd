/* plan_search: words typed into a search box as a condition: what people know a record by, in their own eyes. */
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "serve/plan_private.h"

/* "%" and "_" of what people type mean themselves. */
static const char *like_pattern(struct arena *a, const char *word, size_t len)
{
	struct buf b = BUF_INIT;
	buf_putc(&b, '%');
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '%' || word[i] == '_' || word[i] == '\\')
			buf_putc(&b, '\\');
		buf_putc(&b, word[i] == PLAN_SEARCH_BLANK ? ' ' : word[i]);
	}
	buf_putc(&b, '%');
	const char *out = arena_strndup(a, b.data, b.len);
	buf_destroy(&b);
	return out;
}

static bool searched(const struct plan *p, const struct field *f)
{
	bool in_title = p->section->title.text && strstr(p->section->title.text, arena_printf(p->arena, "{%s}", f->expr.name));
	bool text = f->expr.storage == EXPR_COLUMN && f->expr.type.kind == EXPR_TEXT && !f->builtin;
	return text && (f->search || f->type == FIELD_AUTONUMBER || in_title) && access_field(p->access, GRANT_READ, f) != ACCESS_NONE;
}

/* The next text of the title that stands in a looked-up record ("{account.name}"): the lookup and the field there, both readable. */
static bool title_step(struct plan *p, const char **at, const struct field **lookup, const struct field **text, struct plan **target)
{
	while (*at && (*at = strchr(*at, '{'))) {
		const char *from = ++*at, *end = from + strcspn(from, "}"), *dot = memchr(from, '.', (size_t)(end - from));
		struct err unseen;
		err_init(&unseen, p->arena);
		*at = end;
		if (!dot || memchr(dot + 1, '.', (size_t)(end - dot - 1)))
			continue;
		struct field *f = section_find_n(p->section, from, (size_t)(dot - from));
		if (!f || !f->to || f->many || f->expr.storage != EXPR_COLUMN || access_field(p->access, GRANT_READ, f) == ACCESS_NONE ||
			plan_create(p->arena, p->reg, p->actor, f->to, target, &unseen))
			continue;
		struct field *g = section_find_n(f->to, dot + 1, (size_t)(end - dot - 1));
		if (!g || g->expr.storage != EXPR_COLUMN || g->expr.type.kind != EXPR_TEXT ||
			access_field((*target)->access, GRANT_READ, g) == ACCESS_NONE)
			continue;
		*lookup = f;
		*text = g;
		return true;
	}
	return false;
}

bool plan_searches(const struct plan *p)
{
	for (size_t i = 0; i < p->section->nfields; i++)
		if (searched(p, p->section->fields[i]))
			return true;
	return false;
}

/* Every word stands in some text field that is searched: the ones marked `search`, the number, and the texts of the title, those of looked-up records included. */
int plan_search_sql(struct plan *p, struct pg_sql *sql, const char *alias, struct err *err)
{
	struct buf *b = &sql->text;
	const char *at = p->search;
	for (int words = 0; words < PLAN_SEARCH_WORDS; words++) {
		at += strspn(at, " \t");
		size_t len = strcspn(at, " \t");
		if (!len)
			break;
		const char *pattern = like_pattern(p->arena, at, len);
		bool any = false;
		buf_puts(b, " AND (");
		for (size_t i = 0; i < p->section->nfields; i++) {
			struct field *f = p->section->fields[i];
			if (!searched(p, f))
				continue;
			buf_puts(b, any ? " OR (" : "(");
			if (access_sql_column(p->access, f, sql, alias, err))
				return -1;
			buf_puts(b, " COLLATE \"und-x-icu\") ILIKE ");
			pg_sql_value(sql, PG_TEXT, value_textz(pattern));
			any = true;
		}
		const struct field *lookup, *text;
		struct plan *target;
		for (const char *title = p->section->title.text; title_step(p, &title, &lookup, &text, &target); any = true) {
			const char *x = pg_sql_alias(sql);
			buf_puts(b, any ? " OR " : "");
			if (access_sql_column(p->access, lookup, sql, alias, err))
				return -1;
			buf_printf(b, " IN (SELECT %s.id FROM ", x);
			if (access_sql_table(&p->eyes, sql, &target->section->expr, x, err))
				return -1;
			buf_puts(b, " WHERE (");
			if (access_sql_column(target->access, text, sql, x, err))
				return -1;
			buf_puts(b, " COLLATE \"und-x-icu\") ILIKE ");
			pg_sql_value(sql, PG_TEXT, value_textz(pattern));
			buf_putc(b, ')');
		}
		buf_puts(b, any ? ")" : "false)");
		at += len;
	}
	return 0;
}
