#include "pg/pg_error.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/say.h"

static bool class_is(const char *state, const char *two)
{
	return strncmp(state, two, 2) == 0;
}

static const char *field(const PGresult *res, int code)
{
	const char *s = PQresultErrorField(res, code);
	return s ? s : "";
}

int pg_error_result(struct err *err, const PGresult *res, const char *sql)
{
	const char *state = field(res, PG_DIAG_SQLSTATE);
	const char *constraint = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
	if (strcmp(state, "23505") == 0 || strcmp(state, "23P01") == 0) {
		err_tell(err, ERR_NOT_UNIQUE, SAY_DB_TAKEN);
	} else if (strcmp(state, "23503") == 0) {
		/* one state for both ends of a reference: the detail tells which, in English unless the server was told otherwise */
		if (strstr(field(res, PG_DIAG_MESSAGE_DETAIL), "is not present"))
			err_tell(err, ERR_INVALID, SAY_DB_NO_TARGET);
		else
			err_tell(err, ERR_IN_USE, SAY_DB_IN_USE);
	} else if (strcmp(state, "23502") == 0) {
		err_tell(err, ERR_INVALID, SAY_DB_MISSING);
		if (err && err->arena)
			err_target(err, PQresultErrorField(res, PG_DIAG_COLUMN_NAME));
	} else if (class_is(state, "23")) {
		err_tell(err, ERR_INVALID, SAY_DB_CHECK);
	} else if (class_is(state, "22")) {
		err_tell(err, ERR_INVALID, SAY_DB_RANGE);
	} else if (strcmp(state, "54000") == 0 && constraint) {
		/* the name is that of an index, which holds 2,700 bytes of a value: no constraint that was broken */
		err_tell(err, ERR_INVALID, SAY_DB_INDEX);
		constraint = NULL;
	} else if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0 || strcmp(state, "55P03") == 0) {
		err_tell(err, ERR_RETRY, SAY_DB_BUSY);
	} else if (strcmp(state, "57014") == 0) {
		err_tell(err, ERR_DB_TIMEOUT, SAY_DB_SLOW);
	} else if (pg_error_stale(res)) {
		err_tell(err, ERR_RETRY, SAY_DB_CHANGED);
	} else if (class_is(state, "08") || class_is(state, "57") || strcmp(state, "25P03") == 0) {
		err_tell(err, ERR_UNAVAILABLE, SAY_DB_AWAY);
	} else if (class_is(state, "53")) {
		err_tell(err, ERR_UNAVAILABLE, SAY_DB_ROOM);
	} else if (strcmp(state, "25006") == 0) {
		err_tell(err, ERR_UNAVAILABLE, SAY_DB_READONLY);
	} else {
		err_set(err, ERR_INTERNAL, "a statement failed");
	}
	enum err_code code = err ? err->code : ERR_INTERNAL;
	if (code == ERR_INTERNAL)
		log_error("postgresql %s: %s; statement: %.2000s", state, field(res, PG_DIAG_MESSAGE_PRIMARY), sql ? sql : "");
	else if (code == ERR_UNAVAILABLE || code == ERR_DB_TIMEOUT)
		log_warn("postgresql %s: %s; statement: %.500s", state, field(res, PG_DIAG_MESSAGE_PRIMARY), sql ? sql : "");
	if (err) {
		snprintf(err->sqlstate, sizeof err->sqlstate, "%.5s", state);
		err->constraint = err->arena && constraint ? arena_strdup(err->arena, constraint) : NULL;
	}
	return -1;
}

int pg_error_lost(struct err *err)
{
	return err_tell(err, ERR_UNAVAILABLE, SAY_DB_LOST);
}

int pg_error_copy(struct err *to, const struct err *from)
{
	if (!to || to == from)
		return -1;
	err_set(to, from->code, "%s", from->message ? from->message : "");
	to->message_ru = to->arena ? arena_strdup(to->arena, from->message_ru) : NULL;
	if (from->target && to->arena)
		err_target(to, from->target);
	memcpy(to->sqlstate, from->sqlstate, sizeof to->sqlstate);
	if (from->constraint && to->arena)
		to->constraint = arena_strdup(to->arena, from->constraint);
	return -1;
}

bool pg_error_stale(const PGresult *res)
{
	const char *state = field(res, PG_DIAG_SQLSTATE);
	if (strcmp(state, "26000") == 0)
		return true;
	/* 0A000 is every unsupported feature; only this place of the server means a changed result type, whatever its language */
	return strcmp(state, "0A000") == 0 && strcmp(field(res, PG_DIAG_SOURCE_FUNCTION), "RevalidateCachedQuery") == 0;
}

bool pg_error_fatal(const PGresult *res)
{
	const char *severity = field(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	return strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0;
}
