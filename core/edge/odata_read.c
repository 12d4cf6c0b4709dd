#include "edge/odata_read.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/odata_shape.h"
#include "pg/pg.h"
#include "serve/access.h"
#include "serve/plan.h"

enum { KEPT = 512, BUCKETS = 1024 };

/* A compiled plan, kept for requests of the same shape by users of the same roles. */
struct kept {
	struct arena *arena;
	char *key;
	uint32_t hash;
	struct {
		const char *text; /* of a literal that must be the same, NULL: any of its kind will do */
		size_t len;
	} * literals;
	size_t nliterals;
	struct plan *plan;
	struct plan_query *query;
	const char *selected; /* of the answer's context */
	struct pg_sql count;
	const char *count_text;
	struct odata_options options;
	struct kept *next_in_bucket, *newer, *older;
	int users; /* requests that run it now */
	bool dropped;
};

static struct {
	const struct registry *reg; /* whose plans these are, referenced */
	struct kept *buckets[BUCKETS], *newest, *oldest;
	unsigned count;
	uint64_t compiled, found;
} cache;

/* What is asked beside the address, and how it decides the statement. */
struct wanted {
	const char *key;
	struct odata_shape shape;
};

static uint32_t hash_text(const char *s)
{
	uint32_t h = 2166136261u;
	while (*s)
		h = (h ^ (unsigned char)*s++) * 16777619u;
	return h;
}

static void kept_release(struct kept *k)
{
	if (--k->users == 0 && k->dropped)
		arena_delete(k->arena);
}

static void kept_unlink(struct kept *k)
{
	if (k->newer)
		k->newer->older = k->older;
	else
		cache.newest = k->older;
	if (k->older)
		k->older->newer = k->newer;
	else
		cache.oldest = k->newer;
}

static void kept_link(struct kept *k)
{
	k->newer = NULL;
	k->older = cache.newest;
	if (cache.newest)
		cache.newest->newer = k;
	else
		cache.oldest = k;
	cache.newest = k;
}

static void kept_drop(struct kept *k)
{
	struct kept **p = &cache.buckets[k->hash % BUCKETS];
	while (*p != k)
		p = &(*p)->next_in_bucket;
	*p = k->next_in_bucket;
	kept_unlink(k);
	cache.count--;
	k->dropped = true;
	k->users++;
	kept_release(k);
}

static void release(void *k)
{
	kept_release(k);
}

/* True when the plan was made with the same literals wherever their values decided about it. */
static bool literals_fit(const struct kept *k, const struct odata_shape *shape)
{
	if (k->nliterals != shape->nliterals)
		return false;
	for (size_t i = 0; i < k->nliterals; i++)
		if (k->literals[i].text &&
			(k->literals[i].len != shape->literals[i].len || memcmp(k->literals[i].text, shape->literals[i].text, k->literals[i].len) != 0))
			return false;
	return true;
}

static void literals_keep(struct kept *k, const struct odata_shape *shape)
{
	k->nliterals = shape->nliterals;
	k->literals = arena_alloc(k->arena, sizeof *k->literals * (k->nliterals + 1));
	for (size_t i = 0; i < k->nliterals; i++) {
		const struct odata_literal *l = &shape->literals[i];
		if (odata_shape_free(l))
			continue;
		k->literals[i].text = arena_strndup(k->arena, l->text, l->len);
		k->literals[i].len = l->len;
	}
}

/* The kept plan of the key, marked as used by this request. */
static struct kept *kept_find(struct http_request *r, const struct registry *reg, const struct wanted *w)
{
	if (cache.reg != reg) {
		while (cache.newest)
			kept_drop(cache.newest);
		if (cache.reg)
			registry_unref((struct registry *)(uintptr_t)cache.reg);
		cache.reg = registry_ref((struct registry *)(uintptr_t)reg);
	}
	uint32_t h = hash_text(w->key);
	for (struct kept *k = cache.buckets[h % BUCKETS]; k; k = k->next_in_bucket)
		if (k->hash == h && strcmp(k->key, w->key) == 0 && literals_fit(k, &w->shape)) {
			if (k->newer) {
				kept_unlink(k);
				kept_link(k);
			}
			k->users++;
			cache.found++;
			arena_defer(r->arena, release, k);
			return k;
		}
	return NULL;
}

