/* expr_regex: the regular expressions of matches(): the part on which PostgreSQL's `~` (C collation) and this matcher agree.
 *
 * Letters stand for themselves; `.` any character; [a-z0-9_] and [^…] with ranges by code point; \d \w \s \D \W \S of ASCII; \ before punctuation; \n \t \r;
 * groups ( ), alternatives |, quantifiers * + ? {n} {n,} {n,m} up to 255; ^ and $ at the ends of a top-level branch. All else is refused. Matching takes time
 * proportional to text × pattern, whatever the pattern. Programs live in the arena given to expr_regex_compile. */
#ifndef OST_EXPR_EXPR_REGEX_H
#define OST_EXPR_EXPR_REGEX_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct expr_regex;

/* Compiles a pattern of valid UTF-8. On failure *problem is a sentence and *at the byte of the pattern. */
int expr_regex_compile(struct arena *a, const char *pattern, size_t len, struct expr_regex **out, const char **problem, size_t *at);
/* True when the pattern is found anywhere in the text; `a` is scratch. */
bool expr_regex_search(struct arena *a, const struct expr_regex *re, const char *s, size_t len);

#endif
