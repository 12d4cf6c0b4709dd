/* apply: `ostov plan` and `ostov apply` as functions, for the commands and for `serve`, which applies first.
 *
 * Both run a loop of their own and must be called in a process that has no running loop or fiber (serve: in a forked child). They report on standard output
 * and error. Not here: how it is done (meta/schema_apply), command lines (cmd_plan, cmd_apply). */
#ifndef OST_CLI_APPLY_H
#define OST_CLI_APPLY_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct schema_plan;
struct seed_plan;

struct apply_request {
	const char *conninfo;     /* of the database */
	const char *dir;          /* folder of the configuration */
	const char *by;           /* who applies; NULL: the user of the operating system */
	const char *const *allow; /* names of --allow-loss */
	size_t nallow;
	bool sample;      /* load the sample rows too */
	bool json;        /* the result as JSON on standard output */
	bool quiet;       /* no progress, no "nothing to do" */
	unsigned wait_ms; /* for another apply, locks and the switch; 0: 60 s */
};

/* Applies the configuration; returns an enum cli_exit. */
int apply_run(const struct apply_request *r);
/* Applies the folder `dir` as `serve` does: refusing loss; with `sample` also loads its sample rows, once. Progress on standard output. */
int apply_config(const char *conninfo, const char *dir, bool sample);
/* CLI_OK for a configuration without errors; they are printed. Needs no database. */
int apply_check(const char *dir);
/* Prints what apply would do; CLI_INPUT when it would refuse. */
int apply_plan(const struct apply_request *r);

/* The plan for people, and as JSON; `rows` is what becomes of the rows of `data`, `error` why it is not applied, or NULL. */
void apply_print(struct buf *b, const struct schema_plan *p, const struct seed_plan *rows);
void apply_print_json(struct buf *b, const struct schema_plan *p, const struct seed_plan *rows, const struct err *error);

#endif
