/* args: the command line of one command: `--name value`, `--name=value` and flags by a table, in any order, then what has no name.
 *
 * `--help` and `-h` print the command's help, `--` ends the options, `-` alone is no option. Nothing is copied: texts are those of argv. Not here: what the values mean. */
#ifndef OST_CLI_ARGS_H
#define OST_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

/* One option; exactly one of value, flag and list is set. */
struct args_option {
	const char *name;   /* "--data" */
	const char **value; /* takes the text behind it; of several the last */
	bool *flag;         /* true when it is there */
	const char **list;  /* takes several, of which each is kept */
	size_t *count, max; /* of the list */
};

struct args {
	const char *command; /* "plan", for messages */
	const char *help;
	const struct args_option *options;
	size_t noptions;
	const char **names; /* takes what has no name, in order */
	size_t nnames;
};

/* Reads argv[1] and what follows. False when the command is over with the exit status *code: help was printed, or the fault of the command line. */
bool args_read(const struct args *args, int argc, char **argv, int *code);
/* True when `--json` was read: failures are then told on standard output too. */
bool args_json(void);
/* Prints what is wrong with the command line and where its help is; returns CLI_USAGE. */
int args_fault(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
