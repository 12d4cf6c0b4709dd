#include "edge/odata_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "base/text.h"
#include "edge/http.h"
#include "edge/odata_filter.h"
#include "edge/odata_metadata.h"
#include "edge/odata_shape.h"
#include "expr/expr.h"

enum { MAX_NAMES = 8, MAX_SEARCH = 200 };

/* Actions may be called by their full names, too. */
static const char *unqualified(const char *step)
{
	size_t n = strlen(ODATA_ACTIONS);
	return strncmp(step, ODATA_ACTIONS ".", n + 1) == 0 ? step + n + 1 : step;
}

/* A step that OData has and this server does not take: "$ref", "$filter(…)", "ostov.deal". */
static bool step_later(const char *step)
{
	static const char *const known[] = {"$ref", "$value",     "$each", "$query", "$filter", "$entity",
										"$all", "$crossjoin", "$it",   "$root",  "$links"};
	size_t n = strcspn(step, "(/"), own = strlen(ODATA_MODEL);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strlen(known[i]) == n && memcmp(known[i], step, n) == 0)
			return true;
	return n > own && strncmp(step, ODATA_MODEL ".", own + 1) == 0 && strcmp(step, unqualified(step)) == 0;
}

static int later(struct arena *a, const char *step, struct err *err)
{
	size_t n = text_cut(step, strlen(step), 100);
	return err_tell(err, ERR_NOT_EXECUTED, SAY_ADDRESS_LATER, arena_strndup(a, step, n));
}

/* What stands behind "tasks": nothing, or "(5)" and perhaps "/finish". */
static int tasks_parse(struct arena *a, const struct actor *actor, const char *at, struct odata_address *out, struct err *err)
{
	char *end;
	out->kind = *at ? ODATA_TASK : ODATA_TASKS;
	if (out->part_count && (*at == '/' || !*at))
		return later(a, "$count", err);
	if (*at == '/')
		return later(a, at + 1, err);
	if (!*at)
		return 0;
	if (out->part_count)
		return err_tell(err, ERR_NOT_EXECUTED, SAY_TASK_OPTIONS);
	if (strncmp(at, "(id=", 4) == 0)
		at += 3;
	errno = 0;
	out->task = strtoll(at + 1, &end, 10);
	if (end == at + 1 || *end != ')' || errno || !isdigit((unsigned char)at[1]) || (end[1] && end[1] != '/'))
		return err_say(err, ERR_NOT_FOUND, actor->lang, SAY_NO_TASK);
	if (end[1])
		out->part = arena_strdup(a, unqualified(end + 2));
	return 0;
}

int odata_address_parse(struct arena *a, const struct registry *reg, const struct actor *actor, const char *path, struct odata_address *out,
						struct err *err)
{
	memset(out, 0, sizeof *out);
	if (*path == '/')
		path++;
	if (!*path) {
		out->kind = ODATA_SERVICE;
		return 0;
	}
	if (strcmp(path, "$metadata") == 0 || strcmp(path, "$batch") == 0) {
		out->kind = path[1] == 'm' ? ODATA_METADATA : ODATA_BATCH;
		return 0;
	}
	if (step_later(path))
		return later(a, path, err);
	size_t n = strcspn(path, "(/");
	const char *name = arena_strndup(a, path, n), *at = path + n;
	out->section = registry_find(reg, name);
	if (!out->section || !access_exists(access_get(reg, actor, out->section)))
		return err_say(err, ERR_NOT_FOUND, actor->lang, SAY_NO_SECTION, name);
	out->kind = ODATA_SET;
	if (strcmp(at, "/$count") == 0) {
		out->kind = ODATA_SET_COUNT;
		return 0;
	}
	if (*at == '(') {
		char *end;
		errno = 0;
		if (strncmp(at, "(id=", 4) == 0)
			at += 3;
		out->key = strtoll(at + 1, &end, 10);
		if (end == at + 1 || *end != ')' || errno || !isdigit((unsigned char)at[1]))
			return err_say(err, ERR_NOT_FOUND, actor->lang, SAY_NOT_FOUND);
		out->kind = ODATA_ONE;
		at = end + 1;
	}
	if (!*at)
		return 0;
	if (*at == '/' && step_later(at + 1))
		return later(a, at + 1, err);
	if (*at != '/' || out->kind != ODATA_ONE)
		return err_say(err, ERR_NOT_FOUND, actor->lang, SAY_NO_RESOURCE);
	n = strlen(++at);
	if (n > 7 && strcmp(at + n - 7, "/$count") == 0) {
		out->part_count = true;
		n -= 7;
	}
	if (out->section->ntasks && n >= 5 && strncmp(at, "tasks", 5) == 0 && (n == 5 || at[5] == '(' || at[5] == '/') &&
		strcmp(at + 5, "/") != 0)
		return tasks_parse(a, actor, at + 5, out, err);
	at = unqualified(at);
	n = strlen(at) - (out->part_count ? 7 : 0);
	const char *slash = memchr(at, '/', n), *key = memchr(at, '(', n);
	if (!n || slash == at + n - 1)
		return err_say(err, ERR_NOT_FOUND, actor->lang, SAY_NO_RESOURCE);
	if (slash)
		return later(a, slash + 1, err);
	if (key && key > at)
		return later(a, at, err);
	out->kind = ODATA_PART;
	out->part = arena_strndup(a, at, n);
	return 0;
}

