/* Runs text cases of expressions: tests/cases/expr/NAME.test. Blocks are separated by empty lines; the first line of a block is the expression, each further one a
 * tag and what must come out:
 *
 *   amount > 5 and me in watchers
 *   print amount > 5 and me in watchers
 *   type  a condition
 *   sql   (t.amount > $1::numeric AND …)   {"5"}
 *   value SQL of the tree as a value
 *   error code@column: message | hint
 *
 * Lines before the first block and those that begin with "#" are remarks; "scope TABLE" chooses the table, "want KIND" the wanted type, "roles A B" what has_role
 * is true for; they hold to the end of the file. `expr_cases --accept FILE…` writes what comes out into the files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr_fixture.h"
#include "pg/pg_sql.h"

static struct expr_scope scope;
static struct expr_type want;
static char roles[256];

static bool has_role(void *ctx, const char *role)
{
	(void)ctx;
	const char *p = strstr(roles, role);
	return p && (p == roles || p[-1] == ' ') && (p[strlen(role)] == ' ' || !p[strlen(role)]);
}

/* $1… as they are bound: literals as JSON, else the slot's name. */
static void print_slots(struct buf *b, const struct pg_sql *sql)
{
	static const char *const names[] = {
		[PG_SLOT_INPUT] = "input", [PG_SLOT_ME] = "me", [PG_SLOT_NOW] = "now", [PG_SLOT_TODAY] = "today", [PG_SLOT_ZONE] = "zone"};
	if (!sql->slots.count)
		return;
	buf_puts(b, "   {");
	for (size_t i = 0; i < sql->slots.count; i++) {
		const struct pg_slot *s = &sql->slots.items[i];
		buf_puts(b, i ? ", " : "");
		if (s->kind == PG_SLOT_VALUE)
			value_json(b, &s->value);
		else
			buf_puts(b, names[s->kind]);
	}
	buf_putc(b, '}');
}

static const char *run_sql(struct arena *a, const struct expr *e, bool as_value, struct err *err)
{
	struct pg_sql sql;
	pg_sql_create(&sql, a);
	struct expr_sql opts = {.sql = &sql, .alias = "t", .has_role = *roles ? has_role : NULL, .record_alias = scope.record ? "r" : NULL};
	int r = as_value ? expr_sql_value(e, &opts, err) : expr_sql_condition(e, &opts, err);
	const char *text = pg_sql_finish(&sql);
	if (r)
		return NULL;
	struct buf b = BUF_INIT;
	buf_puts(&b, text);
	print_slots(&b, &sql);
	text = arena_strndup(a, b.data, b.len);
	buf_destroy(&b);
	return text;
}

const char *expr_type_name(struct arena *a, const struct expr_type *t);

/* What comes out for a tag. */
static const char *outcome(struct arena *a, const char *text, const char *tag)
{
	struct expr *e;
	struct err err;
	err_init(&err, a);
	const char *out = NULL;
	int r = expr_parse(a, text, strlen(text), &e, &err);
	if (r == 0 && strcmp(tag, "parse") == 0) {
		struct buf b = BUF_INIT;
		expr_print(&b, e);
		out = arena_strndup(a, b.data, b.len);
		buf_destroy(&b);
		return out;
	}
	if (r == 0)
		r = expr_check(a, e, &scope, &want, &err);
	if (r == 0) {
		struct buf b = BUF_INIT;
		if (strcmp(tag, "print") == 0) {
			expr_print(&b, e);
			out = arena_strndup(a, b.data, b.len);
		} else if (strcmp(tag, "type") == 0) {
			out = expr_type_name(a, expr_type_of(e));
		} else if (strcmp(tag, "sql") == 0 || strcmp(tag, "value") == 0) {
			out = run_sql(a, e, tag[0] == 'v', &err);
		} else {
			out = "no error";
		}
		buf_destroy(&b);
	}
	if (!out)
		out = arena_printf(a, "%s@%d: %s%s%s", err_code_name(err.code), err.column, err.message, err.hint ? " | " : "",
						   err.hint ? err.hint : "");
	return out;
}

