/* import: what files of rows are taken for, cell by cell: CSV in its many habits, workbooks made by a real writer, and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <xlsxwriter.h>
#include <zip.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "edge/import_source.h"
#include "edge/import_xlsx.h"

static struct arena *a;
static struct err err;

static int setup(void **state)
{
	(void)state;
	a = arena_new_sized(0);
	err_init(&err, a);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_delete(a);
	return 0;
}

/* All rows of a source as "line:cell|cell\n"; NULL when it is refused. */
static const char *rows_of(const char *bytes, size_t len, struct import_format *format)
{
	struct import_source *s;
	const struct csv_cell *cells;
	size_t n;
	int64_t row;
	int more;
	struct buf out = BUF_INIT;
	buf_puts(&out, "");
	if (import_source_open(a, bytes, len, format, &s, &err)) {
		buf_destroy(&out);
		return NULL;
	}
	while ((more = import_source_next(s, &cells, &n, &row, &err)) == 1) {
		buf_printf(&out, "%lld:", (long long)row);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(strlen(cells[i].text), cells[i].len);
			buf_printf(&out, "%s%s", i ? "|" : "", cells[i].text);
		}
		buf_putc(&out, '\n');
	}
	import_source_close(s);
	const char *text = more < 0 ? NULL : arena_strndup(a, out.data ? out.data : "", out.len);
	buf_destroy(&out);
	return text;
}

static const char *detected(const char *bytes, size_t len, struct import_format *format)
{
	if (import_source_detect(a, bytes, len, format, &err))
		return NULL;
	return rows_of(bytes, len, format);
}

static void csv_is(const char *text, char separator, enum csv_quote quote, const char *expected)
{
	struct import_format f;
	assert_string_equal(detected(text, strlen(text), &f), expected);
	assert_string_equal(f.kind, "csv");
	assert_int_equal(f.csv.separator, separator);
	assert_int_equal(f.csv.quote, quote);
}

static void test_csv_separators(void **state)
{
	(void)state;
	csv_is("a;b;c\n1;2;3\n4;5,5;6\n", ';', CSV_DOUBLED, "1:a|b|c\n2:1|2|3\n3:4|5,5|6\n");
	csv_is("a,b\r\n1,2\r\n", ',', CSV_DOUBLED, "1:a|b\n2:1|2\n");
	csv_is("a\tb\r1\t2", '\t', CSV_DOUBLED, "1:a|b\n2:1|2\n");
	csv_is("a|b\n1;1|2\n", '|', CSV_DOUBLED, "1:a|b\n2:1;1|2\n");
}

static void test_csv_quotes(void **state)
{
	(void)state;
	csv_is("name;note\n\"OOO \"\"Rose\"\"\";x\n\"a;b\";y\n", ';', CSV_DOUBLED, "1:name|note\n2:OOO \"Rose\"|x\n3:a;b|y\n");
	csv_is("name,note\n\"OOO \\\"Rose\\\", Tver\",x\n\"a\\\\b\",y\n", ',', CSV_BACKSLASH,
		   "1:name|note\n2:OOO \"Rose\", Tver|x\n3:a\\b|y\n");
	/* a quote within an unquoted cell is a letter, so is a backslash where quotes are doubled */
	csv_is("a;b\n5\" pipe;c:\\d\n", ';', CSV_DOUBLED, "1:a|b\n2:5\" pipe|c:\\d\n");
	csv_is("a;b\n\"\";\"\"\"\"\n", ';', CSV_DOUBLED, "1:a|b\n2:|\"\n");
}

static void test_csv_lines(void **state)
{
	(void)state;
	/* lines are counted as editors count them: a quoted line break counts too */
	csv_is("a;b\n\n\"x\ny\";1\n;\n\nz;2", ';', CSV_DOUBLED, "1:a|b\n3:x\ny|1\n7:z|2\n");
	csv_is("a;b\r\n\"x\r\ny\";1\r\nz;\r\n", ';', CSV_DOUBLED, "1:a|b\n2:x\r\ny|1\n4:z|\n");
}

static void refused(const char *bytes, size_t len, const char *with)
{
	struct import_format f;
	err_init(&err, a);
	assert_null(detected(bytes, len, &f));
	assert_int_equal(err.code, ERR_UNPROCESSABLE);
	if (!strstr(err.message, with))
		fail_msg("'%s' has no '%s'", err.message, with);
}

