#include "edge/odata_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/map.h"
#include "base/say.h"
#include "edge/odata_metadata.h"
#include "serve/access.h"

enum { MAX_LINES = 1000, LEVELS = 4 };

struct reading {
	struct arena *a;
	const struct registry *reg;
	const struct actor *actor;
	enum odata_body_mode mode;
	struct err *err;
	const char *prefix; /* of targets: "payments/2/" within a line */
	int level;
};

static const char *target_of(const struct reading *r, const char *name)
{
	return r->prefix ? arena_printf(r->a, "%s%s", r->prefix, name) : name;
}

/* The field may be known to this user: readable or writable somewhere. */
static bool known(const struct reading *r, const struct access *x, const struct field *f)
{
	return r->actor->system || access_field(x, GRANT_READ, f) != ACCESS_NONE || access_field(x, GRANT_UPDATE, f) != ACCESS_NONE ||
		   access_field(x, GRANT_CREATE, f) != ACCESS_NONE;
}

static struct field *field_of(const struct reading *r, const struct access *x, struct section *s, const char *property)
{
	for (size_t i = 0; i < s->nfields; i++)
		if (strcmp(field_property(r->a, s->fields[i]), property) == 0 && known(r, x, s->fields[i]))
			return s->fields[i];
	return NULL;
}

/* A fault of the input, of field `f` (NULL: of none). */
static void note(struct reading *r, struct record_input *out, struct field *f, const struct err *fault)
{
	if (r->mode == ODATA_BODY_WRITE)
		record_input_fault(r->a, out, f, fault);
	else
		err_append(r->err, fault);
}

static void unknown(struct reading *r, struct record_input *out, const struct access *x, struct section *s, const char *name)
{
	struct map names;
	struct err one;
	err_init(&one, r->a);
	map_create(&names, r->a);
	for (size_t i = 0; i < s->nfields; i++)
		if (known(r, x, s->fields[i]))
			map_put(&names, field_property(r->a, s->fields[i]), s->fields[i]);
	err_say(&one, ERR_UNKNOWN_FIELD, r->actor->lang, SAY_UNKNOWN_FIELD, name);
	err_target(&one, target_of(r, name));
	const char *near = map_nearest(&names, name);
	if (near)
		err_tell_hint(&one, SAY_DID_YOU_MEAN, near);
	note(r, out, NULL, &one);
}

static struct value value_of(struct arena *a, const struct json *v)
{
	struct value out = value_nil();
	switch (v->kind) {
	case JSON_NIL: break;
	case JSON_FALSE:
	case JSON_TRUE: out = value_bool(v->kind == JSON_TRUE); break;
	case JSON_TEXT: out = value_text(v->text, v->len); break;
	case JSON_DIGITS: {
		int64_t i;
		if (!decimal_parse(a, v->text, v->len, &out))
			out = value_text(v->text, v->len);
		else if (!strpbrk(v->text, ".eE") && decimal_to_int(&out, &i))
			out = value_int(i);
		break;
	}
	case JSON_LIST: {
		struct value *items = arena_array(a, struct value, v->count ? v->count : 1);
		size_t n = 0;
		for (const struct json *item = v->first; item; item = item->next)
			items[n++] = value_of(a, item);
		out.kind = VALUE_LIST;
		out.list.items = items;
		out.list.count = n;
		break;
	}
	case JSON_MAP: out = value_text("", 0); break;
	}
	return out;
}

/* "account(17)" or an address that ends in it. */
static bool bound_id(const char *text, const struct section *to, int64_t *id)
{
	const char *slash = strrchr(text, '/'), *name = slash ? slash + 1 : text;
	size_t n = strlen(to->expr.name);
	char *end;
	if (strncmp(name, to->expr.name, n) != 0 || name[n] != '(')
		return false;
	*id = strtoll(name + n + 1, &end, 10);
	return end > name + n + 1 && strcmp(end, ")") == 0;
}

static void read_record(struct reading *r, struct section *s, const struct json *body, struct record_input *out);

static void invalid(struct reading *r, struct record_input *out, struct field *f, const char *name, enum say_text text, const char *arg)
{
	struct err one;
	err_init(&one, r->a);
	err_say(&one, ERR_INVALID, r->actor->lang, text, arg);
	err_target(&one, target_of(r, name));
	note(r, out, f, &one);
}

static bool is_whole(const struct record_input *in, const struct field *detail)
{
	for (size_t i = 0; i < in->whole.count; i++)
		if (in->whole.items[i] == detail)
			return true;
	return false;
}

