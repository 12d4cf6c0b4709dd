/* JSON strings are written several bytes a step: compared with the plain way, every special byte at every place and length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void plain(char *out, const char *s, size_t len)
{
	*out++ = '"';
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '"' || c == '\\')
			out += sprintf(out, "\\%c", c);
		else if (c == '\n' || c == '\r' || c == '\t')
			out += sprintf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
		else if (c < 0x20)
			out += sprintf(out, "\\u%04x", c);
		else
			*out++ = (char)c;
	}
	strcpy(out, "\"");
}

static void check(const char *s, size_t len)
{
	char want[400];
	struct buf b = BUF_INIT;
	plain(want, s, len);
	buf_puts(&b, "x");
	buf_json(&b, s, len);
	assert_int_equal(b.len, strlen(want) + 1);
	assert_string_equal(b.data + 1, want);
	buf_destroy(&b);
}

static void json_strings(void **state)
{
	(void)state;
	/* exactly as long as the text: a byte read behind it is found by the sanitizer */
	for (size_t len = 0; len <= 33; len++)
		for (size_t at = 0; at < len; at++)
			for (int c = 0; c < 256; c++) {
				char *s = malloc(len);
				memset(s, c == 0xd0 ? 'z' : 0xd0, len);
				s[at] = (char)c;
				check(s, len);
				free(s);
			}
	check("", 0);
	srandom(7);
	for (int round = 0; round < 20000; round++) {
		char s[60];
		size_t len = (size_t)random() % sizeof s;
		for (size_t i = 0; i < len; i++)
			s[i] = (char)(random() % 4 ? random() % 256 : "\"\\\n\x1f\x20\x7f"[random() % 6]);
		check(s, len);
	}
}

static void growing(void **state)
{
	struct buf b = BUF_INIT;
	(void)state;
	for (int i = 0; i < 5000; i++) {
		buf_putc(&b, (char)('a' + i % 26));
		assert_int_equal(b.data[b.len], 0);
	}
	assert_int_equal(b.len, 5000);
	assert_true(b.cap > b.len);
	for (int i = 0; i < 5000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	buf_clear(&b);
	buf_int(&b, INT64_MIN);
	buf_putc(&b, ' ');
	buf_int(&b, 0);
	assert_string_equal(b.data, "-9223372036854775808 0");
	buf_destroy(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(json_strings), cmocka_unit_test(growing)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
