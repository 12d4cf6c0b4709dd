/* schema_system: the platform's own tables in the database, made by numbered steps that may be run again.
 *
 * docs/developers/storage.md describes the tables for those who use them. A step never changes once released; a new need is a new step.
 * The caller holds the apply lock (7002). Nothing here owns memory. Not here: the sections' tables (schema_apply). */
#ifndef OST_META_SCHEMA_SYSTEM_H
#define OST_META_SCHEMA_SYSTEM_H

#include <stdbool.h>

struct arena;
struct err;
struct pg;

/* Keys of the advisory locks: writes share the first and a switch takes it alone; the second lets one apply run at a time. */
enum { SCHEMA_LOCK_SWITCH = 7001, SCHEMA_LOCK_APPLY = 7002 };

/* The step since which there is ostov.task. */
enum { SCHEMA_STEP_TASK = 3 };

/* Runs the steps that the database has not seen yet, and the functions of the rule language. *trgm says whether the extension pg_trgm is there
 * (a role that may not create it goes without: text search then reads the whole table). */
int schema_system_apply(struct pg *pg, struct arena *a, bool *trgm, struct err *err);
/* The newest step of this program. */
int schema_system_newest(void);

#endif
