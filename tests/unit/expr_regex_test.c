/* The regular expressions of matches(): what is taken, what is refused, and that random patterns mean to PostgreSQL what they mean here. time-limit: 600 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "base/arena.h"
#include "base/buf.h"
#include "expr/expr_regex.h"

static struct expr_regex *compiled(struct arena *a, const char *pattern)
{
	struct expr_regex *re;
	const char *problem;
	size_t at;
	if (expr_regex_compile(a, pattern, strlen(pattern), &re, &problem, &at))
		fail_msg("%s is refused: %s", pattern, problem);
	return re;
}

static void meaning(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *text;
		bool found;
	} cases[] = {
		{"b", "abc", true},
		{"^b", "abc", false},
		{"c$", "abc", true},
		{"c$", "abc\n", false},
		{"a.c", "a\nc", true},
		{"^$|x", "y", false},
		{"^x|^$", "", true},
		{"^[А-Яа-яё]+$", "Ёлка", false},
		{"^[А-Яа-яЁё]+$", "Ёлка", true},
		{"^(ab|c)*$", "abcab", true},
		{"^(ab|c)*$", "abca", false},
		{"^a{2,3}$", "aaaa", false},
		{"^a{2,3}$", "aaa", true},
		{"^a{2,}$", "aaaaa", true},
		{"^\\d{4}-\\d\\d$", "2026-05", true},
		{"\\d", "٣", false},
		{"^\\w+$", "aZ_9", true},
		{"\\w", "я", false},
		{"^\\W$", "я", true},
		{"[^a-z]", "abc", false},
		{"^[]]", "]", false},
		{"^[\\]x-]+$", "]-x", true},
		{"^(a*)*$", "aaa", true},
		{"^(a|b|)c", "c", false},
		{"\\.", "x", false},
		{"\\s", "a b", true},
		{"😀", "😀", true},
		{"^.$", "😀", true},
	};
	struct arena *a = arena_new_sized(0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct expr_regex *re;
		const char *problem;
		size_t at;
		bool found = expr_regex_compile(a, cases[i].pattern, strlen(cases[i].pattern), &re, &problem, &at) == 0 &&
					 expr_regex_search(a, re, cases[i].text, strlen(cases[i].text));
		if (found != cases[i].found)
			fail_msg("%s on %s", cases[i].pattern, cases[i].text);
	}
	arena_delete(a);
}

static void refused(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		size_t at;
	} cases[] = {
		{"", 0},       {"(", 0},    {"a)", 1},   {"(a", 0}, {"*a", 0},      {"a**", 2},   {"a+?", 2},         {"a{,3}", 2},   {"a{3,2}", 1},
		{"a{256}", 2}, {"a{0}", 1}, {"{", 0},    {"a}", 1}, {"]", 0},       {"a|", 2},    {"|a", 0},          {"()", 1},      {"(?:a)", 1},
		{"\\b", 0},    {"\\1", 0},  {"a\\", 1},  {"[a", 0}, {"[]", 1},      {"[z-a]", 1}, {"[[:alpha:]]", 1}, {"[\\d-z]", 1}, {"[\\W]", 1},
		{"a^", 1},     {"$a", 0},   {"(a$)", 2}, {"^*", 1}, {"[a-b-c]", 4},
	};
	struct arena *a = arena_new_sized(0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct expr_regex *re;
		const char *problem = NULL;
		size_t at;
		if (expr_regex_compile(a, cases[i].pattern, strlen(cases[i].pattern), &re, &problem, &at) == 0)
			fail_msg("%s is taken", cases[i].pattern);
		if (at != cases[i].at || !problem)
			fail_msg("%s is refused at %zu: %s", cases[i].pattern, at, problem);
	}
	char many[300];
	memset(many, 'a', sizeof many);
	struct expr_regex *re;
	const char *problem;
	size_t at;
	assert_int_equal(expr_regex_compile(a, many, 257, &re, &problem, &at), -1);
	assert_int_equal(expr_regex_compile(a, "(a{255}){255}", 13, &re, &problem, &at), -1); /* too large */
	arena_delete(a);
}

static void takes_linear_time(void **state)
{
	(void)state;
	struct arena *a = arena_new_sized(0);
	char *text = malloc(200000);
	memset(text, 'a', 200000);
	/* would take for ever by backtracking */
	assert_false(expr_regex_search(a, compiled(a, "^(a*)*(a|aa)+b$"), text, 200000));
	free(text);
	arena_delete(a);
}

