#include "edge/http_proxy.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { PROXIES = 32, HOPS = 32, V4_AS_V6 = 96 };

/* IPv4 as ::ffff:a.b.c.d, so that there is one form. */
struct network {
	unsigned char bytes[16];
	unsigned bits;
};

struct http_proxies {
	struct network items[PROXIES + 2];
	size_t count;
};

/* "10.0.0.5", "fd00::1", with a port "10.0.0.5:80", "[fd00::1]:80". */
static bool address_parse(const char *s, size_t len, unsigned char bytes[16])
{
	char text[INET6_ADDRSTRLEN];
	const char *colon = memchr(s, ':', len);
	if (len && s[0] == '[') {
		const char *end = memchr(s, ']', len);
		if (!end)
			return false;
		s++;
		len = (size_t)(end - s);
	} else if (colon && !memchr(colon + 1, ':', len - (size_t)(colon + 1 - s))) {
		len = (size_t)(colon - s);
	}
	if (!len || len >= sizeof text)
		return false;
	memcpy(text, s, len);
	text[len] = 0;
	if (inet_pton(AF_INET6, text, bytes) == 1)
		return true;
	memset(bytes, 0, 10);
	bytes[10] = bytes[11] = 0xff;
	return inet_pton(AF_INET, text, bytes + 12) == 1;
}

static bool inside(const struct network *n, const unsigned char bytes[16])
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;
	return memcmp(n->bytes, bytes, whole) == 0 && (!rest || ((n->bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0);
}

static bool trusted(const struct http_proxies *p, const unsigned char bytes[16])
{
	for (size_t i = 0; i < p->count; i++)
		if (inside(&p->items[i], bytes))
			return true;
	return false;
}

static bool add(struct http_proxies *p, const char *s, size_t len)
{
	struct network n = {.bits = 128};
	const char *slash = memchr(s, '/', len);
	size_t address = slash ? (size_t)(slash - s) : len;
	if (!address_parse(s, address, n.bytes) || p->count == sizeof p->items / sizeof *p->items)
		return false;
	if (slash) {
		char *end;
		unsigned base = memchr(s, ':', address) ? 0 : V4_AS_V6;
		unsigned long bits = strtoul(slash + 1, &end, 10);
		if (end == slash + 1 || end != s + len || slash[1] == '+' || slash[1] == '-' || bits > 128 - base)
			return false;
		n.bits = (unsigned)bits + base;
	}
	p->items[p->count++] = n;
	return true;
}

int http_proxies_parse(struct arena *a, const char *list, struct http_proxies **out, const char **bad)
{
	struct http_proxies *p = arena_new(a, struct http_proxies);
	add(p, "127.0.0.0/8", strlen("127.0.0.0/8"));
	add(p, "::1", strlen("::1"));
	for (const char *s = list ? list : ""; *s;) {
		s += strspn(s, " ,");
		size_t len = strcspn(s, " ,");
		if (len && !add(p, s, len)) {
			*bad = arena_strndup(a, s, len);
			return -1;
		}
		s += len;
	}
	*out = p;
	return 0;
}

bool http_proxies_trust(const struct http_proxies *p, const char *address)
{
	unsigned char bytes[16];
	return address_parse(address, strlen(address), bytes) && trusted(p, bytes);
}

bool http_proxies_loopback(const char *address)
{
	static const unsigned char v6[16] = {[15] = 1};
	unsigned char bytes[16];
	return address_parse(address, strlen(address), bytes) &&
		   (memcmp(bytes, v6, 16) == 0 || memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f", 13) == 0);
}

const char *http_proxies_client(struct arena *a, const struct http_proxies *p, const char *peer, const char *forwarded_for)
{
	const char *client = peer;
	size_t end = strlen(forwarded_for);
	/* from the right: what stands left of an address that is not trusted is the client's own word */
	for (int hop = 0; hop < HOPS && end > 0; hop++) {
		size_t from = end;
		while (from > 0 && forwarded_for[from - 1] != ',')
			from--;
		size_t at = from, len = end - from;
		for (; len && (forwarded_for[at] == ' ' || forwarded_for[at] == '\t'); at++)
			len--;
		while (len && (forwarded_for[at + len - 1] == ' ' || forwarded_for[at + len - 1] == '\t'))
			len--;
		unsigned char bytes[16];
		if (!address_parse(forwarded_for + at, len, bytes))
			break;
		char text[INET6_ADDRSTRLEN];
		bool v4 = memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
		inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? bytes + 12 : bytes, text, sizeof text);
		client = arena_strdup(a, text);
		if (!trusted(p, bytes))
			break;
		end = from > 0 ? from - 1 : 0;
	}
	return client;
}
