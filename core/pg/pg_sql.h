/* pg_sql: a statement under construction: text and the list of what its parameters will be.
 *
 * A plan is compiled once per (rights, shape) and run many times, so a parameter is a slot (a literal, the user, the clock), given its value at run time
 * by pg_sql_bind. The text and slots live in the arena of the statement. */
#ifndef OST_PG_PG_SQL_H
#define OST_PG_PG_SQL_H

#include "base/buf.h"
#include "base/value.h"
#include "pg/pg.h"

struct arena;

enum pg_slot_kind {
	PG_SLOT_VALUE, /* `value`, known when the statement was made */
	PG_SLOT_INPUT, /* the caller's inputs[index]: literals of a cached shape, keys, page sizes */
	PG_SLOT_ME,    /* id of the signed-in user */
	PG_SLOT_NOW,   /* business time, timestamptz */
	PG_SLOT_TODAY, /* business date in the organisation's zone */
	PG_SLOT_ZONE   /* name of the organisation's zone, text */
};

struct pg_slot {
	enum pg_slot_kind kind;
	enum pg_type type;
	int index;          /* of PG_SLOT_INPUT */
	struct value value; /* of PG_SLOT_VALUE */
	/* Of PG_SLOT_VALUE: which of the run's literals, from 1, takes the value's place; 0 none. Of a list: one of these for each item. */
	int literal;
	const int *literals;
	bool like, before, after; /* the literal is searched for: its signs escaped, % before and after */
};

struct pg_sql {
	struct arena *arena;
	struct buf text; /* grows on the heap while building; pg_sql_finish moves it into the arena */
	struct {
		struct pg_slot *items;
		size_t count, cap;
	} slots;
	int aliases; /* next number for a table alias */
};

/* What a run supplies. */
struct pg_bindings {
	int64_t me;                 /* user id, 0 nobody */
	int64_t now_us, today;      /* business time; days */
	const char *zone;           /* IANA name */
	const struct value *inputs; /* of PG_SLOT_INPUT */
	size_t ninputs;
	const struct value *literals; /* of the request, of the same kinds as those that the statement was made with; NULL: those */
	size_t nliterals;
};

void pg_sql_create(struct pg_sql *s, struct arena *a);
/* Appends a placeholder ("$3") with a cast when the type needs one ("$3::numeric"); ME, NOW, TODAY and ZONE are used again when they are there already. */
void pg_sql_slot(struct pg_sql *s, struct pg_slot slot);
void pg_sql_value(struct pg_sql *s, enum pg_type type, struct value v);
/* A value that the run's literal of that number (from 1; 0: none) replaces. */
void pg_sql_literal(struct pg_sql *s, enum pg_type type, struct value v, int literal);
/* A list whose items are replaced each by its own. `literals` lives as long as the statement. */
void pg_sql_literals(struct pg_sql *s, enum pg_type type, struct value list, const int *literals);
/* A text as a pattern of LIKE: what LIKE would read as signs escaped, % before and after it where asked for. */
void pg_sql_pattern(struct pg_sql *s, struct value text, bool before, bool after, int literal);
void pg_sql_input(struct pg_sql *s, enum pg_type type, int index);
/* A fresh table alias ("t3") in the statement's arena. */
const char *pg_sql_alias(struct pg_sql *s);
/* The finished text, in the arena; frees the heap buffer. */
const char *pg_sql_finish(struct pg_sql *s);
/* The same with its values written out, for what takes no parameters (an index); NULL when something of it is only known in a run. */
const char *pg_sql_finish_constant(struct pg_sql *s);
/* Parameters of one run, in `a`. */
void pg_sql_bind(const struct pg_sql *s, struct arena *a, const struct pg_bindings *b, struct pg_params *out);

#endif