/* `delta`: what changes of the lines; else the list is all of them (OData 4.01, 11.4.3.1). */
static void read_lines(struct reading *r, struct field *detail, const struct json *list, bool delta, struct record_input *out)
{
	size_t pos = 0;
	const char *name = detail->expr.name, *label = label_get(&detail->label, r->actor->lang);
	if (list->kind != JSON_LIST) {
		invalid(r, out, NULL, name, SAY_BAD_LIST, label);
		return;
	}
	if (list->count > MAX_LINES || r->level + 1 >= LEVELS) {
		invalid(r, out, NULL, name, SAY_TOO_MANY_RECORDS, "1000");
		return;
	}
	bool both = delta && is_whole(out, detail);
	for (size_t i = 0; i < out->lines.count && !delta; i++)
		both |= out->lines.items[i].detail == detail;
	if (both) {
		invalid(r, out, NULL, name, SAY_LINES_TWICE, label);
		return;
	}
	/* in a form that is being typed only what changes is told */
	if (!delta && r->mode != ODATA_BODY_DRAFT)
		record_input_whole(r->a, out, detail);
	for (const struct json *line = list->first; line; line = line->next, pos++) {
		struct reading inner = *r;
		long long id = 0;
		inner.prefix = arena_printf(r->a, "%s%s/%zu/", r->prefix ? r->prefix : "", name, pos);
		inner.level = r->level + 1;
		if (line->kind != JSON_MAP) {
			invalid(r, out, NULL, name, SAY_BAD_LIST, label);
			continue;
		}
		bool has_id = json_get_int(line, "id", &id), removed = json_get(line, "@removed") != NULL;
		if (removed && !has_id) {
			invalid(&inner, out, NULL, "id", SAY_NO_LINE, "");
			continue;
		}
		struct record_input *values = record_input_line(r->a, out, detail,
														removed  ? RECORD_LINE_REMOVE
														: has_id ? RECORD_LINE_UPDATE
																 : RECORD_LINE_CREATE,
														(int64_t)id);
		out->lines.items[out->lines.count - 1].position = pos;
		if (!removed)
			read_record(&inner, detail->to, line, values);
	}
}

/* A list of ids as the value of the field. */
static struct value ids_value(struct arena *a, const struct json *list, struct value **items)
{
	struct value v = {.kind = VALUE_LIST};
	*items = arena_array(a, struct value, list->count ? list->count : 1);
	v.list.items = *items;
	v.list.count = list->count;
	return v;
}

/* `account@odata.bind`: "account(17)"; of several a list of such. */
static void read_bound(struct reading *r, const struct access *x, struct section *s, const char *name, const struct json *v,
					   struct record_input *out)
{
	struct field *f = section_find(s, name);
	struct value value = value_nil(), *items = &value;
	int64_t id = 0;
	bool bad = false;
	if (!f || !f->to || f->type == FIELD_DETAIL || !known(r, x, f)) {
		unknown(r, out, x, s, name);
		return;
	}
	if (f->many != (v->kind == JSON_LIST)) {
		invalid(r, out, f, name, f->many ? SAY_BAD_LIST : SAY_BAD_LOOKUP, label_get(&f->label, r->actor->lang));
		return;
	}
	if (f->many)
		value = ids_value(r->a, v, &items);
	for (const struct json *one = f->many ? v->first : v; one && one->kind != JSON_NIL; one = f->many ? one->next : NULL) {
		bad |= one->kind != JSON_TEXT || !bound_id(one->text, f->to, &id);
		*items++ = value_int(id);
	}
	if (bad)
		invalid(r, out, f, name, SAY_BAD_LOOKUP, label_get(&f->label, r->actor->lang));
	else
		record_input_set(r->a, out, f, value);
}

enum nested { NESTED_ID, NESTED_READ, NESTED_NEW };

/* What a record within a record says: which one it is, or nothing that could be done with it. With an ETag it was read and is sent back. */
static enum nested nested_of(const struct json *v, const struct section *to, int64_t *id)
{
	const char *ref = json_get_text(v, "@odata.id");
	long long number;
	if (v->kind != JSON_MAP)
		return NESTED_NEW;
	if (!ref)
		ref = json_get_text(v, "@id");
	bool read = json_get(v, "@odata.etag") != NULL, more = false;
	for (const struct json *m = v->first; m; m = m->next)
		more |= *m->key != '@' && strcmp(m->key, "id") != 0;
	if (more && !read)
		return NESTED_NEW;
	if (ref)
		return bound_id(ref, to, id) ? NESTED_ID : NESTED_NEW;
	if (json_get_int(v, "id", &number)) {
		*id = (int64_t)number;
		return NESTED_ID;
	}
	return read ? NESTED_READ : NESTED_NEW;
}