static void test_csv_refused(void **state)
{
	(void)state;
	refused("a;b\n1;2\n\"never closed;3\n4;5\n", 28, "line 3");
	struct buf b = BUF_INIT;
	for (int i = 0; i < IMPORT_COLUMNS; i++)
		buf_puts(&b, "x;");
	refused(b.data, b.len, "500 columns");
	buf_clear(&b);
	buf_puts(&b, "a;b\n1;");
	for (int i = 0; i < IMPORT_CELL + 1; i++)
		buf_putc(&b, 'x');
	refused(b.data, b.len, "1 MB");
	buf_destroy(&b);
}

static void test_csv_write(void **state)
{
	(void)state;
	static const char *const texts[] = {"plain", "a;b", "\"", "x\ny", "\\", "\\\"", "a,b", "", "\r"};
	for (int quote = CSV_DOUBLED; quote <= CSV_BACKSLASH; quote++)
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
			struct csv_format f = {';', (enum csv_quote)quote};
			struct csv_reader *r = test_malloc(sizeof *r);
			struct buf b = BUF_INIT;
			csv_write_cell(&b, texts[i], strlen(texts[i]), f);
			buf_puts(&b, ";end\r\n");
			csv_create(r, b.data, b.len, f);
			assert_int_equal(csv_next(r, &err), 1);
			assert_int_equal(r->ncells, 2);
			assert_string_equal(r->cells[0].text, texts[i]);
			assert_int_equal(csv_next(r, &err), 0);
			csv_destroy(r);
			test_free(r);
			buf_destroy(&b);
		}
}

static void encoding_is(const char *bytes, size_t len, const char *encoding, const char *rows)
{
	struct import_format f;
	const char *got = detected(bytes, len, &f);
	if (!got)
		fail_msg("%s: %s", encoding, err.message);
	assert_string_equal(f.encoding, encoding);
	assert_string_equal(got, rows);
}

static void test_encodings(void **state)
{
	(void)state;
	static const char utf8[] = "\xef\xbb\xbfимя;город\nРоза;Тверь\n";
	static const char rows[] = "1:имя|город\n2:Роза|Тверь\n";
	/* "имя;город\nРоза;Тверь\n" */
	static const char cp1251[] = "\xe8\xec\xff;\xe3\xee\xf0\xee\xe4\n\xd0\xee\xe7\xe0;\xd2\xe2\xe5\xf0\xfc\n";
	static const char utf16le[] =
		"\xff\xfe\x38\x04\x3c\x04\x4f\x04;\0\x33\x04\x3e\x04\x40\x04\x3e\x04\x34\x04\n\0\x20\x04\x3e\x04\x37\x04\x30\x04;"
		"\0\x22\x04\x32\x04\x35\x04\x40\x04\x4c\x04\n";
	encoding_is(utf8, sizeof utf8 - 1, "UTF-8", rows);
	encoding_is(utf8 + 3, sizeof utf8 - 4, "UTF-8", rows);
	encoding_is(cp1251, sizeof cp1251 - 1, "windows-1251", rows);
	encoding_is(utf16le, sizeof utf16le, "UTF-16", rows);
	encoding_is(utf16le + 2, sizeof utf16le - 2, "UTF-16LE", rows);
	struct import_format f = {.kind = "csv", .encoding = "UTF-8", .csv = {';', CSV_DOUBLED}};
	assert_null(rows_of(cp1251, sizeof cp1251 - 1, &f));
	assert_int_equal(err.code, ERR_UNPROCESSABLE);
	err_init(&err, a);
	f.encoding = "no-such-thing";
	assert_null(rows_of(cp1251, sizeof cp1251 - 1, &f));
	assert_int_equal(err.code, ERR_INVALID);
	assert_string_equal(err.target, "encoding");
}

