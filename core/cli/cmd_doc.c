/* cmd_doc: `ostov doc`, what the program itself knows of the configuration language. */
#include "base/buf.h"
#include "cli/cli.h"
#include "meta/words.h"

#include <stdio.h>
#include <string.h>

static const char help[] = "usage: ostov doc words|types\n"
						   "\n"
						   "  words   every word of the configuration language with its options, as Markdown\n"
						   "  types   the same as annotations for the Lua language server (lua/types/ostov.lua)\n";

int cmd_doc(int argc, char **argv)
{
	struct buf b = BUF_INIT;
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return CLI_OK;
	}
	if (argc == 2 && strcmp(argv[1], "words") == 0) {
		words_write_markdown(&b);
	} else if (argc == 2 && strcmp(argv[1], "types") == 0) {
		words_write_lua(&b);
	} else {
		fputs(help, stderr);
		return CLI_USAGE;
	}
	fwrite(b.data, 1, b.len, stdout);
	buf_destroy(&b);
	return CLI_OK;
}