static void kept_add(struct http_request *r, struct kept *k)
{
	while (cache.count >= KEPT)
		kept_drop(cache.oldest);
	k->hash = hash_text(k->key);
	k->next_in_bucket = cache.buckets[k->hash % BUCKETS];
	cache.buckets[k->hash % BUCKETS] = k;
	kept_link(k);
	cache.count++;
	cache.compiled++;
	k->users = 1;
	arena_defer(r->arena, release, k);
}

/* What a run of the plan takes from this request alone: its user, its key, its literals, its position. */
static int bind(struct http_request *r, struct app_request *q, struct kept *k, const struct odata_shape *shape, int64_t key,
				struct pg_bindings *b, struct err *err)
{
	struct value *inputs;
	size_t n = k->options.ninputs ? k->options.ninputs : 1;
	plan_bindings(q->reg, q->actor, b);
	if (!shape->token) {
		inputs = arena_array(r->arena, struct value, n);
		if (k->options.ninputs)
			memcpy(inputs, k->options.inputs, n * sizeof *inputs);
	} else if (plan_token_values(k->plan, r->arena, shape->token, &inputs, &n, err)) {
		return -1;
	}
	inputs[0] = value_int(key);
	b->inputs = inputs;
	b->ninputs = n;
	b->literals = shape->values;
	b->nliterals = shape->count;
	return 0;
}

static void key_add(struct buf *b, const char *text)
{
	buf_puts(b, text ? text : "");
	buf_putc(b, 1); /* no header or address has it */
}

/* What decides the statement: who (by roles), what, every option and preference. */
static void want(struct http_request *r, struct app_request *q, const struct section *s, const char *part, bool one, bool count_only,
				 bool parse, struct wanted *w)
{
	struct buf b = BUF_INIT;
	memset(w, 0, sizeof *w);
	if (parse)
		odata_shape_read(r, &w->shape);
	buf_putc(&b, count_only ? '#' : one ? '1' : '*');
	buf_putc(&b, q->exact ? 'x' : '-');
	buf_int(&b, q->actor->lang);
	key_add(&b, q->actor->roles_key);
	key_add(&b, s->expr.name);
	key_add(&b, part);
	if (http_header(r, "Prefer")) {
		const char *bound = NULL, *size = NULL;
		http_prefer(r, "ostov.count-bound", &bound);
		if (!http_prefer(r, "odata.maxpagesize", &size))
			http_prefer(r, "maxpagesize", &size);
		buf_putc(&b, http_prefer(r, "ostov.titles", NULL) ? 't' : '-');
		key_add(&b, bound);
		key_add(&b, size);
	}
	if (parse)
		buf_puts(&b, w->shape.key);
	w->key = arena_strndup(r->arena, b.data, b.len);
	buf_destroy(&b);
}

/* What of a record is in the answer where it is not all of it: "(number,account(name))" (OData JSON format, 10.7 to 10.10). */
static void selected_write(struct buf *b, struct arena *a, const struct plan *p, bool outermost)
{
	bool any = false, part = !p->all && p->fields.count;
	if (outermost && !part && !p->expands.count && !p->tasks)
		return;
	buf_putc(b, '(');
	for (size_t i = 0; part && i < p->fields.count; i++, any = true)
		buf_printf(b, "%s%s", any ? "," : "", field_property(a, p->fields.items[i]));
	for (size_t i = 0; i < p->expands.count; i++, any = true) {
		buf_printf(b, "%s%s", any ? "," : "", p->expands.items[i].nav->expr.name);
		selected_write(b, a, p->expands.items[i].plan, false);
	}
	if (p->tasks)
		buf_puts(b, any ? ",tasks()" : "tasks()");
	buf_putc(b, ')');
}

static const char *selected(struct arena *a, const struct plan *p)
{
	struct buf b = BUF_INIT;
	selected_write(&b, a, p, true);
	const char *text = arena_strdup(a, b.data ? b.data : "");
	buf_destroy(&b);
	return text;
}