static void test_votes(void **state)
{
	(void)state;
	static const struct {
		const char *cells[4];
		char decimal;
		enum import_date date;
	} cases[] = {
		{{"04.09.2017", "77 520,00", "x", "1,5"}, ',', IMPORT_DATE_DMY},
		{{"2017-09-04", "77520.00", "12.5", NULL}, '.', IMPORT_DATE_YMD},
		{{"9/14/2017", "1,234.50", NULL, NULL}, '.', IMPORT_DATE_MDY},
		{{"14/9/2017", "1.234,50", NULL, NULL}, ',', IMPORT_DATE_DMY},
		{{"1,234", NULL, NULL, NULL}, ',', IMPORT_DATE_DMY},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct import_votes v = {0};
		struct import_format f = {0};
		for (int k = 0; k < 4 && cases[i].cells[k]; k++)
			import_vote(&v, cases[i].cells[k], strlen(cases[i].cells[k]));
		import_decide(&v, &f);
		assert_int_equal(f.decimal, cases[i].decimal);
		assert_int_equal(f.date, cases[i].date);
	}
}

/* The cell as a value of the field: its text, or "!" and the reason. */
static const char *value_of(const struct field *f, const struct import_format *format, const char *text)
{
	struct value v;
	const char *reason = NULL;
	struct buf b = BUF_INIT;
	if (import_value(a, f, format, LANG_EN, text, strlen(text), &v, &reason)) {
		assert_non_null(reason);
		return arena_printf(a, "!%s", reason);
	}
	if (v.kind == VALUE_NIL)
		return "nil";
	if (v.kind == VALUE_DATE)
		date_write(&b, v.i);
	else if (v.kind == VALUE_TIME)
		time_write(&b, v.i);
	else if (v.kind == VALUE_BOOL)
		buf_puts(&b, v.b ? "true" : "false");
	else if (v.kind == VALUE_INT)
		buf_printf(&b, "%lld", (long long)v.i);
	else
		buf_add(&b, v.text.s, v.text.len);
	const char *out = arena_strndup(a, b.data ? b.data : "", b.len);
	buf_destroy(&b);
	return out;
}

static void value_is(enum field_type type, const struct import_format *format, const char *text, const char *expected)
{
	struct field f = {.type = type, .label = {{"Field", "Поле"}}};
	const char *got = value_of(&f, format, text);
	if (expected ? strcmp(got, expected) != 0 : *got != '!')
		fail_msg("'%s' gives '%s', expected '%s'", text, got, expected ? expected : "a refusal");
}

static void test_numbers(void **state)
{
	(void)state;
	struct import_format comma = {.decimal = ','}, point = {.decimal = '.'};
	value_is(FIELD_MONEY, &comma, "77520,00", "77520.00");
	value_is(FIELD_MONEY, &comma,
			 "77\xc2\xa0"
			 "520,00",
			 "77520.00");
	value_is(FIELD_MONEY, &comma,
			 "1\xe2\x80\xaf"
			 "077 520,5",
			 "1077520.5");
	value_is(FIELD_MONEY, &comma, "1.077.520,5", "1077520.5");
	value_is(FIELD_MONEY, &comma, "-12,5", "-12.5");
	value_is(FIELD_MONEY, &comma,
			 "\xe2\x88\x92"
			 "12,5",
			 "-12.5");
	value_is(FIELD_PERCENT, &comma, " 12,5% ", "12.5");
	value_is(FIELD_PERCENT, &comma, "12,5\xc2\xa0%", "12.5");
	value_is(FIELD_MONEY, &point, "1,234.50", "1234.50");
	value_is(FIELD_MONEY, &point, "1,234", "1234");
	value_is(FIELD_MONEY, &comma, "1,234", "1.234");
	/* a mark that cannot group digits is the decimal mark: dropping it would multiply the amount */
	value_is(FIELD_MONEY, &comma, "77.5", "77.5");
	value_is(FIELD_MONEY, &comma, "77520.00", "77520.00");
	value_is(FIELD_MONEY, &point, "77 520,00", "77520.00");
	value_is(FIELD_MONEY, &comma, "1 2", NULL);
	value_is(FIELD_MONEY, &comma, "1,2,3", NULL);
	value_is(FIELD_MONEY, &comma, "12.34,5", NULL);
	value_is(FIELD_MONEY, &comma, "5 \xd1\x80\xd1\x83\xd0\xb1", NULL);
	value_is(FIELD_MONEY, &comma, "", "nil");
	value_is(FIELD_MONEY, &comma, " \xc2\xa0 ", "nil");
	value_is(FIELD_INTEGER, &comma, "x", NULL);
}

