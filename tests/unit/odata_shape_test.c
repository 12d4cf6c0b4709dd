/* A kept plan run with another request's literals asks exactly what that request's own plan would ask: text and parameters are compared for every pair of addresses of a pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shop_fixture.h"

#include "edge/http_guard.h"
#include "edge/odata_shape.h"
#include "serve/plan_private.h"

/* Each template with each literal in the place of every '?'. */
static const char *const templates[] = {
	"order?$filter=number eq ?",
	"order?$filter=number ne ? or note eq ?",
	"order?$filter=sum gt ?&$count=true",
	"order?$filter=count eq ? and weight lt ?",
	"order?$filter=count add ? gt weight mul ?",
	"order?$filter=sum gt - ?",
	"order?$filter=due ge ?&$orderby=due&$top=5",
	"order?$filter=seen lt ?",
	"order?$filter=kind eq ?",
	"order?$filter=kind in (?,'trade')",
	"order?$filter=number in (?,?)",
	"order?$filter=number in (?,?,?)",
	"order?$filter=count in (?,-(?),3)",
	"order?$filter=weight in (?,?)",
	"order?$filter=contains(note,?)",
	"order?$filter=startswith(number,?) and not endswith(number,?)",
	"order?$filter=lines/any(l:l/price gt ? and contains(l/what,?))",
	"order?$filter=lines/all(l:l/what eq ?)",
	"order?$filter=lines/$count gt ?",
	"order?$filter=firm_id eq ?&$expand=firm($select=name),lines($filter=what eq ?)",
	"order?$filter=firm/name eq ?",
	"order?$filter=takes gt duration'PT1H' and number eq ?",
	"order?$filter=year(due) eq ? or month(due) eq ?",
	"order?$filter=? eq number",
	"order?$filter=(paid eq true) and number eq ?",
	"order?$filter=number eq null and note eq ?",
	"order?$filter=number/? eq 1",
	"order?$filter=number eq ?&$skip=?",
	"order?$orderby=due&$skip=?",
	"order?$orderby=due&$skiptoken=?",
	"order?$filter=number eq ?&$orderby=firm/name",
	"order?$orderby=firm/name&$skip=?",
	"order?$filter=sum gt ?&$orderby=firm desc&$skiptoken=?",
	"order?$filter=due gt ?&_=?",
	"order?$search=?",
	"order?$top=?",
	"order?%24filter=number%20eq%20?",
	"order?$filter=number eq ?&$filter=number eq ?",
};
static const char *const literals[] = {
	"'a'",
	"'it''s%25 \\_'",
	"''",
	"'retail'",
	"'trade'",
	"'2026-05-01'",
	"'duration'",
	"'%01'",
	"'%02t'",
	"5",
	"0",
	"-5",
	"%2B5",
	"17",
	"40",
	"200000",
	"9223372036854775807",
	"9223372036854775808",
	"1.5",
	"22.25",
	"-1.5",
	"1.50",
	"2026-05-01",
	"2026-12-31",
	"2026-13-01",
	"2026-05-01T10:00:00Z",
	"2027-05-01T10:00:00%2B03:00",
	"null",
	"true",
	"false",
	"note",
	"1x",
	"5/6",
	/* [0,"2026-01-01"-like positions: days and a key; [1,null,7] */
	"WzAsMjA1MDAsN10",
	"WzAsMjA2MDAsOV0",
	"WzEsbnVsbCw3XQ",
	"WzAsInhcIl0",
	"Wz",
};
enum { TEMPLATES = sizeof templates / sizeof *templates, LITERALS = sizeof literals / sizeof *literals, POOL = TEMPLATES * LITERALS };

struct asked {
	struct arena *arena;
	const char *address;
	struct odata_shape shape;
	bool good;
	struct plan *plan;
	struct plan_query *query;
	struct odata_options options;
	struct pg_sql count;
	const char *count_text;
	const char *own; /* text and parameters without any shape */
};

static struct registry *reg;
static struct actor actor;

