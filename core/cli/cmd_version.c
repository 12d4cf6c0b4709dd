/* cmd_version: `ostov version`, which Ostov this is and what it runs with. */
#include "cli/cli.h"
#include "config.h"

#include <lua.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

int cmd_version(int argc, char **argv)
{
	bool json = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = true;
		} else if (strcmp(argv[i], "--help") == 0) {
			puts("usage: ostov version [--json]\n\nPrints the versions of Ostov and of the main libraries it runs with.");
			return CLI_OK;
		} else {
			fprintf(stderr, "ostov version: unknown argument '%s'\nhint: 'ostov version --help' shows the options\n", argv[i]);
			return CLI_USAGE;
		}
	}
	const char *lua = LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE;
	const char *format = json ? "{\"ostov\":\"%s\",\"lua\":\"%s\",\"libmicrohttpd\":\"%s\",\"libuv\":\"%s\"}\n"
							  : "ostov %s\nLua %s, libmicrohttpd %s, libuv %s\n";
	printf(format, PACKAGE_VERSION, lua, MHD_get_version(), uv_version_string());
	return CLI_OK;
}
