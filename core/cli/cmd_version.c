/*
 * `ostov version`: which Ostov this is, and what it runs with.
 */
#include "cli/cli.h"

#include "config.h"

#include <microhttpd.h>
#include <lua.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

int
cmd_version(int argc, char **argv)
{
	int json = 0;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = 1;
		} else if (strcmp(argv[i], "--help") == 0) {
			puts("usage: ostov version [--json]\n\nPrints the version of Ostov and of the main libraries it runs with.");
			return CLI_OK;
		} else {
			fprintf(stderr, "ostov version: unknown argument '%s'\nhint: 'ostov version --help'\n", argv[i]);
			return CLI_USAGE;
		}
	}
	if (json) {
		printf("{\"ostov\":\"%s\",\"lua\":\"%s\",\"libmicrohttpd\":\"%s\",\"libuv\":\"%s\"}\n",
		       PACKAGE_VERSION, LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE,
		       MHD_get_version(), uv_version_string());
	} else {
		printf("ostov %s\n", PACKAGE_VERSION);
		printf("%s, libmicrohttpd %s, libuv %s\n", LUA_RELEASE, MHD_get_version(), uv_version_string());
	}
	return CLI_OK;
}