static int bad_option(struct err *err, const char *option, enum say_text what)
{
	err_tell(err, ERR_SYNTAX, what, option);
	return err_target(err, option);
}

static int number(const char *option, const char *text, int64_t max, int64_t *out, struct err *err)
{
	char *end;
	errno = 0;
	long long v = strtoll(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno)
		return bad_option(err, option, SAY_OPTION_NUMBER);
	if (v > max) {
		err_tell(err, ERR_TOO_COMPLEX, SAY_OPTION_MAX, option, say_number(err->arena, max));
		return err_target(err, option);
	}
	*out = v;
	return 0;
}

/* The end of one item of a list at `sep` outside parentheses and quotes. */
static const char *item_end(const char *p, char sep)
{
	int depth = 0;
	bool quoted = false;
	for (; *p; p++) {
		if (*p == '\'')
			quoted = !quoted;
		else if (!quoted && *p == '(')
			depth++;
		else if (!quoted && *p == ')' && depth)
			depth--;
		else if (!quoted && !depth && *p == sep)
			break;
	}
	return p;
}

static void trim(const char **p, const char **end)
{
	while (*p < *end && isspace((unsigned char)**p))
		(*p)++;
	while (*end > *p && isspace((unsigned char)(*end)[-1]))
		(*end)--;
}

/* Names of actions and options of a property. */
static int select_later(struct plan *p, const char *from, size_t n, struct err *err)
{
	err_tell(err, ERR_NOT_EXECUTED, SAY_OPTION_LATER, arena_printf(p->arena, "$select=%.*s", (int)text_cut(from, n, 100), from));
	return err_target(err, "$select");
}

static int select_list(struct plan *p, const char *text, struct err *err)
{
	while (*text) {
		const char *stop = item_end(text, ','), *from = text, *end = stop;
		trim(&from, &end);
		if (from == end)
			return bad_option(err, "$select", SAY_OPTION_PROPERTY);
		const struct field *nav = section_find_n(p->section, from, (size_t)(end - from));
		/* a selected navigation is a link, which this server leaves to $expand; the properties are left out all the same */
		bool tasks = p->section->ntasks && end - from == 5 && strncmp(from, "tasks", 5) == 0;
		bool link = tasks || (nav && nav->to && !nav->builtin && access_field(p->access, GRANT_READ, nav) != ACCESS_NONE);
		size_t n = link ? 2 : (size_t)(end - from);
		if (memchr(from, '.', (size_t)(end - from)) || memchr(from, '(', (size_t)(end - from)))
			return select_later(p, from, (size_t)(end - from), err);
		if ((!link || !p->fields.count) && plan_select(p, link ? "id" : from, n, p->actor->lang, err))
			return -1;
		text = *stop ? stop + 1 : stop;
	}
	return 0;
}