static uint64_t rng_state = 20260501;

static int below(int n)
{
	rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
	return (int)((rng_state >> 33) % (uint64_t)n);
}

static void random_pattern(struct buf *b, int depth)
{
	static const char *const atoms[] = {"a",   "b",   "c",   "я",   "Я",      ".",   "[ab]", "[^a]",   "[а-яё]",
										"\\d", "\\w", "\\s", "\\W", "\\D",    "\\S", "\\.",  "[\\d_]", "[a\\-]",
										"1",   "-",   "_",   " ",   "[^\\s]", "ß",   "\\n"};
	static const char *const repeats[] = {"*", "+", "?", "{2}", "{1,3}", "{0,1}", "{2,}"};
	int pieces = 1 + below(3);
	for (int i = 0; i < pieces; i++) {
		if (depth > 0 && below(4) == 0) {
			buf_putc(b, '(');
			for (int n = 1 + below(2); n > 0; n--) {
				random_pattern(b, depth - 1);
				buf_puts(b, n > 1 ? "|" : ")");
			}
		} else {
			buf_puts(b, atoms[below((int)(sizeof atoms / sizeof *atoms))]);
		}
		if (below(3) == 0)
			buf_puts(b, repeats[below(7)]);
	}
}

static void random_text(struct buf *b)
{
	static const char *const letters[] = {"a", "b", "c", "я", "Я", "ё", "1", "-", "_", " ", ".", "\n", "ß", "ſ", "A", "٣", "\xc2\xa0"};
	for (int n = below(7); n > 0; n--)
		buf_puts(b, letters[below((int)(sizeof letters / sizeof *letters))]);
}

static void agrees_with_postgresql(void **state)
{
	(void)state;
	const char *address = getenv("OSTOV_TEST_PG") ? getenv("OSTOV_TEST_PG") : getenv("OSTOV_TEST_DATABASE");
	if (!address)
		skip();
	PGconn *pg = PQconnectdb(address);
	assert_int_equal(PQstatus(pg), CONNECTION_OK);
	int found = 0, cases = 0;
	for (int i = 0; i < 1500; i++) {
		struct arena *a = arena_new_sized(0);
		struct buf pattern = BUF_INIT, sql = BUF_INIT;
		if (below(4) == 0)
			buf_putc(&pattern, '^');
		random_pattern(&pattern, 3);
		if (below(4) == 0)
			buf_putc(&pattern, '$');
		struct expr_regex *re = compiled(a, pattern.data);
		char *texts[12];
		buf_puts(&sql, "SELECT (t COLLATE \"C\") ~ $1::text FROM unnest(ARRAY[");
		for (int k = 0; k < 12; k++) {
			struct buf t = BUF_INIT;
			random_text(&t);
			texts[k] = buf_take(&t);
			char *quoted = PQescapeLiteral(pg, texts[k], strlen(texts[k]));
			buf_printf(&sql, "%s%s", k ? "," : "", quoted);
			PQfreemem(quoted);
		}
		buf_puts(&sql, "]::text[]) WITH ORDINALITY AS x(t, n) ORDER BY n");
		const char *values[] = {pattern.data};
		PGresult *r = PQexecParams(pg, sql.data, 1, NULL, values, NULL, NULL, 0);
		if (PQresultStatus(r) != PGRES_TUPLES_OK)
			fail_msg("%s: %s", pattern.data, PQerrorMessage(pg));
		for (int k = 0; k < 12; k++) {
			bool mine = expr_regex_search(a, re, texts[k], strlen(texts[k]));
			if (mine != (PQgetvalue(r, k, 0)[0] == 't'))
				fail_msg("%s on \"%s\": here %d", pattern.data, texts[k], mine);
			found += mine;
			cases++;
			free(texts[k]);
		}
		PQclear(r);
		buf_destroy(&pattern);
		buf_destroy(&sql);
		arena_delete(a);
	}
	PQfinish(pg);
	print_message("# %d of %d texts matched\n", found, cases);
	assert_true(found > cases / 20 && found < cases * 19 / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meaning),
		cmocka_unit_test(refused),
		cmocka_unit_test(takes_linear_time),
		cmocka_unit_test(agrees_with_postgresql),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