static void add_params(struct buf *b, const struct pg_sql *sql, const char *text, struct arena *a, const struct pg_bindings *with)
{
	struct pg_params p = {0};
	pg_sql_bind(sql, a, with, &p);
	buf_printf(b, "%s\n", text);
	for (size_t i = 0; i < p.count; i++)
		buf_printf(b, "  %d %s\n", (int)p.items[i].type, p.items[i].text ? p.items[i].text : "(null)");
}

static void add_query(struct buf *b, const struct plan_query *q, struct arena *a, const struct pg_bindings *with)
{
	add_params(b, &q->sql, q->text, a, with);
	for (size_t i = 0; i < q->children.count; i++) {
		struct value none = {.kind = VALUE_LIST};
		struct pg_bindings mine = *with;
		mine.inputs = &none;
		mine.ninputs = 1;
		add_query(b, &q->children.items[i]->query, a, &mine);
	}
	if (q->rest) {
		struct value place[3] = {{0}};
		struct pg_bindings mine = *with;
		place[2] = value_int(0);
		mine.inputs = place;
		mine.ninputs = 3;
		add_query(b, q->rest, a, &mine);
	}
}

/* Everything that a run of the plan sends, with the literals and the position of `with`. */
static const char *sent(const struct asked *x, struct arena *a, const struct odata_shape *with)
{
	struct buf b = BUF_INIT;
	struct value key[8] = {{0}}, *inputs = key;
	struct pg_bindings bind = {.me = 7, .now_us = 1, .today = 2, .zone = "UTC"};
	size_t n = 1;
	if (with && with->token) {
		struct err err;
		err_init(&err, a);
		assert_int_equal(plan_token_values(x->plan, a, with->token, &inputs, &n, &err), 0);
	} else if (x->options.ninputs) {
		inputs = x->options.inputs;
		n = x->options.ninputs;
	}
	bind.inputs = inputs;
	bind.ninputs = n;
	if (with) {
		bind.literals = with->values;
		bind.nliterals = with->count;
	}
	add_query(&b, x->query, a, &bind);
	if (x->count_text)
		add_params(&b, &x->count, x->count_text, a, &bind);
	const char *out = arena_strndup(a, b.data, b.len);
	buf_destroy(&b);
	return out;
}

static bool ask(struct asked *x, const char *query, struct odata_shape *shape)
{
	struct err err;
	err_init(&err, x->arena);
	if (plan_create(x->arena, reg, &actor, registry_find(reg, "order"), &x->plan, &err) ||
		odata_options_parse_shape(shop_request(x->arena, query), x->plan, shape, &x->options, &err) ||
		plan_compile(x->plan, &x->query, &err))
		return false;
	x->count_text = NULL;
	if (x->options.count) {
		assert_int_equal(plan_compile_count(x->plan, 0, &x->count, &err), 0);
		x->count_text = pg_sql_finish(&x->count);
	}
	return true;
}

static void prepare(struct asked *x, const char *template, const char *literal)
{
	struct buf raw = BUF_INIT;
	struct err err;
	const char *path, *query;
	x->arena = arena_new_sized(0);
	err_init(&err, x->arena);
	buf_putc(&raw, '/');
	for (const char *s = template; *s; s++)
		for (const char *t = *s == '?' && s > template + 5 ? literal : (const char[]){*s, 0}; *t; t++)
			if (*t == ' ')
				buf_puts(&raw, "%20");
			else
				buf_putc(&raw, *t);
	x->address = arena_strdup(x->arena, raw.data);
	assert_int_equal(http_guard_target(x->arena, x->address, &path, &query, &err), 0);
	buf_destroy(&raw);
	/* first as if there were no shapes, then with its own */
	bool good = ask(x, query, NULL);
	x->own = good ? sent(x, x->arena, NULL) : NULL;
	odata_shape_read(shop_request(x->arena, query), &x->shape);
	x->good = ask(x, query, &x->shape);
	if (x->good != good)
		fail_msg("%s: parses otherwise with its shape", x->address);
	if (good && strcmp(sent(x, x->arena, &x->shape), x->own) != 0)
		fail_msg("%s: sends otherwise with its shape", x->address);
}

