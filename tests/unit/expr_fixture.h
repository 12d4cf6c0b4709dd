/* A catalogue for tests of expressions: contracts with payments, accounts, users and a tree of departments. Included by each program; everything is static.
 *
 * fixture_create makes it, formulas included. fixture_sql is the DDL of the same tables. */
#ifndef OST_TESTS_EXPR_FIXTURE_H
#define OST_TESTS_EXPR_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "expr/expr.h"

enum fixture_table_code { FIXTURE_USER, FIXTURE_DEPARTMENT, FIXTURE_ACCOUNT, FIXTURE_CONTRACT, FIXTURE_PAYMENT, FIXTURE_TABLES };
enum { FIXTURE_FIELDS = 40 };

struct fixture_table {
	struct expr_table table; /* first */
	struct expr_field fields[FIXTURE_FIELDS];
	size_t count;
};

static struct fixture_table fixture[FIXTURE_TABLES];

static const char *const fixture_routes[] = {"short", "full", "external"};
static const char *const fixture_stages[] = {"draft", "approval", "active", "expired", "rejected"};
static const char *const fixture_kinds[] = {"customer", "supplier", "both"};
static const char *const fixture_currencies[] = {"RUB", "EUR"};

static const struct {
	enum fixture_table_code table;
	const char *name;
	enum expr_kind kind;
	int of; /* target of lookups, links, details; scale of decimals */
	enum expr_storage storage;
	const char *extra; /* formula; detail: its lookup; decimal: its currency */
	const char *const *values;
	size_t nvalues;
} fixture_fields[] = {
#define FIXTURE_CHOICE(list) -1, EXPR_COLUMN, NULL, list, sizeof list / sizeof *list
	{FIXTURE_USER, "id", EXPR_INT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_USER, "login", EXPR_TEXT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_USER, "active", EXPR_BOOL, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_USER, "department", EXPR_RECORD, FIXTURE_DEPARTMENT, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_USER, "account", EXPR_RECORD, FIXTURE_ACCOUNT, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_USER, "mentor", EXPR_RECORD, FIXTURE_USER, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_USER, "salary", EXPR_DEC, 2, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_USER, "born_on", EXPR_DATE, -1, EXPR_COLUMN, NULL, NULL, 0},

	{FIXTURE_DEPARTMENT, "id", EXPR_INT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_DEPARTMENT, "name", EXPR_TEXT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_DEPARTMENT, "parent", EXPR_RECORD, FIXTURE_DEPARTMENT, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_DEPARTMENT, "head", EXPR_RECORD, FIXTURE_USER, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_DEPARTMENT, "people", EXPR_RECORDS, FIXTURE_USER, EXPR_DETAIL, "department", NULL, 0},

	{FIXTURE_ACCOUNT, "id", EXPR_INT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_ACCOUNT, "name", EXPR_TEXT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_ACCOUNT, "country", EXPR_TEXT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_ACCOUNT, "kind", EXPR_CHOICE, FIXTURE_CHOICE(fixture_kinds)},
	{FIXTURE_ACCOUNT, "owner", EXPR_RECORD, FIXTURE_USER, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_ACCOUNT, "vip", EXPR_BOOL, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_ACCOUNT, "rating", EXPR_INT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_ACCOUNT, "credit", EXPR_DEC, 2, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_ACCOUNT, "since", EXPR_DATE, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_ACCOUNT, "watchers", EXPR_RECORDS, FIXTURE_USER, EXPR_LINK, NULL, NULL, 0},
	{FIXTURE_ACCOUNT, "contracts", EXPR_RECORDS, FIXTURE_CONTRACT, EXPR_DETAIL, "account", NULL, 0},
	{FIXTURE_ACCOUNT, "caption", EXPR_TEXT, -1, EXPR_FORMULA, "name .. \" · \" .. country", NULL, 0},

	{FIXTURE_CONTRACT, "id", EXPR_INT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "number", EXPR_TEXT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "note", EXPR_TEXT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "amount", EXPR_DEC, 2, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "discount", EXPR_DEC, 2, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "huge", EXPR_DEC, 10, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "fee", EXPR_DEC, 2, EXPR_COLUMN, "currency", NULL, 0},
	{FIXTURE_CONTRACT, "currency", EXPR_CHOICE, FIXTURE_CHOICE(fixture_currencies)},
	{FIXTURE_CONTRACT, "quantity", EXPR_INT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "signed", EXPR_BOOL, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "starts_on", EXPR_DATE, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "ends_on", EXPR_DATE, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "signed_at", EXPR_TIME, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "created_at", EXPR_TIME, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "spent", EXPR_DURATION, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "route", EXPR_CHOICE, FIXTURE_CHOICE(fixture_routes)},
	{FIXTURE_CONTRACT, "stage", EXPR_CHOICE, FIXTURE_CHOICE(fixture_stages)},
	{FIXTURE_CONTRACT, "account", EXPR_RECORD, FIXTURE_ACCOUNT, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "owner", EXPR_RECORD, FIXTURE_USER, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "deputy", EXPR_RECORD, FIXTURE_USER, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "department", EXPR_RECORD, FIXTURE_DEPARTMENT, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "watchers", EXPR_RECORDS, FIXTURE_USER, EXPR_LINK, NULL, NULL, 0},
	{FIXTURE_CONTRACT, "payments", EXPR_RECORDS, FIXTURE_PAYMENT, EXPR_DETAIL, "contract", NULL, 0},
	{FIXTURE_CONTRACT, "left", EXPR_DEC, 2, EXPR_FORMULA, "amount - sum(payments, amount, paid_on ~= nil)", NULL, 0},
	{FIXTURE_CONTRACT, "share", EXPR_DEC, 4, EXPR_FORMULA, "left / quantity", NULL, 0},
	{FIXTURE_CONTRACT, "term", EXPR_INT, -1, EXPR_FORMULA, "ends_on - starts_on", NULL, 0},
	{FIXTURE_CONTRACT, "late", EXPR_BOOL, -1, EXPR_FORMULA, "ends_on < today() and stage ~= 'expired'", NULL, 0},
	{FIXTURE_CONTRACT, "chief", EXPR_RECORD, FIXTURE_USER, EXPR_FORMULA, "owner.department.head", NULL, 0},

	{FIXTURE_PAYMENT, "id", EXPR_INT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_PAYMENT, "contract", EXPR_RECORD, FIXTURE_CONTRACT, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_PAYMENT, "payer", EXPR_RECORD, FIXTURE_ACCOUNT, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_PAYMENT, "amount", EXPR_DEC, 2, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_PAYMENT, "paid_on", EXPR_DATE, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_PAYMENT, "paid", EXPR_BOOL, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_PAYMENT, "pieces", EXPR_INT, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_PAYMENT, "took", EXPR_DURATION, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_PAYMENT, "booked_at", EXPR_TIME, -1, EXPR_COLUMN, NULL, NULL, 0},
	{FIXTURE_PAYMENT, "note", EXPR_TEXT, -1, EXPR_COLUMN, NULL, NULL, 0},
#undef FIXTURE_CHOICE
};
#define FIXTURE_NFIELDS (sizeof fixture_fields / sizeof *fixture_fields)

