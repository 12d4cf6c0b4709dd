/* text: UTF-8 as PostgreSQL and people see it: validity, lower case (ICU), edit distance. */
#ifndef OST_BASE_TEXT_H
#define OST_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* Well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF) without NUL. */
bool text_valid(const char *s, size_t len);
/* Code points in valid UTF-8. */
size_t text_length(const char *s, size_t len);
/* Decodes one code point of valid UTF-8 at *p (< end) and moves *p behind it. */
uint32_t text_next(const char **p, const char *end);
/* Appends one code point as UTF-8 to out[4]; returns its bytes. */
size_t text_encode(uint32_t cp, char out[4]);
/* Full lower case by ICU's root locale, as PostgreSQL's lower(x COLLATE "und-x-icu"). *out_len bytes, NUL after them. */
char *text_lower(struct arena *a, const char *s, size_t len, size_t *out_len);
/* Edit distance (Damerau-Levenshtein, adjacent swaps count one), not more than `limit`. */
size_t text_distance(const char *a, const char *b, size_t limit);
/* The distance up to which a name of so many bytes is taken for a misspelling: a third of it at most. */
size_t text_near_limit(size_t len);
/* As many bytes of a text as fit into `max`, no letter cut in two. */
size_t text_cut(const char *text, size_t len, size_t max);
/* The nearest of n names, or NULL when none is near enough: for "did you mean". */
const char *text_nearest(const char *name, const char *const *names, size_t n);
/* [a-z][a-z0-9_]*, at most 48 bytes. */
bool text_is_name(const char *s, size_t len);

#endif
