/* pg_error: what an error of PostgreSQL means to the floors above.
 *
 * Private to this floor. The server's own text goes to the log only: it may name values and statements. */
#ifndef OST_PG_PG_ERROR_H
#define OST_PG_PG_ERROR_H

#include <libpq-fe.h>
#include <stdbool.h>

struct err;

/* Fills *err from an error result of the statement `sql`; returns -1. */
int pg_error_result(struct err *err, const PGresult *res, const char *sql);
/* A connection that broke while a statement waited; returns -1. */
int pg_error_lost(struct err *err);
/* *to = *from, texts in to's arena; returns -1. */
int pg_error_copy(struct err *to, const struct err *from);
/* The prepared statement no longer fits the tables, or the server does not know it: prepare anew. */
bool pg_error_stale(const PGresult *res);
/* The server closes the connection after this error. */
bool pg_error_fatal(const PGresult *res);

#endif
