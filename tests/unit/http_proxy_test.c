/* Whose word about the client is taken: SAFETY 6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "edge/http_proxy.h"

static struct arena *a;

static const char *client(const char *list, const char *peer, const char *forwarded)
{
	struct http_proxies *p;
	const char *bad;
	assert_int_equal(http_proxies_parse(a, list, &p, &bad), 0);
	return http_proxies_trust(p, peer) ? http_proxies_client(a, p, peer, forwarded) : peer;
}

static void client_test(void **state)
{
	(void)state;
	static const char *const cases[][4] = {
		/* proxies, peer, X-Forwarded-For, client */
		{NULL, "127.0.0.1", "198.51.100.7", "198.51.100.7"},
		{NULL, "::1", "2001:db8::0001", "2001:db8::1"},
		{NULL, "198.51.100.9", "203.0.113.1", "198.51.100.9"},
		/* what the client itself wrote stands on the left */
		{NULL, "127.0.0.1", "127.0.0.1, 203.0.113.1, 198.51.100.7", "198.51.100.7"},
		{"10.0.0.0/8", "127.0.0.1", "6.6.6.6, 203.0.113.1, 10.2.3.4", "203.0.113.1"},
		{"10.0.0.0/8, fd00::/8", "fd00::5", "203.0.113.1,10.2.3.4", "203.0.113.1"},
		{"10.0.0.5", "10.0.0.6", "203.0.113.1", "10.0.0.6"},
		{"10.0.0.4/31", "10.0.0.5", "203.0.113.1", "203.0.113.1"},
		{"10.0.0.4/31", "10.0.0.6", "203.0.113.1", "10.0.0.6"},
		{"0.0.0.0/0", "10.0.0.6", "203.0.113.1", "203.0.113.1"},
		{"10.0.0.5", "::ffff:10.0.0.5", "203.0.113.1", "203.0.113.1"},
		/* with ports */
		{NULL, "127.0.0.1", "203.0.113.1:4711", "203.0.113.1"},
		{NULL, "127.0.0.1", "[2001:db8::1]:80", "2001:db8::1"},
		/* no address: the last that is known */
		{NULL, "127.0.0.1", "unknown", "127.0.0.1"},
		{NULL, "127.0.0.1", "203.0.113.1, _hidden", "127.0.0.1"},
		{"10.0.0.5", "127.0.0.1", "nonsense, 10.0.0.5", "10.0.0.5"},
		{NULL, "127.0.0.1", "", "127.0.0.1"},
		{NULL, "127.0.0.1", ",", "127.0.0.1"},
		{NULL, "127.0.0.1", "203.0.113.1,", "127.0.0.1"},
		{NULL, "127.0.0.1", "203.0.113.999", "127.0.0.1"},
		{NULL, "", "203.0.113.1", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(client(cases[i][0], cases[i][1], cases[i][2]), cases[i][3]);
}

static void parse_test(void **state)
{
	(void)state;
	static const char *const bad[] = {"proxy.example", "10.0.0.1/33", "fd00::/129", "10.0.0.1/", "10.0.0.1/-1",
									  "10.0.0.1/+1",   "10.0.0.1/8x", "10.0.0",     "[::1",      "10.0.0.1,x"};
	struct http_proxies *p;
	const char *which;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(http_proxies_parse(a, bad[i], &p, &which), -1);
		assert_string_equal(which, i == sizeof bad / sizeof *bad - 1 ? "x" : bad[i]);
	}
	assert_int_equal(http_proxies_parse(a, " 10.0.0.1 ,,fd00::/8 ", &p, &which), 0);
	assert_true(http_proxies_trust(p, "fdff::1") && http_proxies_trust(p, "10.0.0.1") && http_proxies_trust(p, "127.1.2.3"));
	assert_false(http_proxies_trust(p, "fe80::1") || http_proxies_trust(p, "10.0.0.2") || http_proxies_trust(p, "") ||
				 http_proxies_trust(p, "128.0.0.1"));
	assert_true(http_proxies_loopback("127.0.0.1") && http_proxies_loopback("::1") && http_proxies_loopback("::ffff:127.0.0.9"));
	assert_false(http_proxies_loopback("10.0.0.1") || http_proxies_loopback("") || http_proxies_loopback("::2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(client_test), cmocka_unit_test(parse_test)};
	a = arena_new_sized(0);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_delete(a);
	return failed;
}
