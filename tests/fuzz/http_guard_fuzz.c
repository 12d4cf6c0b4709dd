/* Any bytes as what stands before a request: target, Host, framing and forwarding headers, a line each. */
#include <arpa/inet.h>
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "edge/http_guard.h"
#include "edge/http_proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is written there, the client is an address, and a list of proxies is read or refused. */
static void forwarded(struct arena *a, const char *value)
{
	struct http_proxies *p, *other;
	const char *bad;
	unsigned char bytes[16];
	assert(http_proxies_parse(a, "10.0.0.0/8,fd00::/8", &p, &bad) == 0);
	const char *client = http_proxies_client(a, p, "127.0.0.1", value);
	assert(inet_pton(AF_INET, client, bytes) == 1 || inet_pton(AF_INET6, client, bytes) == 1);
	if (http_proxies_parse(a, value, &other, &bad) == 0)
		assert(http_proxies_trust(other, "127.0.0.1"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new_sized(0);
	struct err err;
	struct http_framing framing = {0};
	const char *path, *query;
	char *text = malloc(size + 1), *save = NULL;
	memcpy(text, data, size);
	text[size] = '\0';
	err_init(&err, a);
	char *line = strtok_r(text, "\n", &save);
	if (line && http_guard_target(a, line, &path, &query, &err) == 0) {
		assert(*path == '/' && !strstr(path, "//") && text_valid(path, strlen(path)));
		for (const char *p = path; (p = strstr(p, "..")); p += 2)
			assert((p > path && p[-1] != '/') || (p[2] && p[2] != '/'));
	}
	while ((line = strtok_r(NULL, "\n", &save))) {
		char *colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = '\0';
		if (strcmp(line, "X-Forwarded-For") == 0)
			forwarded(a, colon + 1);
		http_guard_header(&framing, line, colon + 1 + strspn(colon + 1, " "));
	}
	if (http_guard_framing(&framing, "HTTP/1.1", &err) == 0) {
		assert(framing.hosts == 1 && framing.lengths + framing.encodings <= 1 && !framing.bad);
		if (framing.host && http_guard_host(framing.host, "127.0.0.1:8080", "https://crm.example.com"))
			assert(!strpbrk(framing.host, "/@ \t\\"));
	}
	free(text);
	arena_delete(a);
	return 0;
}
