/* err: what went wrong, in a form that a person, a program and a log can use.
 *
 * A function that can fail returns 0 or -1 and takes `struct err *err` last; it writes *err only on failure. All texts of an
 * err live in the arena that `err_init` was given (or are literals); the err itself belongs to the caller.
 * Codes, their HTTP status and their meaning stand in ERR_CODES, from which docs are generated.
 * Not here: printing for a terminal (cli), JSON of errors (edge), translation catalogues (base/say). */
#ifndef OST_BASE_ERR_H
#define OST_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

/* code, HTTP status, what it means */
#define ERR_CODES(X)                                                                                                                       \
	X(OK, "ok", 200, "no error")                                                                                                           \
	X(SYNTAX, "syntax", 400, "the request or text does not parse")                                                                         \
	X(UNKNOWN_FIELD, "unknown_field", 400, "no such field for this user")                                                                  \
	X(UNKNOWN_OPTION, "unknown_option", 400, "no such option")                                                                             \
	X(TYPE, "type", 400, "values of these types do not go together")                                                                       \
	X(INVALID, "invalid", 400, "a value or a check fails; one detail a field")                                                             \
	X(TOO_COMPLEX, "query_too_complex", 400, "over the bounds of depth, terms or size")                                                    \
	X(UNAUTHORIZED, "unauthorized", 401, "not signed in")                                                                                  \
	X(BAD_CREDENTIALS, "bad_credentials", 401, "login or password is wrong")                                                               \
	X(FORBIDDEN, "forbidden", 403, "visible, but this act is not yours")                                                                   \
	X(CSRF, "csrf", 403, "the request did not come from the application's own page")                                                       \
	X(NOT_FOUND, "not_found", 404, "not there or not visible")                                                                             \
	X(METHOD, "method", 405, "this resource does not know the method")                                                                     \
	X(NOT_ACCEPTABLE, "not_acceptable", 406, "answers are not written in any of the formats asked for")                                    \
	X(CONFLICT, "conflict", 409, "not possible now")                                                                                       \
	X(NOT_UNIQUE, "not_unique", 409, "the value is taken")                                                                                 \
	X(IN_USE, "in_use", 409, "other records refer to it")                                                                                  \
	X(STALE, "stale", 412, "somebody changed the record meanwhile")                                                                        \
	X(TOO_LARGE, "too_large", 413, "the body is over the limit")                                                                           \
	X(URI_TOO_LONG, "uri_too_long", 414, "the address is over the limit")                                                                  \
	X(MEDIA_TYPE, "media_type", 415, "the body's type is not taken here")                                                                  \
	X(MISDIRECTED, "misdirected", 421, "this server does not serve that host")                                                             \
	X(UNPROCESSABLE, "unprocessable", 422, "the file is broken or hostile")                                                                \
	X(ETAG_REQUIRED, "etag_required", 428, "send If-Match")                                                                                \
	X(TOO_MANY, "too_many_attempts", 429, "too many; wait")                                                                                \
	X(HEADERS_TOO_LARGE, "headers_too_large", 431, "the headers are over the limit")                                                       \
	X(TIMEOUT, "timeout", 408, "the request took too long to arrive")                                                                      \
	X(INTERNAL, "internal", 500, "our fault; the id finds it in the log")                                                                  \
	X(SCRIPT, "script_error", 500, "a hook failed")                                                                                        \
	X(SCRIPT_LIMIT, "script_limit", 500, "a hook went over its budget")                                                                    \
	X(NOT_EXECUTED, "not_executed", 501, "understood, but this server does not execute it")                                                \
	X(UNAVAILABLE, "unavailable", 503, "the database is away or a lane is full; retry")                                                    \
	X(DB_TIMEOUT, "db_timeout", 503, "the statement took too long")                                                                        \
	X(RETRY, "retry", 503, "serialization failure or deadlock; the transaction may be run again")                                          \
	X(OUTCOME_UNKNOWN, "outcome_unknown", 503, "the connection was lost during COMMIT")                                                    \
	X(CONFIG, "config", 400, "a configuration is at fault")                                                                                \
	X(LOSS, "loss", 409, "applying would lose data and was not confirmed")                                                                 \
	X(ENVIRONMENT, "environment", 500, "disk, port or database are not usable")

enum err_code {
#define ERR_ENUM(name, text, status, doc) ERR_##name,
	ERR_CODES(ERR_ENUM)
#undef ERR_ENUM
		ERR_CODE_COUNT
};

struct err {
	struct arena *arena;    /* where texts are made; NULL: a static buffer of the err is used */
	enum err_code code;     /* ERR_OK until something fails */
	const char *message;    /* one sentence naming the offending thing, in English or already translated */
	const char *message_ru; /* the same for who reads Russian, NULL: `message` is for everybody */
	const char *detail;     /* more, or NULL */
	const char *hint;       /* what to do, or NULL */
	const char *hint_ru;    /* the same for who reads Russian, or NULL */
	const char *target;     /* field or parameter at fault, or NULL */
	const char *file;       /* configuration file, or NULL */
	int line;               /* 1-based, 0 none */
	int column;             /* 1-based byte column in the line or text, 0 none */
	int width;              /* bytes to underline, 0 one */
	bool warning;           /* does not fail the whole */
	bool reload;            /* nothing was done because the configuration has moved on: the same again, with the new one, may do */
	char sqlstate[6];       /* of PostgreSQL, empty otherwise */
	const char *constraint; /* violated constraint of PostgreSQL, or NULL */
	struct err *next;       /* further errors (details of an INVALID, errors of a configuration) */
	char fallback[256];     /* text when there is no arena */
};

/* Prepares *err; `a` (may be NULL) owns the texts. */
void err_init(struct err *err, struct arena *a);
/* Sets code and message (printf), clears the rest but arena; returns -1 so that callers write `return err_set(...)`. err may be NULL. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Sets the hint (printf); returns -1. */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sets the target (copied); returns -1. */
int err_target(struct err *err, const char *target);
/* Sets file:line:column; returns -1. */
int err_place(struct err *err, const char *file, int line, int column);
/* Appends a copy of `one` to the list that starts at *err: the first goes into *err itself when it is ERR_OK. */
void err_append(struct err *err, const struct err *one);
/* Appends copies of `from` and all behind it, texts included, in to->arena: the errors outlive the arena that they were made in. Returns -1. */
int err_copy(struct err *to, const struct err *from);
/* The message and the hint (or NULL) in a language, a number of enum lang of meta/section.h. */
const char *err_message(const struct err *err, int lang);
const char *err_hint_in(const struct err *err, int lang);
/* "not_found" for ERR_NOT_FOUND. */
const char *err_code_name(enum err_code code);
/* HTTP status of the code. */
int err_code_status(enum err_code code);

#endif
