/* main: finds the command by name and runs it. */
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

/* One line a command, in the order in which the overview shows them. */
static const struct cli_command commands[] = {
	{"new", "write a small configuration to begin with", cmd_new},
	{"import", "bring the rows of a CSV or xlsx file into a section", cmd_import},
	{"export", "write the records of a section as CSV or xlsx", cmd_export},
	{"check", "check a configuration: every error at once", cmd_check},
	{"plan", "print what applying a configuration would do", cmd_plan},
	{"apply", "make a configuration the one in force", cmd_apply},
	{"serve", "run a configuration: database, workers, web application", cmd_serve},
	{"explain", "why somebody may or may not do something with a record", cmd_explain},
	{"doc", "print the words of the configuration language", cmd_doc},
	{"user", "people who sign in: add, password, deactivate, list", cmd_user},
	{"version", "print the version", cmd_version},
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void usage(FILE *to)
{
	fputs("usage: ostov COMMAND [OPTION...] [ARGUMENT...]\n\ncommands:\n", to);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n'ostov COMMAND --help' tells more of one command.\n"
		  "exit status: 0 fine, 1 the input is at fault, 2 usage, 3 the environment (database, disk, port)\n",
		  to);
}

static const struct cli_command *command_find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *word)
{
	const char *names[COMMAND_COUNT];
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i].name;
	const char *near = text_nearest(word, names, COMMAND_COUNT);
	fprintf(stderr, "ostov: unknown command '%s'\n", word);
	if (near)
		fprintf(stderr, "hint: did you mean '%s'?\n", near);
	else
		fputs("hint: 'ostov --help' lists the commands\n", stderr);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	fault_setup();
	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	const char *word = argv[1];
	/* commands tell what happens by themselves; servers set their own */
	log_setup(LOG_ERROR, "ostov");
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || (strcmp(word, "help") == 0 && argc == 2)) {
		usage(stdout);
		return CLI_OK;
	}
	const struct cli_command *c;
	if (strcmp(word, "help") == 0) {
		char *help[] = {argv[2], (char[]){"--help"}, NULL};
		c = command_find(argv[2]);
		return c ? c->run(2, help) : unknown_command(argv[2]);
	}
	c = command_find(strcmp(word, "--version") == 0 ? "version" : word);
	return c ? c->run(argc - 1, argv + 1) : unknown_command(word);
}