/* As the store of plans decides it. */
static bool fits(const struct asked *kept, const struct asked *x)
{
	if (strcmp(kept->shape.key, x->shape.key) != 0 || kept->shape.nliterals != x->shape.nliterals)
		return false;
	for (size_t i = 0; i < kept->shape.nliterals; i++) {
		const struct odata_literal *l = &kept->shape.literals[i], *m = &x->shape.literals[i];
		if (!odata_shape_free(l) && (l->len != m->len || memcmp(l->text, m->text, l->len) != 0))
			return false;
	}
	return true;
}

static void every_pair(void **state)
{
	static struct asked pool[POOL];
	size_t n = 0, hits = 0, good = 0;
	(void)state;
	for (size_t t = 0; t < TEMPLATES; t++)
		for (size_t l = 0; l < LITERALS; l++) {
			prepare(&pool[n], templates[t], literals[l]);
			good += pool[n++].good;
		}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; pool[i].good && k < n; k++) {
			if (i == k || !fits(&pool[i], &pool[k]))
				continue;
			struct arena *a = arena_new_sized(0);
			if (!pool[k].good && !pool[k].shape.token)
				fail_msg("%s is an error, and a plan is kept for it by %s", pool[k].address, pool[i].address);
			if (pool[k].good && strcmp(sent(&pool[i], a, &pool[k].shape), pool[k].own) != 0)
				fail_msg("the plan of %s does not do for %s:\n%s%s", pool[i].address, pool[k].address, sent(&pool[i], a, &pool[k].shape),
						 pool[k].own);
			hits++;
			arena_delete(a);
		}
	print_message("%zu addresses, %zu good, %zu pairs share a plan\n", n, good, hits);
	assert_true(good > 250);
	assert_true(hits > 600);
	for (size_t i = 0; i < n; i++)
		arena_delete(pool[i].arena);
}

/* That plans are shared at all, and where they must not be. */
static void which_share(void **state)
{
	static const struct {
		const char *template, *one, *other;
		bool share;
	} cases[] = {
		{"order?$filter=number eq ?", "'a'", "'it''s'", true},
		{"order?$filter=number in (?,?)", "'a'", "'b'", true},
		{"order?$filter=contains(note,?)", "'a'", "'100%25'", true},
		{"order?$filter=lines/any(l:contains(l/what,?))", "'a'", "'b'", true},
		{"order?$filter=due ge ?", "2026-05-01", "2027-01-31", true},
		{"order?$filter=seen lt ?", "2026-05-01T10:00:00Z", "2027-05-01T10:00:00%2B03:00", true},
		{"order?$filter=sum gt ?", "5", "70", true},
		{"order?$filter=sum gt ?", "1.50", "2.75", true},
		{"order?$filter=firm_id eq ?", "5", "70", true},
		{"order?$orderby=due&$skip=?", "50", "100", true},
		{"order?$orderby=due&$skiptoken=?", "WzAsMjA1MDAsN10", "WzAsMjA2MDAsOV0", true},
		{"order?$filter=number eq 'x'&_=?", "1", "2", true},
		{"order?$filter=sum gt ?", "5", "5.0", false},
		{"order?$filter=sum gt ?", "1.5", "1.25", false},
		{"order?$filter=sum gt ?", "9223372036854775807", "9223372036854775808", false},
		{"order?$filter=kind eq ?", "'retail'", "'trade'", false},
		{"order?$filter=kind eq ?", "'retail'", "'nothing'", false},
		{"order?$filter=number eq ?", "'a'", "null", false},
		{"order?$filter=sum gt - ?", "5", "6", false},
		{"order?$orderby=due&$skip=?", "50", "0", false},
		{"order?$orderby=due&$skiptoken=?", "WzAsMjA1MDAsN10", "WzEsbnVsbCw3XQ", false},
		{"order?$top=?", "5", "6", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct asked one = {0}, other = {0};
		prepare(&one, cases[i].template, cases[i].one);
		prepare(&other, cases[i].template, cases[i].other);
		if (!one.good || fits(&one, &other) != cases[i].share)
			fail_msg("%s and %s: %s", one.address, other.address, cases[i].share ? "share no plan" : "share a plan");
		arena_delete(one.arena);
		arena_delete(other.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_pair), cmocka_unit_test(which_share)};
	reg = shop_registry();
	shop_actor(reg, "boss", &actor);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	registry_unref(reg);
	return failed;
}
