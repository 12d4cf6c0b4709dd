/* cli: exit codes and the table of commands.
 *
 * A command is one file cmd_<name>.c with a function declared here and one line in the table of main.c. Nothing here owns
 * memory. What a command does is not here: it stands in the floors below. */
#ifndef OST_CLI_CLI_H
#define OST_CLI_CLI_H

/* Exit codes of every command. */
enum cli_exit {
	CLI_OK = 0,    /* it did what was asked */
	CLI_INPUT = 1, /* the input is at fault, and the fault was reported */
	CLI_USAGE = 2, /* the command line itself is wrong */
	CLI_ENV = 3,   /* the environment failed: database, disk, port */
};

/* One command of the program. */
struct cli_command {
	const char *name;                  /* as typed: "serve" */
	const char *summary;               /* one line for the overview */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an enum cli_exit */
};

struct buf;
struct config;
struct err;

/* Prints an error with what belongs to it and its hint, with --json as {"error":{code, message, target, hint, details}} on standard output too; returns the exit status that
 * belongs to its code. */
int cli_fail(const char *command, const struct err *err);
/* The two halves of it, for who prints an object of his own with the member "error". */
int cli_fail_text(const char *command, const struct err *err);
void cli_fail_json(struct buf *b, const struct err *err);
/* The same of a configuration's faults, each at its place; `details` are then what `ostov check --json` prints. */
int cli_fail_config(const struct config *config, const struct err *errs);

/* Writes a small configuration to begin with. */
int cmd_new(int argc, char **argv);
/* Prints what the program knows of the configuration language. */
int cmd_doc(int argc, char **argv);
/* Checks a configuration without a database. */
int cmd_check(int argc, char **argv);
/* Brings the rows of a file into a section. */
int cmd_import(int argc, char **argv);
/* Writes the records of a section into a file. */
int cmd_export(int argc, char **argv);
/* Prints what applying a configuration would do; applies it. */
int cmd_plan(int argc, char **argv);
int cmd_apply(int argc, char **argv);
/* Runs a configuration: database, workers, web application. */
int cmd_serve(int argc, char **argv);
/* Says why somebody may or may not do something with a record. */
int cmd_explain(int argc, char **argv);
/* People who sign in: add, password, deactivate, list. */
int cmd_user(int argc, char **argv);
/* Prints the versions of Ostov and of the libraries it runs with. */
int cmd_version(int argc, char **argv);

#endif