static void test_dates(void **state)
{
	(void)state;
	struct import_format dmy = {.date = IMPORT_DATE_DMY, .zone = "Europe/Moscow"}, mdy = {.date = IMPORT_DATE_MDY},
						 ymd = {.date = IMPORT_DATE_YMD};
	value_is(FIELD_DATE, &dmy, "04.09.2017", "2017-09-04");
	value_is(FIELD_DATE, &dmy, "4.9.17", "2017-09-04");
	value_is(FIELD_DATE, &dmy, "4.9.70", "1970-09-04");
	value_is(FIELD_DATE, &dmy, "2017-09-04", "2017-09-04");
	value_is(FIELD_DATE, &dmy, "04.09.2017 10:30", "2017-09-04");
	value_is(FIELD_DATE, &dmy, "04.09.2017 \xd0\xb3.", "2017-09-04");
	value_is(FIELD_DATE, &mdy, "9/4/2017", "2017-09-04");
	value_is(FIELD_DATE, &ymd, "04.09.2017", "2017-09-04");
	value_is(FIELD_DATE, &dmy, "31.02.2017", NULL);
	value_is(FIELD_DATE, &dmy, "123.09.2017", NULL);
	value_is(FIELD_DATE, &dmy, "04.109.2017", NULL);
	value_is(FIELD_DATE, &dmy, "04.09.201", NULL);
	value_is(FIELD_DATE, &dmy, "04.09.2017 or later", NULL);
	value_is(FIELD_DATE, &dmy, "04.09.2017 25:00", NULL);
	value_is(FIELD_DATE, &dmy, "04.09", NULL);
	value_is(FIELD_DATE, &dmy, "04-09.2017", NULL);
	value_is(FIELD_DATE, &dmy, "20170904", "2017-09-04");
	value_is(FIELD_DATE, &mdy, "4 сентября 2017", "2017-09-04");
	value_is(FIELD_DATE, &dmy,
			 "\xc2\xab"
			 "04"
			 "\xc2\xbb мая 2017 г.",
			 "2017-05-04");
	value_is(FIELD_DATE, &dmy, "4-Sep-17", "2017-09-04");
	value_is(FIELD_DATE, &dmy, "20171304", NULL);
	value_is(FIELD_DATE, &dmy, "четвертое 2017", NULL);
	value_is(FIELD_DATE, &dmy, "31 фев 2017", NULL);
	value_is(FIELD_DATE, &dmy, "4 сентября", NULL);
	value_is(FIELD_DATETIME, &ymd, "4 сентября 2017 10:30", "2017-09-04T10:30:00Z");
	value_is(FIELD_DURATION, &dmy, "1:30", "PT1H30M0S");
	value_is(FIELD_DURATION, &dmy, "-100:00:01", "-PT100H0M1S");
	value_is(FIELD_DURATION, &dmy, "1:75", "1:75");
	value_is(FIELD_DURATION, &dmy, "PT5M", "PT5M");
	value_is(FIELD_DATETIME, &dmy, "2017-09-04T10:30:00Z", "2017-09-04T10:30:00Z");
	value_is(FIELD_DATETIME, &dmy, "04.09.2017 10:30", "2017-09-04T07:30:00Z");
	value_is(FIELD_DATETIME, &dmy, "04.09.2017, 10:30:15", "2017-09-04T07:30:15Z");
	value_is(FIELD_DATETIME, &ymd, "2017-09-04 10:30", "2017-09-04T10:30:00Z");
	value_is(FIELD_DATETIME, &dmy, "04.09.2017 10:99", NULL);
}

static void test_booleans_and_texts(void **state)
{
	(void)state;
	struct import_format f = {.decimal = ','};
	value_is(FIELD_BOOLEAN, &f, "Да", "true");
	value_is(FIELD_BOOLEAN, &f, "НЕТ", "false");
	value_is(FIELD_BOOLEAN, &f, "true", "true");
	value_is(FIELD_BOOLEAN, &f, "0", "false");
	value_is(FIELD_BOOLEAN, &f, "maybe", NULL);
	value_is(FIELD_TEXT, &f, "  two\r\n lines ", "two lines");
	value_is(FIELD_TEXT, &f, "\t", "nil");
	struct choice_value values[] = {{.code = "state_body", .label = {{"State body", "Госорган"}}},
									{.code = "firm", .label = {{"Firm", "Фирма"}}}};
	struct field choice = {.type = FIELD_CHOICE, .label = {{"Kind", "Вид"}}, .values = values, .nvalues = 2};
	assert_string_equal(value_of(&choice, &f, "state_body"), "state_body");
	assert_string_equal(value_of(&choice, &f, "state BODY"), "state_body");
	assert_string_equal(value_of(&choice, &f, " фирма"), "firm");
	assert_string_equal(value_of(&choice, &f, "bank"), "!Kind: there is no choice 'bank'");
}

