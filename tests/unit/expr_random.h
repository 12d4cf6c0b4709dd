/* Chance for tests of expressions: pools of awkward values, and typed expressions as text. Included by one program; everything is static.
 *
 * What is written nearly always types: kinds are chosen first, then what gives them. `role_names` are the roles that it names. */
#ifndef OST_TESTS_EXPR_RANDOM_H
#define OST_TESTS_EXPR_RANDOM_H

#include "expr_fixture.h"

enum { MAX_TEXT = 3500 };

static const char *const role_names[] = {"lawyer", "ceo", "office"};

static int table_index(const struct expr_table *t)
{
	return (int)((const struct fixture_table *)t - fixture);
}

/* --- chance --- */
static uint64_t rng_state;

static uint64_t rng(void)
{
	uint64_t z = (rng_state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static int below(int n)
{
	return (int)(rng() % (uint64_t)n);
}

static bool chance(int percent)
{
	return below(100) < percent;
}

#define PICK(list) (list)[below((int)(sizeof(list) / sizeof *(list)))]

static const char *const texts[] = {
	"Ромашка", "РОМАШКА", "ромашка", "ООО «Ёлка»", "ооо «ёлка»", "Straße",    "STRASSE", "İstanbul",     "istanbul",
	"ΟΔΟΣ",    "οδός",    "ΣΑΣ Σ.",  "a%b_c\\d",   "50%",        "abc",       "ABC",     "aBc123",       "x y",
	"Z",       "Я",       "я",       "ǅ",          "é",          "e\xcc\x81", "😀 ok",    "C-2026-00001", "two\nlines",
	"A",       "b",       "0",       "12.50",      "й",          "Ⅷ",         "ﬁ"};
static const char *const parts[] = {"а",   "Ё",   "ромаш", "СС",  "ss", "i", "Σ",  "ς", "%", "_",  "\\",
									"b_c", "abc", "АШК",   "», ", " ",  "0", "\n", "É", "",  "ок", "ok"};
static const char *const patterns[] = {
	"^[А-Яа-я]+$", "abc",   "[a-z]{2,4}[0-9]*", "^(a|b|Z)$", "\\\\d+", "C-\\\\d{4}-", "\\\\w+ \\\\w+", ".",       "^.{3}$", "[^a-z]",
	"ё|Ё",         "\\\\s", "(ab)*c",           "\\\\.",     "^\\\\W", "[\\\\d%_]",   "a.b",           "a?B?c?1", "s+e"};
static const char *const decimals[] = {
	"0",     "0.00",    "1",    "-1", "0.01", "-0.01", "12.50", "-12.5", "999999.99", "9999999999999999.99", "-9999999999999999.99",
	"33.33", "1000000", "0.05", "2",  "3",    "7",     "100",   "0.1"};
static const char *const huges[] = {"123456789012345678901234567890.0123456789",
									"-123456789012345678901234567890",
									"0",
									"0.0000000001",
									"1",
									"999999999999999999999999999999.9999999999",
									"-0.5",
									"3",
									"99999999999999999999",
									"12345678901234567890.5"};
static const int64_t ints[] = {
	0, 1, -1, 2, 3, 7, 10, 100, -100, 12, 31, 365, 4000000000, 9223372036854775807, -9223372036854775807 - 1, 5000, 5001};
static const char *const dates[] = {"2024-02-29", "2026-01-31", "2026-03-28", "2026-03-29", "2026-03-30", "2026-05-01", "2026-10-24",
									"2026-10-25", "2026-12-31", "2027-02-28", "0001-01-01", "9999-12-31", "2018-11-03", "2018-11-04",
									"2026-08-31", "2023-02-28", "1999-12-31", "1970-01-01", "2011-12-29", "2011-12-31"};
static const char *const times[] = {"2026-03-29T00:59:59.999999Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z",
									"2026-10-25T00:30:00Z",        "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z",
									"2018-11-04T02:59:59Z",        "2018-11-04T03:00:00Z", "2026-03-08T07:00:00Z",
									"2026-11-01T05:30:00Z",        "2026-11-01T06:30:00Z", "2026-05-01T21:00:00Z",
									"2026-05-01T20:59:59Z",        "1970-01-01T00:00:00Z", "1969-12-31T23:59:59.5Z",
									"2026-04-04T15:00:00Z",        "2026-04-04T15:15:00Z", "2026-10-03T15:45:00Z",
									"2011-12-30T09:59:59Z",        "2011-12-30T10:00:00Z", "2014-10-25T22:00:00Z",
									"2026-01-31T12:00:00Z",        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"};
static const int64_t durations[] = {
	0, 1, -1, 3600000000, 5400000000, -86400000000, 999999, 9223372036854775807, -9223372036854775807 - 1, 86400000001};
static const char *const zones[] = {"Europe/Berlin",       "Europe/Moscow", "America/Sao_Paulo", "America/New_York",
									"Australia/Lord_Howe", "Asia/Kolkata",  "Pacific/Apia",      "UTC"};

/* --- random expressions --- */
struct writer {
	struct buf b;
	int table;  /* of bare names */
	int record; /* -1 none */
	bool old;
};

static void write_kind(struct writer *w, enum expr_kind kind, int table, int depth);

static void put(struct writer *w, const char *s)
{
	buf_puts(&w->b, s);
}

static void put_text(struct writer *w, const char *s)
{
	struct buf q = BUF_INIT;
	for (; *s; s++) {
		if (*s == '\n')
			buf_puts(&q, "\\n");
		else if (*s == '\\' || *s == '"')
			buf_printf(&q, "\\%c", *s);
		else
			buf_putc(&q, *s);
	}
	buf_printf(&w->b, "\"%s\"", q.data ? q.data : "");
	buf_destroy(&q);
}

/* A field of that kind of table t (or one behind its lookups), behind `prefix`; false when there is none. */
static bool write_field(struct writer *w, int t, const char *prefix, enum expr_kind kind, int target, int depth)
{
	const struct expr_field *fit[FIXTURE_FIELDS], *lookups[FIXTURE_FIELDS];
	int nfit = 0, nlookups = 0;
	for (size_t i = 0; i < fixture[t].count; i++) {
		const struct expr_field *f = &fixture[t].fields[i];
		if (f->type.kind == kind && (target < 0 || f->type.table == &fixture[target].table))
			fit[nfit++] = f;
		if (f->type.kind == EXPR_RECORD)
			lookups[nlookups++] = f;
	}
	if (nlookups && depth > 0 && chance(nfit ? 25 : 100)) {
		const struct expr_field *f = lookups[below(nlookups)];
		char longer[400];
		snprintf(longer, sizeof longer, "%s%s.", prefix, f->name);
		if (write_field(w, table_index(f->type.table), longer, kind, target, depth - 1))
			return true;
	}
	if (!nfit)
		return false;
	buf_printf(&w->b, "%s%s", prefix, fit[below(nfit)]->name);
	return true;
}

static void write_any_field(struct writer *w, enum expr_kind kind, int target, int depth)
{
	int r = below(12);
	bool done;
	if (r == 0 && w->record >= 0)
		done = write_field(w, w->record, "record.", kind, target, depth);
	else if (r == 1 && w->old && kind != EXPR_RECORDS)
		done = write_field(w, FIXTURE_CONTRACT, "old.", kind, target, depth);
	else if (r == 2)
		done = write_field(w, FIXTURE_USER, "me.", kind, target, depth);
	else
		done = write_field(w, w->table, "", kind, target, depth);
	if (!done && !write_field(w, w->table, "", kind, target, 3) && !write_field(w, FIXTURE_USER, "me.", kind, target, 4))
		put(w, "nil");
}

static int lines_table(const struct writer *w, const char *from, size_t at)
{
	/* the table of the lines just written is found by its last name */
	(void)w;
	const char *name = strrchr(from + at, '.');
	name = name ? name + 1 : from + at;
	return strncmp(name, "payments", 8) == 0 ? FIXTURE_PAYMENT : strncmp(name, "contracts", 9) == 0 ? FIXTURE_CONTRACT : FIXTURE_USER;
}

/* fn(lines, …) with its items in the lines' scope; `value` is EXPR_NIL for none. */
static void write_aggregate(struct writer *w, const char *fn, enum expr_kind value, int condition, int depth)
{
	buf_printf(&w->b, "%s(", fn);
	size_t at = w->b.len;
	int inner;
	if (chance(8)) {
		buf_printf(&w->b, "role('%s')", PICK(role_names));
		inner = FIXTURE_USER;
	} else {
		write_any_field(w, EXPR_RECORDS, -1, 1);
		inner = lines_table(w, w->b.data, at);
	}
	int table = w->table, record = w->record;
	w->record = table;
	w->table = inner;
	if (value != EXPR_NIL) {
		put(w, ", ");
		write_kind(w, value, -1, depth > 1 ? 1 : 0);
	}
	if (chance(condition)) {
		put(w, ", ");
		write_kind(w, EXPR_BOOL, -1, depth > 2 ? 2 : depth - 1);
	}
	w->table = table;
	w->record = record;
	put(w, ")");
}

static void write_choice(struct writer *w, enum expr_kind kind, int target, int depth)
{
	if (chance(50)) {
		put(w, "iif(");
		write_kind(w, EXPR_BOOL, -1, depth - 1);
		put(w, ", ");
		write_kind(w, kind, target, depth - 1);
		put(w, ", ");
		write_kind(w, kind, target, depth - 1);
	} else {
		put(w, "coalesce(");
		write_kind(w, kind, target, depth - 1);
		put(w, ", ");
		if (chance(20))
			put(w, "nil");
		else
			write_kind(w, kind, target, depth - 1);
	}
	put(w, ")");
}

static void write_span(struct writer *w, int depth)
{
	static const char *const units[] = {"days", "months", "workdays"};
	buf_printf(&w->b, "%s(", PICK(units));
	if (chance(70) || depth < 1)
		buf_printf(&w->b, "%d", below(40) - 10);
	else
		write_kind(w, EXPR_INT, -1, depth - 1);
	put(w, ")");
}

static void write_pair(struct writer *w, enum expr_kind x, const char *op, enum expr_kind y, int depth)
{
	put(w, "(");
	write_kind(w, x, -1, depth - 1);
	put(w, op);
	write_kind(w, y, -1, depth - 1);
	put(w, ")");
}

static void write_leaf(struct writer *w, enum expr_kind kind, int target, int depth)
{
	int r = below(10);
	switch (kind) {
	case EXPR_BOOL:
		if (r == 0)
			put(w, chance(50) ? "true" : "false");
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_INT:
		if (r < 3)
			buf_printf(&w->b, "%lld", (long long)(chance(70) ? below(20) - 3 : PICK(ints) == INT64_MIN ? 5 : PICK(ints)));
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_DEC:
		if (r < 3)
			put(w, chance(70) ? PICK(decimals) : PICK(huges));
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_TEXT:
		if (r < 2)
			put_text(w, PICK(texts));
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_DATE:
		if (r == 0)
			put(w, "today()");
		else if (r == 1)
			buf_printf(&w->b, "(\"%s\" + days(%d))", PICK(dates), below(3) - 1);
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_TIME:
		if (r == 0)
			put(w, "now()");
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_DURATION:
		if (r < 2)
			buf_printf(&w->b, "hours(%s)", chance(50) ? "4" : "0.25");
		else
			write_any_field(w, kind, -1, depth);
		break;
	case EXPR_RECORD:
		if (target == FIXTURE_USER && r < 3)
			put(w, "me");
		else if (target == w->record && r < 5)
			put(w, "record");
		else
			write_any_field(w, kind, target, depth);
		break;
	default: write_any_field(w, kind, target, depth);
	}
}

static void write_compare(struct writer *w, int depth)
{
	static const char *const ops[] = {" == ", " ~= ", " < ", " <= ", " > ", " >= "};
	static const enum expr_kind kinds[] = {EXPR_INT, EXPR_DEC, EXPR_DEC, EXPR_TEXT, EXPR_DATE, EXPR_TIME, EXPR_DURATION};
	static const int targets[] = {FIXTURE_USER, FIXTURE_ACCOUNT, FIXTURE_DEPARTMENT};
	int r = below(14), target;
	if (r < 7) {
		enum expr_kind k = PICK(kinds);
		write_kind(w, k, -1, depth - 1);
		put(w, PICK(ops));
		if (k == EXPR_DATE && chance(30))
			put_text(w, PICK(dates));
		else if (k == EXPR_TIME && chance(30))
			put_text(w, PICK(times));
		else if (k == EXPR_INT && chance(30))
			write_kind(w, EXPR_DEC, -1, depth - 1);
		else
			write_kind(w, k, -1, depth - 1);
	} else if (r < 9) {
		static const enum expr_kind any[] = {EXPR_BOOL, EXPR_INT,  EXPR_DEC,      EXPR_TEXT,   EXPR_CHOICE,
											 EXPR_DATE, EXPR_TIME, EXPR_DURATION, EXPR_RECORD, EXPR_RECORDS};
		write_any_field(w, PICK(any), -1, 2);
		put(w, chance(50) ? " == nil" : " ~= nil");
	} else if (r < 11) {
		target = PICK(targets);
		write_kind(w, EXPR_RECORD, target, depth - 1);
		put(w, chance(60) ? " == " : " ~= ");
		write_kind(w, EXPR_RECORD, target, depth - 1);
	} else if (r < 12) {
		write_kind(w, EXPR_BOOL, -1, 0);
		put(w, chance(60) ? " == " : " ~= ");
		put(w, "(");
		write_kind(w, EXPR_BOOL, -1, depth - 1);
		put(w, ")");
	} else if (r < 13) {
		put(w, w->table == FIXTURE_CONTRACT    ? "stage"
			   : w->table == FIXTURE_ACCOUNT   ? "kind"
			   : w->record == FIXTURE_CONTRACT ? "record.stage"
											   : "me.account.kind");
		const char *const *codes =
			w->table == FIXTURE_CONTRACT || (w->table != FIXTURE_ACCOUNT && w->record == FIXTURE_CONTRACT) ? fixture_stages : fixture_kinds;
		if (chance(50))
			buf_printf(&w->b, " %s '%s'", chance(60) ? "==" : "~=", codes[below(3)]);
		else
			buf_printf(&w->b, " %s {'%s', '%s'}", chance(60) ? "in" : "not in", codes[below(3)], codes[below(3)]);
	} else {
		write_kind(w, EXPR_DEC, -1, depth - 1);
		put(w, chance(50) ? " in {" : " not in {");
		for (int i = below(4); i >= 0; i--) {
			if (chance(80))
				put(w, PICK(decimals));
			else
				write_kind(w, EXPR_DEC, -1, 0);
			put(w, i ? ", " : "");
		}
		put(w, "}");
	}
}

static void write_bool(struct writer *w, int depth)
{
	int r = below(20);
	if (r < 8) {
		write_compare(w, depth);
	} else if (r < 12) {
		const char *op = chance(50) ? " and " : " or ";
		put(w, "(");
		for (int i = 1 + below(3); i >= 0; i--) {
			write_kind(w, EXPR_BOOL, -1, depth - 1);
			put(w, i ? op : ")");
		}
	} else if (r < 14) {
		put(w, "not (");
		write_kind(w, EXPR_BOOL, -1, depth - 1);
		put(w, ")");
	} else if (r < 15) {
		write_choice(w, EXPR_BOOL, -1, depth);
	} else if (r < 16) {
		write_aggregate(w, "any", EXPR_NIL, 85, depth);
	} else if (r < 17) {
		static const char *const tests[] = {"contains", "starts_with", "ends_with"};
		if (chance(30)) {
			put(w, "matches(");
			write_kind(w, EXPR_TEXT, -1, depth - 1);
			buf_printf(&w->b, ", \"%s\")", PICK(patterns));
			return;
		}
		buf_printf(&w->b, "%s(", PICK(tests));
		write_kind(w, EXPR_TEXT, -1, depth - 1);
		put(w, ", ");
		if (chance(60))
			put_text(w, PICK(parts));
		else
			write_kind(w, EXPR_TEXT, -1, depth - 1);
		put(w, ")");
	} else if (r < 18) {
		write_kind(w, EXPR_RECORD, FIXTURE_USER, 1);
		put(w, chance(60) ? " in " : " not in ");
		if (chance(30))
			buf_printf(&w->b, "role('%s')", PICK(role_names));
		else
			put(w, w->table == FIXTURE_CONTRACT || w->table == FIXTURE_ACCOUNT ? "watchers"
				   : w->table == FIXTURE_PAYMENT                               ? "contract.watchers"
																			   : "me.department.people");
	} else if (r < 19) {
		put(w, "under(");
		write_kind(w, EXPR_RECORD, FIXTURE_DEPARTMENT, 1);
		put(w, ", ");
		write_kind(w, EXPR_RECORD, FIXTURE_DEPARTMENT, 1);
		put(w, ")");
	} else {
		buf_printf(&w->b, "has_role('%s')", PICK(role_names));
	}
}

static void write_kind(struct writer *w, enum expr_kind kind, int target, int depth)
{
	static const char *const plus[] = {" + ", " - "}, *const times_or[] = {" * ", " / ", " + ", " - "}, *const least[] = {"min", "max"};
	if (w->b.len > MAX_TEXT || depth <= 0 || chance(15)) {
		write_leaf(w, kind, target, depth > 0 ? depth : 1);
		return;
	}
	int r = below(10);
	switch (kind) {
	case EXPR_BOOL: write_bool(w, depth); return;
	case EXPR_INT:
		if (r < 3)
			write_pair(w, EXPR_INT, times_or[below(4)][1] == '/' ? " * " : PICK(plus), EXPR_INT, depth);
		else if (r < 4)
			write_aggregate(w, "count", EXPR_NIL, 70, depth);
		else if (r < 5)
			write_aggregate(w, chance(60) ? "sum" : PICK(least), EXPR_INT, 50, depth);
		else if (r < 6)
			write_pair(w, EXPR_DATE, " - ", EXPR_DATE, depth);
		else if (r < 8) {
			static const char *const fns[] = {"year(", "month(", "round(", "abs(", "-("};
			int f = below(5);
			put(w, fns[f]);
			write_kind(w, f < 2 ? EXPR_DATE : f == 2 ? EXPR_DEC : EXPR_INT, -1, depth - 1);
			put(w, ")");
		} else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_DEC:
		if (r < 4)
			write_pair(w, chance(80) ? EXPR_DEC : EXPR_INT, PICK(times_or), chance(80) ? EXPR_DEC : EXPR_INT, depth);
		else if (r < 6) {
			static const char *const fns[] = {"sum", "avg", "min", "max"};
			write_aggregate(w, PICK(fns), chance(80) ? EXPR_DEC : EXPR_INT, 50, depth);
		} else if (r < 7) {
			buf_puts(&w->b, "round(");
			write_kind(w, kind, -1, depth - 1);
			buf_printf(&w->b, ", %d)", below(6));
		} else if (r < 8) {
			put(w, chance(50) ? "abs(" : "-(");
			write_kind(w, kind, -1, depth - 1);
			put(w, ")");
		} else if (r < 9)
			write_pair(w, EXPR_DURATION, " / ", EXPR_DURATION, depth);
		else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_TEXT:
		if (r < 4) {
			static const enum expr_kind joined[] = {EXPR_TEXT, EXPR_TEXT, EXPR_INT, EXPR_DEC, EXPR_DATE, EXPR_TIME, EXPR_CHOICE};
			put(w, "(");
			write_kind(w, PICK(joined), -1, depth - 1);
			put(w, " .. ");
			write_kind(w, PICK(joined), -1, depth - 1);
			put(w, ")");
		} else if (r < 6) {
			put(w, "lower(");
			write_kind(w, kind, -1, depth - 1);
			put(w, ")");
		} else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_DATE:
		if (r < 5) {
			put(w, "(");
			write_kind(w, kind, -1, depth - 1);
			put(w, PICK(plus));
			write_span(w, depth - 1);
			put(w, ")");
		} else if (r < 7) {
			put(w, "date_of(");
			write_kind(w, EXPR_TIME, -1, depth - 1);
			put(w, ")");
		} else if (r < 8)
			write_aggregate(w, PICK(least), kind, 50, depth);
		else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_TIME:
		if (r < 4) {
			put(w, "(");
			write_kind(w, kind, -1, depth - 1);
			put(w, PICK(plus));
			write_span(w, depth - 1);
			put(w, ")");
		} else if (r < 6)
			write_pair(w, kind, PICK(plus), EXPR_DURATION, depth);
		else if (r < 7) {
			put(w, "end_of_day(");
			write_kind(w, EXPR_DATE, -1, depth - 1);
			put(w, ")");
		} else if (r < 8)
			write_aggregate(w, PICK(least), kind, 50, depth);
		else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_DURATION:
		if (r < 3)
			write_pair(w, kind, PICK(plus), kind, depth);
		else if (r < 5)
			write_pair(w, EXPR_TIME, " - ", EXPR_TIME, depth);
		else if (r < 6) {
			put(w, "hours(");
			write_kind(w, chance(50) ? EXPR_INT : EXPR_DEC, -1, depth - 1);
			put(w, ")");
		} else if (r < 8)
			write_aggregate(w, chance(60) ? "sum" : PICK(least), kind, 50, depth);
		else
			write_choice(w, kind, -1, depth);
		return;
	case EXPR_RECORD:
		if (r < 2)
			write_choice(w, kind, target, depth);
		else
			write_leaf(w, kind, target, depth);
		return;
	default: write_leaf(w, kind, target, depth);
	}
}

#endif