/* "scope", "want", "roles", "record". */
static bool directive(const char *line)
{
	static const struct {
		const char *name;
		enum expr_kind kind;
	} kinds[] = {{"any", EXPR_ANY},           {"boolean", EXPR_BOOL}, {"integer", EXPR_INT},   {"decimal", EXPR_DEC},
				 {"text", EXPR_TEXT},         {"date", EXPR_DATE},    {"datetime", EXPR_TIME}, {"duration", EXPR_DURATION},
				 {"deadline", EXPR_DEADLINE}, {"route", EXPR_CHOICE}};
	if (strncmp(line, "scope ", 6) == 0 || strncmp(line, "record ", 7) == 0) {
		for (int t = 0; t < FIXTURE_TABLES; t++)
			if (strcmp(fixture[t].table.name, strchr(line, ' ') + 1) == 0) {
				if (line[0] == 'r')
					scope.record = &fixture[t].table;
				else
					scope = fixture_scope(t);
				return true;
			}
	} else if (strncmp(line, "want ", 5) == 0) {
		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
			if (strcmp(kinds[i].name, line + 5) == 0) {
				want = (struct expr_type){.kind = kinds[i].kind, .scale = 2};
				if (want.kind == EXPR_CHOICE) {
					want.values = fixture_routes;
					want.nvalues = 3;
				}
				return true;
			}
	} else if (strncmp(line, "roles ", 6) == 0) {
		snprintf(roles, sizeof roles, "%.200s", line + 6);
		return true;
	}
	return false;
}

static int run_file(const char *path, bool accept)
{
	FILE *f = fopen(path, "r");
	if (!f) {
		printf("not ok %s (cannot be read)\n", path);
		return 1;
	}
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	struct arena *a = arena_new_sized(0);
	fixture_create(a);
	scope = fixture_scope(FIXTURE_CONTRACT);
	want = (struct expr_type){.kind = EXPR_ANY};
	roles[0] = 0;
	struct buf out = BUF_INIT;
	char line[8192], text[8192] = "";
	int number = 0, at = 0, failed = 0, bad = 0, checked = 0;
	for (bool more = true; more;) {
		more = fgets(line, sizeof line, f) != NULL;
		number++;
		if (!more)
			line[0] = 0;
		line[strcspn(line, "\n")] = 0;
		if (!*line) {
			if (*text) {
				if (!checked)
					bad++, printf("# %s:%d: nothing is said of %s\n", name, at, text);
				printf("%s %s:%d %s\n", bad ? "not ok" : "ok", name, at, text);
				failed += bad > 0;
			}
			text[0] = 0;
			bad = checked = 0;
		} else if (line[0] == '#' || (!*text && directive(line))) {
		} else if (!*text) {
			snprintf(text, sizeof text, "%s", line);
			at = number;
		} else {
			char tag[16] = "";
			int skip = 0;
			sscanf(line, "%15s %n", tag, &skip);
			const char *got = outcome(a, text, tag), *expected = line + skip;
			checked++;
			if (accept)
				snprintf(line, sizeof line, "%-5s %s", tag, got);
			else if (strcmp(got, expected) != 0)
				bad++, printf("# %s:%d\n#   expected %s\n#   got      %s\n", name, number, expected, got);
		}
		if (more)
			buf_printf(&out, "%s\n", line);
	}
	fclose(f);
	if (accept && (f = fopen(path, "w"))) {
		fwrite(out.data, 1, out.len, f);
		fclose(f);
	}
	buf_destroy(&out);
	arena_delete(a);
	return failed > 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	bool accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
	for (int i = 1 + accept; i < argc; i++)
		failed |= run_file(argv[i], accept);
	return failed;
}