/* ---- workbooks ---- */

static char *slurp(const char *path, size_t *len)
{
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	char *bytes = arena_alloc(a, 32 << 20);
	*len = fread(bytes, 1, 32 << 20, in);
	fclose(in);
	unlink(path);
	return bytes;
}

static const char *temporary(void)
{
	char *path = arena_printf(a, "%s/import-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	return path;
}

static void test_workbook(void **state)
{
	(void)state;
	for (int inline_texts = 0; inline_texts < 2; inline_texts++) {
		const char *path = temporary();
		size_t len;
		lxw_workbook_options options = {.constant_memory = (uint8_t)inline_texts};
		lxw_workbook *book = workbook_new_opt(path, &options);
		lxw_worksheet *first = workbook_add_worksheet(book, "Реестр"), *second = workbook_add_worksheet(book, "Second");
		lxw_format *date = workbook_add_format(book), *builtin = workbook_add_format(book), *stamp = workbook_add_format(book),
				   *quoted = workbook_add_format(book);
		format_set_num_format(date, "dd.mm.yyyy");
		format_set_num_format_index(builtin, 14);
		format_set_num_format(stamp, "[$-419]yyyy-mm-dd hh:mm");
		format_set_num_format(quoted, "0.00\" days\"");
		worksheet_write_string(first, 0, 0, "имя", NULL);
		worksheet_write_string(first, 0, 1, "second", NULL);
		worksheet_write_string(first, 0, 3, "имя", NULL);
		worksheet_write_number(first, 2, 0, 77520.5, NULL);
		worksheet_write_number(first, 2, 1, 42982, date);
		worksheet_write_number(first, 2, 2, 42982, builtin);
		worksheet_write_number(first, 2, 3, 42982.4375, stamp);
		worksheet_write_number(first, 2, 4, 3, quoted);
		worksheet_write_boolean(first, 3, 1, 1, NULL);
		worksheet_write_boolean(first, 3, 2, 0, NULL);
		worksheet_write_string(first, 3, 3, "  <a> & \"b\" ", NULL);
		worksheet_write_number(first, 4, 0, 0.1 + 0.2, NULL);
		worksheet_write_number(first, 4, 1, 123456789012.0, NULL);
		worksheet_write_formula_num(first, 4, 2, "=1+1", NULL, 2);
		worksheet_write_blank(first, 5, 0, date);
		worksheet_write_string(second, 0, 27, "far", NULL);
		assert_int_equal(workbook_close(book), LXW_NO_ERROR);
		const char *bytes = slurp(path, &len);
		struct import_format f;
		const char *got = detected(bytes, len, &f);
		if (!got)
			fail_msg("%s", err.message);
		assert_string_equal(f.kind, "xlsx");
		assert_string_equal(f.sheet, "Реестр");
		assert_string_equal(got, "1:имя|second||имя\n3:77520.5|2017-09-04|2017-09-04|2017-09-04 10:30:00|3\n4:|TRUE|FALSE|  <a> & \"b\" "
								 "\n5:0.3|123456789012|2\n");
		f.sheet = "Second";
		assert_string_equal(rows_of(bytes, len, &f), "1:|||||||||||||||||||||||||||far\n");
		f.sheet = "Third";
		err_init(&err, a);
		assert_null(rows_of(bytes, len, &f));
		assert_int_equal(err.code, ERR_UNPROCESSABLE);
	}
}

/* A cell is taken as the sheet shows it. */
static void test_workbook_formats(void **state)
{
	(void)state;
	static const struct {
		const char *format;
		double number;
		const char *shown;
	} cells[] = {{"0.0%", 0.125, "12.5%"},
				 {"0%;[Red]-0%", 0.07, "7%"},
				 {"0.00\" %\"", 0.125, "0.125"},
				 {"000000000000", 771234567, "000771234567"},
				 {"0", 5, "5"},
				 {"[h]:mm:ss", 1.25, "30:00:00"},
				 {"h:mm", 0.0625, "1:30:00"},
				 {"mm:ss", -0.0625, "-1:30:00"},
				 {"h:mm", 42982.4375, "2017-09-04 10:30:00"},
				 {"General", 1e-7, "0.0000001"}};
	enum { N = sizeof cells / sizeof *cells };
	const char *path = temporary();
	struct buf expected = BUF_INIT;
	size_t len;
	lxw_workbook *book = workbook_new(path);
	lxw_worksheet *sheet = workbook_add_worksheet(book, NULL);
	for (unsigned i = 0; i < N; i++) {
		lxw_format *f = workbook_add_format(book);
		format_set_num_format(f, cells[i].format);
		worksheet_write_number(sheet, i, 0, cells[i].number, f);
		buf_printf(&expected, "%u:%s\n", i + 1, cells[i].shown);
	}
	assert_int_equal(workbook_close(book), LXW_NO_ERROR);
	const char *bytes = slurp(path, &len);
	struct import_format f;
	const char *got = detected(bytes, len, &f);
	assert_non_null(got);
	assert_string_equal(got, expected.data);
	buf_destroy(&expected);
}

static void test_workbook_long(void **state)
{
	(void)state;
	const char *path = temporary();
	size_t len, seen = 0;
	lxw_workbook *book = workbook_new(path);
	lxw_worksheet *sheet = workbook_add_worksheet(book, NULL);
	for (unsigned r = 0; r < 20000; r++)
		for (lxw_col_t c = 0; c < 5; c++) {
			char text[40];
			snprintf(text, sizeof text, "text %u of %u", (unsigned)c, r);
			worksheet_write_string(sheet, r, c, text, NULL);
		}
	assert_int_equal(workbook_close(book), LXW_NO_ERROR);
	const char *bytes = slurp(path, &len);
	struct xlsx *x;
	const struct csv_cell *cells;
	size_t n;
	int64_t row;
	assert_int_equal(xlsx_open(a, bytes, len, NULL, &x, &err), 0);
	while (xlsx_next(x, &cells, &n, &row, &err) == 1) {
		char text[40];
		snprintf(text, sizeof text, "text 4 of %zu", seen);
		assert_int_equal(n, 5);
		assert_string_equal(cells[4].text, text);
		assert_int_equal(row, ++seen);
	}
	assert_int_equal(seen, 20000);
	xlsx_close(x);
}

static const char workbook_xml[] = "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" "
								   "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">"
								   "<sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";
static const char relations_xml[] = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship "
									"Id=\"rId1\" Type=\"t\" Target=\"worksheets/sheet1.xml\"/></Relationships>";
#define SHEET(rows)                                                                                                                        \
	"<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>" rows "</sheetData></worksheet>"

struct piece {
	const char *name, *text;
	size_t len; /* 0: of the text */
};

/* A zip of the pieces. */
static char *archive(const struct piece *pieces, size_t n, size_t *len)
{
	zip_error_t ze;
	zip_error_init(&ze);
	zip_source_t *out = zip_source_buffer_create(NULL, 0, 0, &ze);
	zip_t *z = zip_open_from_source(out, ZIP_TRUNCATE, &ze);
	assert_non_null(z);
	zip_source_keep(out);
	for (size_t i = 0; i < n; i++)
		assert_true(zip_file_add(z, pieces[i].name,
								 zip_source_buffer(z, pieces[i].text, pieces[i].len ? pieces[i].len : strlen(pieces[i].text), 0), 0) >= 0);
	assert_int_equal(zip_close(z), 0);
	assert_int_equal(zip_source_open(out), 0);
	zip_source_seek(out, 0, SEEK_END);
	*len = (size_t)zip_source_tell(out);
	zip_source_seek(out, 0, SEEK_SET);
	char *bytes = arena_alloc(a, *len);
	assert_int_equal(zip_source_read(out, bytes, *len), (zip_int64_t)*len);
	zip_source_close(out);
	zip_source_free(out);
	return bytes;
}

static char *sheet_archive(const char *sheet, size_t sheet_len, size_t *len)
{
	struct piece pieces[] = {{"xl/workbook.xml", workbook_xml, 0},
							 {"xl/_rels/workbook.xml.rels", relations_xml, 0},
							 {"xl/worksheets/sheet1.xml", sheet, sheet_len}};
	return archive(pieces, 3, len);
}

static void test_workbook_plain_parts(void **state)
{
	(void)state;
	struct import_format f;
	size_t len;
	/* no styles, no shared texts, cells without addresses, an error value, rich inline text with its reading */
	const char *bytes = sheet_archive(SHEET("<row><c><v>1</v></c><c t=\"e\"><v>#N/A</v></c><c "
											"t=\"inlineStr\"><is><r><t>a</t></r><r><t>b</t></r></is></c><c t=\"str\"><v>f</v></c></row>"
											"<row r=\"9\"><c r=\"B9\"><v>1E3</v></c></row>"),
									  0, &len);
	const char *got = detected(bytes, len, &f);
	if (!got)
		fail_msg("%s", err.message);
	assert_string_equal(got, "1:1||ab|f\n9:|1000\n");
}

static void sheet_refused(const char *sheet, const char *with)
{
	size_t len;
	char *bytes = sheet_archive(sheet, 0, &len);
	refused(bytes, len, with);
}

static void test_workbook_hostile(void **state)
{
	(void)state;
	size_t len;
	sheet_refused("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>" SHEET("<row><c t=\"str\"><v>&e;</v></c></row>"),
				  "cannot be read");
	sheet_refused("<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c "
				  "\"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">]>" SHEET("<row><c t=\"str\"><v>&c;</v></c></row>"),
				  "cannot be read");
	sheet_refused("<!DOCTYPE worksheet>" SHEET("<row><c><v>1</v></c></row>"), "document type");
	sheet_refused("<worksheet><sheetData><row><c><v>1", "valid XML");
	sheet_refused("not xml at all", "valid XML");
	sheet_refused(SHEET("<row><c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>2</v></c></row>"), "out of order");
	sheet_refused(SHEET("<row><c r=\"ZZZ1\"><v>1</v></c></row>"), "too many columns");
	sheet_refused(SHEET("<row><c r=\"1\"><v>1</v></c></row>"), "out of order");
	sheet_refused(SHEET("<row><c t=\"s\"><v>0</v></c></row>"), "not there");
	sheet_refused(SHEET("<row><c t=\"s\"><v>-1</v></c></row>"), "not there");
	const struct piece no_sheet[] = {{"xl/workbook.xml", workbook_xml, 0}, {"xl/_rels/workbook.xml.rels", relations_xml, 0}};
	const char *bytes = archive(no_sheet, 2, &len);
	refused(bytes, len, "missing");
	bytes = archive(no_sheet, 1, &len);
	refused(bytes, len, "missing");
	bytes = archive(&(struct piece){"mimetype", "x", 0}, 1, &len);
	refused(bytes, len, "missing");
	refused("PK\3\4 and then nothing of an archive", 36, "zip archive");
	const struct piece outside[] = {{"xl/workbook.xml", workbook_xml, 0},
									{"xl/_rels/workbook.xml.rels",
									 "<Relationships><Relationship Id=\"rId1\" Target=\"../../../../etc/passwd\"/></Relationships>", 0}};
	bytes = archive(outside, 2, &len);
	refused(bytes, len, "missing");
}