/* Makes or finds the compiled plan and what a run of this request gives it. `by`: a collection below a record; `one`: by key. */
static int kept_get(struct http_request *r, struct app_request *q, struct section *s, const struct field *by, const char *part, int64_t key,
					bool one, bool count_only, bool parse, struct kept **out, struct pg_bindings *b, struct err *err)
{
	struct wanted w;
	want(r, q, s, part, one, count_only, parse, &w);
	struct kept *k = kept_find(r, q->reg, &w);
	if (k) {
		*out = k;
		return bind(r, q, k, &w.shape, key, b, err);
	}
	struct arena *a = arena_new_sized(8192);
	struct err mine;
	err_init(&mine, r->arena);
	k = arena_new(a, struct kept);
	k->arena = a;
	k->key = arena_strdup(a, w.key);
	int failed = plan_create(a, q->reg, q->actor, s, &k->plan, &mine);
	if (!failed) {
		k->plan->one = one;
		k->plan->by = by;
		k->plan->exact = q->exact;
		if (parse)
			failed = odata_options_parse_shape(r, k->plan, &w.shape, &k->options, &mine);
		else
			k->plan->titles = http_prefer(r, "ostov.titles", NULL);
	}
	if (!failed && one &&
		(k->options.paged || k->plan->filter || k->plan->search || k->options.count || k->plan->orders.count || k->options.ninputs))
		failed = err_tell(&mine, ERR_SYNTAX, SAY_ONE_TAKES);
	if (!failed && !count_only)
		failed = plan_compile(k->plan, &k->query, &mine);
	if (!failed && (count_only || k->options.count)) {
		failed = plan_compile_count(k->plan, k->options.count_bound, &k->count, &mine);
		if (!failed)
			k->count_text = pg_sql_finish(&k->count);
	}
	if (failed) {
		if (err) {
			struct arena *keep = err->arena;
			*err = mine;
			err->arena = keep;
			/* texts of the plan's arena end with it */
			err->message = arena_strdup(r->arena, mine.message);
			err->message_ru = arena_strdup(r->arena, mine.message_ru);
			err->hint = arena_strdup(r->arena, mine.hint);
			err->hint_ru = arena_strdup(r->arena, mine.hint_ru);
			err->target = arena_strdup(r->arena, mine.target);
		}
		arena_delete(a);
		return -1;
	}
	literals_keep(k, &w.shape);
	k->selected = selected(a, k->plan);
	k->options.shape = NULL;
	kept_add(r, k);
	*out = k;
	return bind(r, q, k, &w.shape, key, b, err);
}

static int run_count(struct http_request *r, struct app_request *q, struct kept *k, const struct pg_bindings *b, int64_t *count,
					 struct err *err)
{
	struct pg_params params = {0};
	struct pg_rows *rows;
	pg_sql_bind(&k->count, r->arena, b, &params);
	if (pg_read(q->pg, PG_LANE_SLOW, r->arena, k->count_text, &params, &rows, err))
		return -1;
	*count = pg_rows_int(rows, 0, 0);
	return 0;
}

/* The address of the next page: this one with another $skiptoken and without $skip. */
static void next_link(struct http_request *r, const char *token)
{
	struct buf *b = &r->out;
	buf_puts(b, ",\"@odata.nextLink\":\"");
	buf_puts(b, http_base_url(r->server));
	buf_puts(b, r->path);
	char sep = '?';
	for (const char *p = r->query; *p;) {
		size_t n = strcspn(p, "&"), name = strcspn(p, "&=");
		if (n && !odata_option_is(p, name, "skiptoken") && !odata_option_is(p, name, "skip")) {
			buf_putc(b, sep);
			for (size_t i = 0; i < n; i++)
				if (p[i] == '"' || p[i] == '\\' || (unsigned char)p[i] < ' ')
					buf_printf(b, "%%%02X", (unsigned char)p[i]);
				else
					buf_putc(b, p[i]);
			sep = '&';
		}
		p += n + (p[n] == '&');
	}
	buf_printf(b, "%c$skiptoken=%s\"", sep, token);
}

static void context(struct http_request *r, const char *set, const char *part, bool entity)
{
	struct buf *b = &r->out;
	buf_puts(b, "{\"@odata.context\":\"");
	buf_puts(b, http_base_url(r->server));
	buf_puts(b, "/api/$metadata#");
	buf_puts(b, set);
	buf_puts(b, part);
	buf_puts(b, entity ? "/$entity\"" : "\"");
}