/* True where an operator follows: "amount add 1" is an expression, "amount up" is none. */
static bool order_operator(const char *p, const char *end)
{
	static const char *const words[] = {"add", "sub", "mul", "div", "divby", "mod", "eq", "ne",
										"gt",  "ge",  "lt",  "le",  "and",   "or",  "in", "has"};
	while (p < end && *p == ' ')
		p++;
	size_t n = 0;
	while (p + n < end && p[n] != ' ')
		n++;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == n && strncasecmp(words[i], p, n) == 0)
			return true;
	return false;
}

static int order_list(struct plan *p, const char *text, struct err *err)
{
	while (*text) {
		const char *stop = item_end(text, ','), *from = text, *end = stop, *names[MAX_NAMES];
		bool desc = false;
		trim(&from, &end);
		if (end - from > 5 && strncasecmp(end - 5, " desc", 5) == 0) {
			desc = true;
			end -= 5;
		} else if (end - from > 4 && strncasecmp(end - 4, " asc", 4) == 0) {
			end -= 4;
		}
		trim(&from, &end);
		const char *item = arena_strndup(p->arena, from, text_cut(from, (size_t)(end - from), 100));
		const char *blank = memchr(from, ' ', (size_t)(end - from));
		if (blank && !strpbrk(item, "('") && !order_operator(blank, end)) {
			err_tell(err, ERR_SYNTAX, SAY_ORDER_DIRECTION,
					 arena_strndup(p->arena, blank + 1, text_cut(blank + 1, (size_t)(end - blank - 1), 100)));
			return err_target(err, "$orderby");
		}
		if (blank || strpbrk(item, "('$@")) {
			err_tell(err, ERR_NOT_EXECUTED, SAY_ORDER_PATHS, item);
			return err_target(err, "$orderby");
		}
		size_t n = odata_path_names(p->arena, p->section, from, (size_t)(end - from), names, MAX_NAMES, err);
		if (!n || plan_order(p, names, n, desc, err))
			return -1;
		text = *stop ? stop + 1 : stop;
	}
	return 0;
}

static int option(struct plan *p, const char *name, const char *value, bool nested, bool many, struct odata_options *out, struct err *err);

static int expand_options(struct plan *child, const char *text, bool many, struct err *err)
{
	while (*text) {
		const char *stop = item_end(text, ';'), *from = text, *end = stop;
		trim(&from, &end);
		const char *eq = memchr(from, '=', (size_t)(end - from));
		if (!eq)
			return bad_option(err, "$expand", SAY_OPTION_PAIR);
		const char *name = arena_strndup(child->arena, from, (size_t)(eq - from)), *own = odata_option_name(name);
		if (option(child, own ? own : name, arena_strndup(child->arena, eq + 1, (size_t)(end - eq - 1)), true, many, NULL, err))
			return -1;
		text = *stop ? stop + 1 : stop;
	}
	return 0;
}

static int expand_list(struct plan *p, const char *text, struct err *err)
{
	while (*text) {
		const char *stop = item_end(text, ','), *from = text, *end = stop;
		struct plan *child;
		trim(&from, &end);
		const char *open = memchr(from, '(', (size_t)(end - from)), *name_end = open ? open : end;
		if (from == name_end)
			return bad_option(err, "$expand", SAY_OPTION_NAVIGATION);
		if (open && end[-1] != ')')
			return bad_option(err, "$expand", SAY_OPTION_PARENTHESIS);
		if (memchr(from, '/', (size_t)(name_end - from)) || *from == '*' || *from == '$' || memchr(from, '.', (size_t)(name_end - from))) {
			const char *what = arena_strndup(p->arena, from, text_cut(from, (size_t)(name_end - from), 100));
			err_tell(err, ERR_NOT_EXECUTED, strchr(what, '$') || strchr(what, '.') || *what == '*' ? SAY_EXPAND_LATER : SAY_EXPAND_ONE,
					 what);
			return err_target(err, "$expand");
		}
		if (p->section->ntasks && name_end - from == 5 && strncmp(from, "tasks", 5) == 0) {
			if (open)
				return err_tell(err, ERR_NOT_EXECUTED, SAY_TASK_OPTIONS);
			p->tasks = true;
			text = *stop ? stop + 1 : stop;
			continue;
		}
		if (plan_expand(p, from, (size_t)(name_end - from), p->actor->lang, &child, err))
			return -1;
		const struct field *nav = section_find_n(p->section, from, (size_t)(name_end - from));
		if (open &&
			expand_options(child, arena_strndup(p->arena, open + 1, (size_t)(end - open - 2)), nav->many || nav->type == FIELD_DETAIL, err))
			return -1;
		text = *stop ? stop + 1 : stop;
	}
	return 0;
}