/* `account`: {"@odata.id":"account(17)"}, {"id":17} or null is the lookup; what was read with the record and is sent back beside `account_id` says nothing more. */
static void read_nested(struct reading *r, const struct access *x, struct section *s, const struct json *body, const struct json *v,
						struct record_input *out)
{
	struct field *f = section_find(s, v->key);
	struct value value = value_nil(), *items = &value;
	bool read = false, made = false, tagged = false;
	int64_t id = 0;
	bool plain = v->kind != JSON_MAP && v->kind != JSON_LIST && v->kind != JSON_NIL;
	if (!f || !f->to || plain || !known(r, x, f)) {
		unknown(r, out, x, s, v->key);
		return;
	}
	if (f->type != FIELD_DETAIL && json_get(body, field_property(r->a, f)))
		return;
	if (f->type == FIELD_DETAIL || f->many ? v->kind != JSON_LIST : v->kind != JSON_MAP && v->kind != JSON_NIL) {
		invalid(r, out, f->type == FIELD_DETAIL ? NULL : f, f->expr.name,
				f->many || f->type == FIELD_DETAIL ? SAY_BAD_LIST : SAY_BAD_LOOKUP, label_get(&f->label, r->actor->lang));
		return;
	}
	/* nobody sets it, so it is no wish but what was read */
	bool fixed = f->builtin || (f->readonly.set && f->readonly.constant && f->readonly.value);
	if (f->many)
		value = ids_value(r->a, v, &items);
	made = f->type == FIELD_DETAIL;
	for (const struct json *one = f->many ? v->first : v; one && one->kind != JSON_NIL && !made; one = f->many ? one->next : NULL) {
		enum nested n = nested_of(one, f->to, &id);
		read |= n == NESTED_READ;
		tagged |= json_get(one, "@odata.etag") != NULL;
		made |= n == NESTED_NEW;
		*items++ = value_int(id);
	}
	if (made && r->mode != ODATA_BODY_DRAFT) {
		struct err one;
		err_init(&one, r->a);
		err_say(&one, ERR_NOT_EXECUTED, r->actor->lang, SAY_DEEP_INSERT, f->expr.name);
		err_target(&one, target_of(r, f->expr.name));
		note(r, out, NULL, &one);
	} else if (!read && !made && !(tagged && fixed)) {
		record_input_set(r->a, out, f, value);
	}
}

/* `@odata.type`: a record of this section, or a fault. */
static void read_type(struct reading *r, const struct section *s, const struct json *v, struct record_input *out)
{
	const char *type = v->kind == JSON_TEXT ? v->text : "", *hash = strrchr(type, '#');
	if (strcmp(hash ? hash + 1 : type, arena_printf(r->a, ODATA_MODEL ".%s", s->expr.name)) == 0)
		return;
	struct err one;
	err_init(&one, r->a);
	err_say(&one, ERR_INVALID, r->actor->lang, SAY_BAD_TYPE, v->key, type);
	err_target(&one, target_of(r, v->key));
	note(r, out, NULL, &one);
}

static void read_value(struct reading *r, struct field *f, const struct json *v, struct record_input *out)
{
	struct value raw = value_of(r->a, v), coerced;
	struct err one;
	err_init(&one, r->a);
	if (v->kind == JSON_MAP) {
		invalid(r, out, f, f->expr.name, SAY_BAD_TEXT, label_get(&f->label, r->actor->lang));
	} else if (record_coerce(r->a, r->actor->lang, f, &raw, &coerced, &one) == 0) {
		record_input_set(r->a, out, f, coerced);
	} else if (r->mode != ODATA_BODY_DRAFT) {
		one.target = target_of(r, f->expr.name);
		note(r, out, f, &one);
	}
}

static void read_record(struct reading *r, struct section *s, const struct json *body, struct record_input *out)
{
	const struct access *x = access_get(r->reg, r->actor, s);
	for (const struct json *v = body->first; v; v = v->next) {
		char name[128];
		const char *at = strchr(v->key, '@');
		snprintf(name, sizeof name, "%.*s", (int)(at ? at - v->key : (long)strlen(v->key)), v->key);
		if (at && strcmp(at, "@delta") == 0) {
			struct field *f = section_find(s, name);
			if (!f || f->type != FIELD_DETAIL || !f->owned || !known(r, x, f))
				unknown(r, out, x, s, name);
			else
				read_lines(r, f, v, true, out);
			continue;
		}
		if (at && (strcmp(at, "@odata.bind") == 0 || strcmp(at, "@bind") == 0))
			read_bound(r, x, s, name, v, out);
		if (at == v->key && (strcmp(at, "@odata.type") == 0 || strcmp(at, "@type") == 0))
			read_type(r, s, v, out);
		if (at)
			continue; /* an annotation */
		if (r->prefix && strcmp(v->key, "id") == 0)
			continue; /* names the line */
		struct field *f = field_of(r, x, s, v->key);
		if (!f) {
			read_nested(r, x, s, body, v, out);
		} else if (f->type != FIELD_DETAIL) {
			read_value(r, f, v, out);
		} else if (f->owned) {
			read_lines(r, f, v, false, out);
		} else {
			read_nested(r, x, s, body, v, out);
		}
	}
}

int odata_body_input(struct arena *a, const struct registry *reg, const struct actor *actor, struct section *s, const struct json *body,
					 enum odata_body_mode mode, struct record_input *out, struct err *err)
{
	struct reading r = {.a = a, .reg = reg, .actor = actor, .mode = mode, .err = err};
	if (!body || body->kind != JSON_MAP)
		return err_tell(err, ERR_SYNTAX, SAY_MUST_BE_OBJECT);
	read_record(&r, s, body, out);
	return err->code == ERR_OK ? 0 : -1;
}