static const struct expr_field *fixture_find(const struct expr_table *t, const char *name, size_t len)
{
	const struct fixture_table *f = (const struct fixture_table *)t;
	for (size_t i = 0; i < f->count; i++)
		if (strlen(f->fields[i].name) == len && memcmp(f->fields[i].name, name, len) == 0)
			return &f->fields[i];
	return NULL;
}

static const char *fixture_nearest(const struct expr_table *t, const char *name)
{
	const struct fixture_table *f = (const struct fixture_table *)t;
	const char *names[FIXTURE_FIELDS];
	for (size_t i = 0; i < f->count; i++)
		names[i] = f->fields[i].name;
	return text_nearest(name, names, f->count);
}

static bool fixture_role_known(void *ctx, const char *role)
{
	(void)ctx;
	return strcmp(role, "lawyer") == 0 || strcmp(role, "ceo") == 0 || strcmp(role, "office") == 0;
}

/* System's eyes on a contract: bare names, me, old. */
static struct expr_scope fixture_scope(enum fixture_table_code t)
{
	return (
		struct expr_scope){.table = &fixture[t].table, .user = &fixture[FIXTURE_USER].table, .old = true, .role_known = fixture_role_known};
}

static void fixture_create(struct arena *a)
{
	static const char *const names[] = {"user", "department", "account", "contract", "payment"};
	memset(fixture, 0, sizeof fixture);
	for (int t = 0; t < FIXTURE_TABLES; t++) {
		fixture[t].table = (struct expr_table){.name = names[t],
											   .sql = arena_printf(a, "app.%s%s%s", t == FIXTURE_USER ? "\"" : "", names[t],
																   t == FIXTURE_USER ? "\"" : ""),
											   .find = fixture_find,
											   .nearest = fixture_nearest};
	}
	for (size_t i = 0; i < FIXTURE_NFIELDS; i++) {
		struct fixture_table *t = &fixture[fixture_fields[i].table];
		if (t->count == FIXTURE_FIELDS)
			abort();
		struct expr_field *f = &t->fields[t->count++];
		*f = (struct expr_field){.name = fixture_fields[i].name,
								 .storage = fixture_fields[i].storage,
								 .type = {.kind = fixture_fields[i].kind}};
		f->type.values = fixture_fields[i].values;
		f->type.nvalues = fixture_fields[i].nvalues;
		if (f->type.kind == EXPR_DEC) {
			f->type.scale = fixture_fields[i].of;
			f->type.currency = f->storage == EXPR_COLUMN ? fixture_fields[i].extra : NULL;
		}
		if (f->type.kind == EXPR_RECORD || f->type.kind == EXPR_RECORDS)
			f->type.table = &fixture[fixture_fields[i].of].table;
		if (f->storage == EXPR_COLUMN)
			f->column = f->name;
		if (f->storage == EXPR_LINK)
			f->link = arena_printf(a, "app.%s__%s", t->table.name, f->name);
	}
	fixture[FIXTURE_DEPARTMENT].table.tree = fixture_find(&fixture[FIXTURE_DEPARTMENT].table, "parent", 6);
	for (size_t i = 0; i < FIXTURE_NFIELDS; i++) {
		const struct expr_table *t = &fixture[fixture_fields[i].table].table;
		struct expr_field *f = (struct expr_field *)fixture_find(t, fixture_fields[i].name, strlen(fixture_fields[i].name));
		const char *extra = fixture_fields[i].extra;
		if (f->storage == EXPR_DETAIL)
			f->by = fixture_find(f->type.table, extra, strlen(extra));
	}
	for (size_t i = 0; i < FIXTURE_NFIELDS; i++) {
		if (fixture_fields[i].storage != EXPR_FORMULA)
			continue;
		const struct expr_table *t = &fixture[fixture_fields[i].table].table;
		struct expr_field *f = (struct expr_field *)fixture_find(t, fixture_fields[i].name, strlen(fixture_fields[i].name));
		struct expr_scope scope = fixture_scope(fixture_fields[i].table);
		struct expr *e;
		struct err err;
		err_init(&err, a);
		scope.old = false;
		if (expr_parse(a, fixture_fields[i].extra, strlen(fixture_fields[i].extra), &e, &err) || expr_check(a, e, &scope, &f->type, &err)) {
			fprintf(stderr, "formula %s: %s\n", f->name, err.message);
			abort();
		}
		f->formula = e;
	}
}