/* True for options that exist somewhere: wrong ones begin with '$' as well. */
static bool is_known(const char *name)
{
	return odata_option_known(name) || strcmp(name, "$ostov.list") == 0;
}

/* Words and phrases of which every one is to be found (v4.01, 5.1.8). A blank of a phrase is written as \x1f, for which plan_search has the blank. */
static int search_words(struct plan *p, const char *value, struct err *err)
{
	struct buf b = BUF_INIT;
	size_t words = 0;
	const char *refused = NULL;
	for (const char *at = value + strspn(value, " \t"); *at && !refused; at += strspn(at, " \t")) {
		const char *close = *at == '"' ? strchr(at + 1, '"') : NULL;
		size_t n = close && close > at + 1 ? (size_t)(close - at - 1) : strcspn(at, " \t");
		const char *from = close && close > at + 1 ? at + 1 : at;
		bool phrase = from > at;
		at = phrase ? close + 1 : at + n;
		if (!phrase && n == 3 && memcmp(from, "AND", 3) == 0 && words && *(at + strspn(at, " \t")))
			continue;
		if (!phrase && ((n == 3 && memcmp(from, "NOT", 3) == 0) || (n == 2 && memcmp(from, "OR", 2) == 0)))
			refused = n == 3 ? "NOT" : "OR";
		if (words++)
			buf_putc(&b, ' ');
		for (size_t i = 0; i < n; i++)
			buf_putc(&b, from[i] == ' ' || from[i] == '\t' ? PLAN_SEARCH_BLANK : from[i]);
	}
	p->search = b.len ? arena_strndup(p->arena, b.data, b.len) : NULL;
	buf_destroy(&b);
	if (refused)
		err_tell(err, ERR_NOT_EXECUTED, SAY_SEARCH_LATER, refused);
	else if (words > PLAN_SEARCH_WORDS)
		err_tell(err, ERR_TOO_COMPLEX, SAY_SEARCH_WORDS, say_number(p->arena, PLAN_SEARCH_WORDS));
	else
		return 0;
	return err_target(err, "$search");
}

