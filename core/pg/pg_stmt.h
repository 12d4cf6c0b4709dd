/* pg_stmt: the prepared statements of one connection, by text and parameter types; bounded, least recently used first out.
 *
 * Private to this floor. Statements are counted: one reference of the cache, one of each expected result. */
#ifndef OST_PG_PG_STMT_H
#define OST_PG_PG_STMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pg_conn;
struct pg_params;

struct pg_stmt {
	struct pg_stmt *chain;         /* in the bucket */
	struct pg_stmt *older, *newer; /* by use */
	uint64_t hash;
	size_t len; /* of sql */
	size_t ntypes;
	unsigned *types; /* OIDs of the parameters, behind the struct */
	unsigned number; /* its name is "s<number>" */
	int refs;
	bool cached; /* still in the cache */
	char *sql;   /* behind the types */
};

/* Bytes for the name of a statement. */
enum { PG_STMT_NAME = 16 };
void pg_stmt_name(const struct pg_stmt *s, char name[PG_STMT_NAME]);
/* The statement, or NULL; moves it to the end of the list of use. */
struct pg_stmt *pg_stmt_find(struct pg_conn *c, const char *sql, const struct pg_params *params);
/* Enters a new one, not prepared yet; the least recently used leaves when the cache is full. */
struct pg_stmt *pg_stmt_enter(struct pg_conn *c, const char *sql, const struct pg_params *params);
/* Takes it out of the cache; `allocated` when the server still knows it and has to forget it too. */
void pg_stmt_forget(struct pg_conn *c, struct pg_stmt *s, bool allocated);
struct pg_stmt *pg_stmt_ref(struct pg_stmt *s);
void pg_stmt_unref(struct pg_stmt *s);
/* Empties the cache: the connection is gone. */
void pg_stmt_clear(struct pg_conn *c);

#endif
