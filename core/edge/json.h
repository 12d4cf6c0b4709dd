/* json: a strict reader of request bodies (RFC 8259) that keeps numbers as they were written: money never passes through a double.
 *
 * Refused: duplicate keys, depth over 32, more than 100,000 values, bad UTF-8, NUL, lone surrogates, numbers over 100 characters, anything behind the value.
 * The tree lives in the arena. Not here: writing (base/buf, base/value). */
#ifndef OST_EDGE_JSON_H
#define OST_EDGE_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;

enum json_kind { JSON_NIL, JSON_FALSE, JSON_TRUE, JSON_DIGITS, JSON_TEXT, JSON_LIST, JSON_MAP };

struct json {
	enum json_kind kind;
	const char *key;     /* within a map, NUL-terminated */
	const char *text;    /* of TEXT (unescaped) and DIGITS (source), NUL after len */
	size_t len;
	struct json *first;  /* of LIST and MAP */
	struct json *next;   /* sibling */
	size_t count;        /* of LIST and MAP */
};

/* Reads one value; err (ERR_SYNTAX, ERR_TOO_COMPLEX) tells the byte. */
int json_read(struct arena *a, const char *body, size_t len, struct json **out, struct err *err);
/* The member of a map, or NULL. */
const struct json *json_get(const struct json *map, const char *key);
/* The text of a member, or NULL when it is missing or no text. */
const char *json_get_text(const struct json *map, const char *key);
/* The whole number of a member; false when it is missing or none. */
bool json_get_int(const struct json *map, const char *key, long long *out);

#endif