static const char *fixture_sql_type(const struct expr_field *f, struct arena *a)
{
	switch (f->type.kind) {
	case EXPR_BOOL: return "boolean";
	case EXPR_INT:
	case EXPR_RECORD:
	case EXPR_DURATION: return "bigint";
	case EXPR_DEC: return arena_printf(a, "numeric(%d,%d)", f->type.scale > 2 ? 40 : 18, f->type.scale);
	case EXPR_DATE: return "date";
	case EXPR_TIME: return "timestamptz";
	default: return "text COLLATE \"C\"";
	}
}

/* The tables as DDL; the role view is over app.membership. */
__attribute__((unused)) static const char *fixture_sql(struct arena *a)
{
	struct buf b = BUF_INIT;
	buf_puts(&b, "CREATE SCHEMA app;");
	for (int t = 0; t < FIXTURE_TABLES; t++) {
		buf_printf(&b, "CREATE TABLE %s (", fixture[t].table.sql);
		bool first = true;
		for (size_t i = 0; i < fixture[t].count; i++) {
			const struct expr_field *f = &fixture[t].fields[i];
			if (f->storage != EXPR_COLUMN)
				continue;
			buf_printf(&b, "%s%s %s%s", first ? "" : ", ", f->column, fixture_sql_type(f, a),
					   strcmp(f->name, "id") == 0 ? " PRIMARY KEY" : "");
			first = false;
		}
		buf_puts(&b, ");");
		for (size_t i = 0; i < fixture[t].count; i++)
			if (fixture[t].fields[i].storage == EXPR_LINK)
				buf_printf(&b, "CREATE TABLE %s (record bigint, target bigint, position int, PRIMARY KEY (record, target));",
						   fixture[t].fields[i].link);
	}
	buf_puts(&b, "CREATE TABLE app.membership (role text, user_id bigint);");
	const char *s = arena_strndup(a, b.data, b.len);
	buf_destroy(&b);
	return s;
}

#endif