static int option(struct plan *p, const char *name, const char *value, bool nested, bool many, struct odata_options *out, struct err *err)
{
	static const char *const known[] = {"$select", "$expand", "$filter",    "$orderby", "$top",       "$skip",
										"$count",  "$search", "$skiptoken", "$format",  "$ostov.list"};
	int64_t n;
	if (strcmp(name, "$select") == 0)
		return select_list(p, value, err);
	if (strcmp(name, "$expand") == 0)
		return expand_list(p, value, err);
	if (nested && !many && is_known(name))
		return err_tell(err, ERR_NOT_EXECUTED, SAY_OPTION_SINGLE, name);
	if (strcmp(name, "$filter") == 0) {
		struct expr *e;
		return odata_filter_parse(p->arena, p->section, value, strlen(value), out ? out->shape : NULL, &e, err) || plan_filter(p, e, err)
				   ? -1
				   : 0;
	}
	if (strcmp(name, "$orderby") == 0)
		return order_list(p, value, err);
	if (strcmp(name, "$top") == 0) {
		if (number(name, value, nested ? PLAN_LINES : PLAN_TOP_MAX, &n, err))
			return -1;
		p->top = n;
		if (out)
			out->paged = true;
		return 0;
	}
	if (strcmp(name, "$search") == 0) {
		if (strlen(value) > MAX_SEARCH)
			return bad_option(err, name, SAY_OPTION_LONG);
		return search_words(p, value, err);
	}
	if (nested && is_known(name))
		return err_tell(err, ERR_NOT_EXECUTED, SAY_OPTION_EXPAND, name);
	if (strcmp(name, "$skip") == 0) {
		out->paged = true;
		p->skip_literal = out->shape ? out->shape->skip : 0;
		return number(name, value, PLAN_SKIP_MAX, &p->skip, err);
	}
	if (strcmp(name, "$count") == 0) {
		if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
			return bad_option(err, name, SAY_OPTION_BOOLEAN);
		out->count = *value == 't';
		return 0;
	}
	if (strcmp(name, "$format") == 0) {
		return 0; /* odata.c has looked */
	}
	if (strcmp(name, "$ostov.list") == 0) {
		for (size_t i = 0; i < p->section->nlists; i++)
			if (strcmp(p->section->lists[i]->name, value) == 0 &&
				plan_list_offered(p->arena, p->reg, p->actor, p->section, p->section->lists[i]))
				return plan_list(p, p->section->lists[i], err);
		if (strcmp(value, "all") == 0)
			return 0;
		return bad_option(err, name, SAY_OPTION_LIST);
	}
	if (is_known(name))
		return err_tell(err, ERR_NOT_EXECUTED, SAY_OPTION_LATER, name);
	err_tell(err, ERR_UNKNOWN_OPTION, SAY_OPTION_UNKNOWN, name);
	err_target(err, name);
	const char *near = text_nearest(name, known, sizeof known / sizeof *known);
	if (near)
		err_tell_hint(err, SAY_DID_YOU_MEAN, near);
	return -1;
}

int odata_options_parse(struct http_request *r, struct plan *p, struct odata_options *out, struct err *err)
{
	return odata_options_parse_shape(r, p, NULL, out, err);
}

int odata_options_parse_shape(struct http_request *r, struct plan *p, struct odata_shape *shape, struct odata_options *out, struct err *err)
{
	const char *at = NULL, *name, *value, *token = NULL, *list = NULL;
	enum { MAX_OPTIONS = 16 };
	const char *seen[MAX_OPTIONS];
	size_t nseen = 0;
	memset(out, 0, sizeof *out);
	out->shape = shape;
	p->titles = http_prefer(r, "ostov.titles", NULL);
	while (http_query_next(r, &at, &name, &value)) {
		/* what is not the system's is the client's own */
		name = odata_option_name(name);
		if (!name)
			continue;
		if (*name == '@') {
			err_tell(err, ERR_NOT_EXECUTED, SAY_OPTION_ALIAS, arena_strdup(r->arena, name));
			return err_target(err, name);
		}
		/* the plan may be kept for the next request of the same shape */
		name = arena_strdup(p->arena, name);
		value = arena_strdup(p->arena, value);
		for (size_t i = 0; i < nseen; i++)
			if (strcmp(seen[i], name) == 0)
				return bad_option(err, name, SAY_OPTION_TWICE);
		if (nseen == MAX_OPTIONS)
			return err_tell(err, ERR_TOO_COMPLEX, SAY_OPTION_COUNT);
		seen[nseen++] = name;
		/* the list gives its order only where none is asked for, the token needs the order complete: both last */
		if (strcmp(name, "$skiptoken") == 0)
			token = value;
		else if (strcmp(name, "$ostov.list") == 0)
			list = value;
		else if (option(p, name, value, false, true, out, err))
			return -1;
	}
	if (list && option(p, "$ostov.list", list, false, true, out, err))
		return -1;
	if (token && plan_token(p, token, &out->inputs, &out->ninputs, err))
		return -1;
	const char *bound, *size;
	if (!out->paged && (http_prefer(r, "odata.maxpagesize", &size) || http_prefer(r, "maxpagesize", &size))) {
		long n = strtol(size, NULL, 10);
		p->top = n < 1 ? p->top : n < PLAN_TOP_MAX ? n : PLAN_TOP_MAX;
	}
	if (out->count && http_prefer(r, "ostov.count-bound", &bound)) {
		out->count_bound = strtoll(bound, NULL, 10);
		if (out->count_bound < 1 || out->count_bound > 1000000)
			out->count_bound = 10000;
	}
	return 0;
}
