/* Runs text cases of addresses: tests/cases/url/NAME.test. Blocks are separated by empty lines; the first line of a block is the address below /api, the others what must come
 * out: "sql TEXT" of the statement, "rest TEXT" of the one that goes on with rows without a value and, when asked for, "count TEXT", or "error code target: message". Lines before the first block and those that begin with "#" are
 * remarks; "role NAME" holds to the end of the file. `url_cases --accept FILE…` writes what comes out into the files. */
#include "shop_fixture.h"

#include "edge/http_guard.h"
#include "serve/plan_private.h"

static void children(struct buf *b, const struct plan_query *q)
{
	for (size_t i = 0; i < q->children.count; i++) {
		buf_printf(b, "lines %s\n", q->children.items[i]->query.text);
		children(b, &q->children.items[i]->query);
	}
}

static void outcome(struct buf *b, const struct registry *reg, const struct actor *actor, const char *address_text)
{
	struct arena *a = arena_new_sized(0);
	struct err err;
	const char *path, *query;
	struct odata_address address;
	struct plan *p;
	struct plan_query *q;
	struct odata_options options;
	struct pg_sql count;
	struct buf raw = BUF_INIT;
	err_init(&err, a);
	/* blanks and quotes as a client would send them */
	buf_putc(&raw, '/');
	for (const char *s = address_text; *s; s++)
		if (*s == ' ')
			buf_puts(&raw, "%20");
		else
			buf_putc(&raw, *s);
	int failed = http_guard_target(a, raw.data, &path, &query, &err) || odata_address_parse(a, reg, actor, path, &address, &err) ||
				 plan_create(a, reg, actor, address.section, &p, &err);
	if (!failed) {
		p->one = address.kind == ODATA_ONE;
		failed = odata_options_parse(shop_request(a, query), p, &options, &err) || plan_compile(p, &q, &err);
	}
	if (failed) {
		buf_printf(b, "error %s %s: %s\n", err_code_name(err.code), err.target ? err.target : "-", err.message);
	} else {
		buf_printf(b, "sql %s\n", q->text);
		children(b, q);
		if (q->rest) {
			buf_printf(b, "rest %s\n", q->rest->text);
			children(b, q->rest);
		}
		if (options.count && plan_compile_count(p, options.count_bound, &count, &err) == 0)
			buf_printf(b, "count %s\n", pg_sql_finish(&count));
	}
	buf_destroy(&raw);
	arena_delete(a);
}

static int run_file(const struct registry *reg, const char *path, bool accept)
{
	FILE *f = fopen(path, "r");
	char *line = NULL, *address = NULL;
	size_t cap = 0;
	struct actor actor;
	struct buf all = BUF_INIT, want = BUF_INIT, got = BUF_INIT;
	int failures = 0, cases = 0;
	if (!f)
		return 1;
	shop_actor(reg, "boss", &actor);
	for (;;) {
		ssize_t n = getline(&line, &cap, f);
		if (n > 0 && line[n - 1] == '\n')
			line[--n] = '\0';
		if (n <= 0) {
			if (address) {
				buf_clear(&got);
				outcome(&got, reg, &actor, address);
				cases++;
				buf_printf(&all, "%s\n%s", address, got.data);
				bool same = strcmp(got.data, want.data ? want.data : "") == 0;
				printf("%s %s: %s\n", same || accept ? "ok" : "not ok", strrchr(path, '/') + 1, address);
				if (!same && !accept) {
					printf("# expected %s# got %s", want.data ? want.data : "\n", got.data);
					failures++;
				}
				free(address);
				address = NULL;
				buf_clear(&want);
			}
			if (n < 0)
				break;
			buf_putc(&all, '\n');
			continue;
		}
		if (address) {
			buf_puts(&want, line);
			buf_putc(&want, '\n');
		} else if (*line == '#' || strncmp(line, "role ", 5) == 0) {
			buf_printf(&all, "%s\n", line);
			if (*line == 'r')
				shop_actor(reg, line + 5, &actor);
		} else {
			address = strdup(line);
		}
	}
	fclose(f);
	free(line);
	if (accept && (f = fopen(path, "w"))) {
		fwrite(all.data, 1, all.len, f);
		fclose(f);
	}
	buf_destroy(&all);
	buf_destroy(&want);
	buf_destroy(&got);
	return failures || !cases;
}

int main(int argc, char **argv)
{
	int failed = 0;
	bool accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
	struct registry *reg = shop_registry();
	for (int i = 1 + accept; i < argc; i++)
		failed |= run_file(reg, argv[i], accept);
	registry_unref(reg);
	return failed;
}
