/* cmd_doc: `ostov doc`, what the program itself knows of the configuration language. */
#include "base/buf.h"
#include "cli/args.h"
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
	const char *what = NULL;
	int code;
	const struct args args = {"doc", help, NULL, 0, &what, 1};
	if (!args_read(&args, argc, argv, &code))
		return code;
	if (what && strcmp(what, "words") == 0) {
		words_write_markdown(&b);
	} else if (what && strcmp(what, "types") == 0) {
		words_write_lua(&b);
	} else {
		fputs(help, stderr);
		return CLI_USAGE;
	}
	fwrite(b.data, 1, b.len, stdout);
	buf_destroy(&b);
	return CLI_OK;
}
