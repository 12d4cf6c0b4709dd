/*
 * The program: finds the command by name and runs it.
 */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

/* One line a command, in the order in which the overview shows them. */
static const struct cli_command commands[] = {
	{ "version", "print the version", cmd_version },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void
usage(FILE *to)
{
	fputs("usage: ostov COMMAND [OPTION...] [ARGUMENT...]\n\ncommands:\n", to);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n'ostov COMMAND --help' tells more of one command.\n", to);
}

static const struct cli_command *
command_find(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* Edits (insert, delete, replace, swap of neighbours) between two words; words are cut at 31 bytes. */
static int
word_distance(const char *a, const char *b)
{
	enum { WORD_MAX = 31 };
	int rows[WORD_MAX + 1][WORD_MAX + 1];
	int n = (int)strnlen(a, WORD_MAX), m = (int)strnlen(b, WORD_MAX);
	for (int i = 0; i <= n; i++) {
		for (int j = 0; j <= m; j++) {
			if (i == 0 || j == 0) {
				rows[i][j] = i + j;
				continue;
			}
			int best = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (rows[i - 1][j] + 1 < best)
				best = rows[i - 1][j] + 1;
			if (rows[i][j - 1] + 1 < best)
				best = rows[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    rows[i - 2][j - 2] + 1 < best)
				best = rows[i - 2][j - 2] + 1;
			rows[i][j] = best;
		}
	}
	return rows[n][m];
}

static const char *
command_suggest(const char *word)
{
	const char *best = NULL;
	int best_distance = 3;
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		int d = word_distance(word, commands[i].name);
		if (d < best_distance) {
			best_distance = d;
			best = commands[i].name;
		}
	}
	return best;
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	const char *word = argv[1];
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
		if (strcmp(word, "help") == 0 && argc > 2) {
			const struct cli_command *c = command_find(argv[2]);
			if (c != NULL) {
				char *help[] = { argv[2], (char[]){ "--help" }, NULL };
				return c->run(2, help);
			}
		}
		usage(stdout);
		return CLI_OK;
	}
	if (strcmp(word, "--version") == 0)
		word = "version";
	const struct cli_command *c = command_find(word);
	if (c == NULL) {
		const char *near = command_suggest(word);
		fprintf(stderr, "ostov: unknown command '%s'\n", word);
		if (near != NULL)
			fprintf(stderr, "hint: did you mean '%s'?\n", near);
		else
			fputs("hint: 'ostov --help' lists the commands\n", stderr);
		return CLI_USAGE;
	}
	return c->run(argc - 1, argv + 1);
}