static void test_workbook_bomb(void **state)
{
	(void)state;
	size_t len, size = 24 << 20;
	char *blanks = malloc(size);
	assert_non_null(blanks);
	memset(blanks, ' ', size);
	static const char head[] = "<worksheet><sheetData>";
	memcpy(blanks, head, sizeof head - 1);
	char *bytes = sheet_archive(blanks, size, &len);
	free(blanks);
	assert_true(len < 100000);
	refused(bytes, len, "honest");
	/* the archive's own table says that the sheet is small: what it unpacks to is what counts */
	size_t patched = 0;
	for (size_t i = 0; i + 4 <= len; i++) {
		uint32_t here;
		memcpy(&here, bytes + i, 4);
		if (here == size) {
			memcpy(bytes + i, "\x00\x01\x00\x00", 4);
			patched++;
		}
	}
	assert_true(patched >= 1);
	struct import_format f;
	err_init(&err, a);
	assert_null(detected(bytes, len, &f));
	assert_int_equal(err.code, ERR_UNPROCESSABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_csv_separators, setup, teardown),
		cmocka_unit_test_setup_teardown(test_csv_quotes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_csv_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_csv_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_csv_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_encodings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_votes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_booleans_and_texts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workbook, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workbook_formats, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workbook_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workbook_plain_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workbook_hostile, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workbook_bomb, setup, teardown),
	};
	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