static void reply(struct http_request *r, int status)
{
	http_reply_json(r, status);
}

static int read_set(struct http_request *r, struct app_request *q, struct section *s, const struct field *by, const char *part,
					int64_t parent, struct err *err)
{
	struct kept *k;
	struct plan_page page;
	int64_t count = 0;
	struct pg_bindings b;
	if (kept_get(r, q, s, by, part, parent, false, false, true, &k, &b, err))
		return -1;
	if (k->options.count && run_count(r, q, k, &b, &count, err))
		return -1;
	context(r, s->expr.name, k->selected, false);
	if (k->options.count) {
		bool exceeded = k->options.count_bound && count > k->options.count_bound;
		buf_printf(&r->out, q->exact ? ",\"@odata.count\":\"%lld\"" : ",\"@odata.count\":%lld",
				   (long long)(exceeded ? k->options.count_bound : count));
		if (exceeded)
			buf_puts(&r->out, ",\"@ostov.count-exceeded\":true");
	}
	buf_puts(&r->out, ",\"value\":[");
	if (plan_run(k->query, q->pg, PG_LANE_FAST, r->arena, &b, &r->out, &page, err))
		return -1;
	buf_putc(&r->out, ']');
	if (!k->options.paged && (http_prefer(r, "odata.maxpagesize", NULL) || http_prefer(r, "maxpagesize", NULL)))
		http_set_header(r, "Preference-Applied", arena_printf(r->arena, "odata.maxpagesize=%lld", (long long)k->plan->top));
	/* who counts pages by $top and $skip gets the rows asked for and no link */
	if (page.token && page.more && !k->options.paged)
		next_link(r, page.token);
	buf_putc(&r->out, '}');
	reply(r, 200);
	return 0;
}

enum { TAG_BYTES = 12, TAG_CHARS = 17 };

/* The ETag of one record as it is answered: the version of the row, for If-Match, and a hash of the whole text, since rollups, expanded records, titles and what the
 * user may read change without it. Into the text at `mark` too, where the version alone stands. */
static const char *tag_put(struct http_request *r, size_t mark, int64_t version)
{
	static const unsigned char key[crypto_shorthash_siphashx24_KEYBYTES];
	unsigned char hash[crypto_shorthash_siphashx24_BYTES];
	char digits[TAG_CHARS];
	struct buf *b = &r->out;
	struct buf open = BUF_INIT;
	buf_puts(&open, "\"@odata.etag\":\"W/\\\"");
	size_t number = open.len;
	buf_int(&open, version);
	size_t at = mark + open.len, old = b->len;
	crypto_shorthash_siphashx24(hash, (const unsigned char *)b->data, b->len, key);
	sodium_bin2base64(digits, sizeof digits, hash, TAG_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	if (at < old && memcmp(b->data + mark, open.data, open.len) == 0) {
		buf_room(b, TAG_CHARS);
		b->len += TAG_CHARS;
		b->data[b->len] = 0;
		memmove(b->data + at + TAG_CHARS, b->data + at, old - at);
		b->data[at] = '-';
		memcpy(b->data + at + 1, digits, TAG_CHARS - 1);
	}
	/* W/"version-digits" */
	char *tag = arena_alloc(r->arena, open.len - number + TAG_CHARS + 5), *to = tag;
	to = mempcpy(to, "W/\"", 3);
	to = mempcpy(to, open.data + number, open.len - number);
	*to++ = '-';
	to = mempcpy(to, digits, TAG_CHARS - 1);
	*to = '"';
	buf_destroy(&open);
	return tag;
}

static bool tag_matches(const char *header, const char *tag)
{
	/* weak comparison: W/ does not count */
	return header && (strcmp(header, "*") == 0 || strstr(header, tag + 2) != NULL);
}

/* One record by key. */
static int read_one(struct http_request *r, struct app_request *q, struct section *s, int64_t id, int status, bool parse, bool conditional,
					struct err *err)
{
	struct kept *k;
	struct plan_page page;
	struct pg_bindings b;
	if (kept_get(r, q, s, NULL, NULL, id, true, false, parse, &k, &b, err))
		return -1;
	context(r, s->expr.name, k->selected, true);
	buf_putc(&r->out, ',');
	size_t mark = r->out.len;
	if (plan_run(k->query, q->pg, PG_LANE_FAST, r->arena, &b, &r->out, &page, err))
		return -1;
	if (!page.rows)
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NOT_FOUND);
	/* the record's own brace is the one that the context opened */
	memmove(r->out.data + mark, r->out.data + mark + 1, r->out.len - mark);
	r->out.len--;
	const char *tag = tag_put(r, mark, page.version);
	http_set_header(r, "ETag", tag);
	if (conditional && tag_matches(http_header(r, "If-None-Match"), tag)) {
		http_reply_empty(r, 304);
		return 0;
	}
	reply(r, status);
	return 0;
}

void odata_read_counts(uint64_t *compiled, uint64_t *found)
{
	*compiled = cache.compiled;
	*found = cache.found;
}

static bool has_options(const struct http_request *r)
{
	const char *at = NULL, *name, *value;
	while (http_query_next(r, &at, &name, &value))
		if (odata_option_name(name))
			return true;
	return false;
}

int odata_read_back(struct http_request *r, struct app_request *q, struct section *s, int64_t id, int status, struct err *err)
{
	buf_clear(&r->out);
	return read_one(r, q, s, id, status, has_options(r), false, err);
}

int odata_read_check(struct http_request *r, struct app_request *q, struct section *s, struct err *err)
{
	struct kept *k;
	struct pg_bindings b;
	return has_options(r) ? kept_get(r, q, s, NULL, NULL, 0, true, false, true, &k, &b, err) : 0;
}

/* A value has no options but how it is written. */
static int no_options(const struct http_request *r, struct err *err)
{
	const char *at = NULL, *name, *value;
	while (http_query_next(r, &at, &name, &value)) {
		const char *own = odata_option_name(name);
		if (!own || strcmp(own, "$format") == 0)
			continue;
		err_tell(err, ERR_UNKNOWN_OPTION, SAY_OPTION_UNKNOWN, name);
		return err_target(err, name);
	}
	return 0;
}

/* A lookup's target as the entity that it is, several as a collection, a property as its value (OData protocol, 11.2.4 and 11.2.7); nothing there is 204. */
static int read_value(struct http_request *r, struct app_request *q, const struct odata_address *address, const struct field *f,
					  struct err *err)
{
	struct arena *a = r->arena;
	struct plan *p, *child = NULL;
	struct plan_query *query;
	struct plan_page page;
	struct pg_bindings b;
	struct odata_options options;
	struct value key = value_int(address->key);
	if (plan_create(a, q->reg, q->actor, address->section, &p, err))
		return -1;
	p->one = true;
	p->exact = q->exact;
	static const char id[] = "id";
	if (plan_select(p, id, 2, q->actor->lang, err))
		return -1;
	bool nav = f->to && strcmp(f->expr.name, address->part) == 0;
	if (nav && f->type == FIELD_FILE)
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_RESOURCE); /* /files/ sends them */
	if (address->part_count && nav && f->many)
		return err_tell(err, ERR_NOT_EXECUTED, SAY_ADDRESS_LATER, arena_printf(a, "%s/$count", address->part));
	if (address->part_count) /* of one there is nothing to count */
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_RESOURCE);
	if (nav) {
		if (plan_expand(p, f->expr.name, strlen(f->expr.name), q->actor->lang, &child, err) || odata_options_parse(r, child, &options, err))
			return -1;
		if (options.count || options.ninputs || child->skip || (!f->many && (options.paged || child->filter || child->search)))
			return err_tell(err, ERR_NOT_EXECUTED, SAY_PART_TAKES);
	} else if (no_options(r, err) || plan_select(p, address->part, strlen(address->part), q->actor->lang, err)) {
		return -1;
	}
	if (plan_compile(p, &query, err))
		return -1;
	plan_bindings(q->reg, q->actor, &b);
	b.inputs = &key;
	b.ninputs = 1;
	struct buf row = BUF_INIT;
	int failed = plan_run(query, q->pg, PG_LANE_FAST, a, &b, &row, &page, err);
	/* the row is {"@odata.etag":…,"id":…,"PART":VALUE}; with id asked for, PART is that one */
	const char *text = !failed && page.rows ? arena_strndup(a, row.data, row.len - 1) : NULL;
	buf_destroy(&row);
	if (failed)
		return -1;
	if (!text)
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NOT_FOUND);
	const char *name = arena_printf(a, "\"%s\":", address->part);
	const char *value = strstr(text, name) + strlen(name);
	if (strcmp(value, "null") == 0) {
		http_reply_empty(r, 204);
		return 0;
	}
	if (nav && !f->many) {
		context(r, f->to->expr.name, selected(a, child), true);
		buf_printf(&r->out, ",%s", value + 1);
	} else {
		if (nav)
			context(r, f->to->expr.name, selected(a, child), false);
		else
			context(r, arena_printf(a, "%s(%lld)/%s", address->section->expr.name, (long long)address->key, address->part), "", false);
		/* more than a page of several: "x@ostov.more" says so, as within an expansion */
		buf_printf(&r->out, ",\"value\":%s}", value);
	}
	reply(r, 200);
	return 0;
}

struct field *odata_part_field(struct arena *a, struct app_request *q, const struct odata_address *address)
{
	struct section *s = address->section;
	struct field *f = section_find(s, address->part);
	for (size_t i = 0; !f && i < s->nfields; i++)
		if (strcmp(field_property(a, s->fields[i]), address->part) == 0)
			f = s->fields[i];
	return f && access_field(access_get(q->reg, q->actor, s), GRANT_READ, f) != ACCESS_NONE ? f : NULL;
}

/* A navigation from a record: the lookup's target, or a collection below it. */
static int read_part(struct http_request *r, struct app_request *q, const struct odata_address *address, struct err *err)
{
	struct section *s = address->section;
	const struct field *f = odata_part_field(r->arena, q, address);
	if (!f)
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_RESOURCE);
	if (f->type == FIELD_DETAIL && f->expr.by) {
		/* the parent must be visible, and the detail granted on it */
		struct kept *parent;
		struct plan_page page;
		struct buf scratch = BUF_INIT;
		struct pg_bindings b;
		if (kept_get(r, q, s, NULL, NULL, address->key, true, false, false, &parent, &b, err))
			return -1;
		int failed = plan_run(parent->query, q->pg, PG_LANE_FAST, r->arena, &b, &scratch, &page, err);
		buf_destroy(&scratch);
		if (failed)
			return -1;
		if (!page.rows)
			return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NOT_FOUND);
		if (!address->part_count)
			return read_set(r, q, f->to, (const struct field *)f->expr.by, arena_printf(r->arena, "%s.%s", s->expr.name, f->expr.name),
							address->key, err);
		struct kept *k;
		int64_t count;
		if (kept_get(r, q, f->to, (const struct field *)f->expr.by, arena_printf(r->arena, "%s.%s", s->expr.name, f->expr.name),
					 address->key, false, true, true, &k, &b, err))
			return -1;
		if (run_count(r, q, k, &b, &count, err))
			return -1;
		buf_int(&r->out, count);
		r->status = 200;
		http_set_header(r, "Content-Type", "text/plain; charset=utf-8");
		return 0;
	}
	return read_value(r, q, address, f, err);
}

int odata_read(struct http_request *r, struct app_request *q, const struct odata_address *address, struct err *err)
{
	struct kept *k;
	int64_t count;
	switch (address->kind) {
	case ODATA_SET: return read_set(r, q, address->section, NULL, NULL, 0, err);
	case ODATA_SET_COUNT: {
		struct pg_bindings b;
		if (kept_get(r, q, address->section, NULL, NULL, 0, false, true, true, &k, &b, err))
			return -1;
		if (run_count(r, q, k, &b, &count, err))
			return -1;
		buf_int(&r->out, count);
		r->status = 200;
		http_set_header(r, "Content-Type", "text/plain; charset=utf-8");
		return 0;
	}
	case ODATA_ONE: return read_one(r, q, address->section, address->key, 200, true, true, err);
	case ODATA_PART: return read_part(r, q, address, err);
	default: return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_RESOURCE);
	}
}
