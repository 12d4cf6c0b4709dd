#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/text.h"
#include "serve/record_private.h"

enum { TEXT_MAX = 4000, LONG_MAX_TEXT = 1000000, VALUES_MAX = 1000 };

struct coerce {
	struct arena *a;
	int lang;
	const struct field *f;
	struct err *err;
};

static int bad(const struct coerce *c, enum say_text text)
{
	err_say(c->err, ERR_INVALID, c->lang, text, label_get(&c->f->label, c->lang));
	return err_target(c->err, c->f->expr.name);
}

static int bad2(const struct coerce *c, enum say_text text, const char *arg)
{
	err_say(c->err, ERR_INVALID, c->lang, text, label_get(&c->f->label, c->lang), arg);
	return err_target(c->err, c->f->expr.name);
}

static bool is_email(const char *s, size_t len)
{
	const char *at = memchr(s, '@', len);
	if (!at || at == s || len > 254)
		return false;
	const char *domain = at + 1, *end = s + len;
	if (memchr(domain, '@', (size_t)(end - domain)) || !memchr(domain, '.', (size_t)(end - domain)) || *domain == '.' || end[-1] == '.')
		return false;
	for (const char *p = s; p < end; p++)
		if ((unsigned char)*p <= ' ' || strchr("<>()[],;:\\\"", *p))
			return false;
	return true;
}

static bool is_phone(const char *s, size_t len)
{
	int digits = 0;
	for (size_t i = 0; i < len; i++) {
		if (s[i] >= '0' && s[i] <= '9')
			digits++;
		else if (!strchr("+-() .,/#*;xextдоб", s[i]) && (unsigned char)s[i] < 0x80)
			return false;
	}
	return digits >= 3 && digits <= 40;
}

static bool is_url(const char *s, size_t len)
{
	size_t start = strncasecmp(s, "https://", 8) == 0 ? 8 : strncasecmp(s, "http://", 7) == 0 ? 7 : 0;
	if (!start || len <= start || len > 4000)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == '"' || s[i] == '<' || s[i] == '>' || s[i] == '\\')
			return false;
	return true;
}

static int to_text(const struct coerce *c, const struct value *in, struct value *out)
{
	const struct field *f = c->f;
	if (in->kind != VALUE_TEXT || !text_valid(in->text.s, in->text.len))
		return bad(c, SAY_BAD_TEXT);
	if (in->text.len == 0) {
		*out = value_nil();
		return 0;
	}
	size_t most = f->is_long ? LONG_MAX_TEXT : TEXT_MAX;
	if (in->text.len > most && text_length(in->text.s, in->text.len) > most)
		return bad2(c, SAY_TOO_LONG, arena_printf(c->a, "%zu", most));
	if (f->type == FIELD_EMAIL && !is_email(in->text.s, in->text.len))
		return bad(c, SAY_BAD_EMAIL);
	if (f->type == FIELD_PHONE && !is_phone(in->text.s, in->text.len))
		return bad(c, SAY_BAD_PHONE);
	if (f->type == FIELD_URL && !is_url(in->text.s, in->text.len))
		return bad(c, SAY_BAD_URL);
	*out = *in;
	return 0;
}

static bool number_of(struct arena *a, const struct value *in, struct value *out)
{
	if (in->kind == VALUE_INT) {
		*out = decimal_from_int(a, in->i);
		return true;
	}
	if (in->kind == VALUE_DEC || in->kind == VALUE_TEXT)
		return decimal_parse(a, in->text.s, in->text.len, out);
	return false;
}

static int to_integer(const struct coerce *c, const struct value *in, struct value *out)
{
	struct value d;
	int64_t i;
	if (in->kind == VALUE_INT) {
		*out = *in;
		return 0;
	}
	if (!number_of(c->a, in, &d) || !decimal_to_int(&d, &i))
		return bad(c, SAY_BAD_INTEGER);
	*out = value_int(i);
	return 0;
}

static int to_decimal(const struct coerce *c, const struct value *in, struct value *out)
{
	struct value d;
	if (!number_of(c->a, in, &d))
		return bad(c, SAY_BAD_NUMBER);
	d = decimal_round(c->a, &d, c->f->scale);
	int precision = 18, scale = c->f->scale;
	const char *type = field_sql_type(c->a, c->f);
	if (type)
		sscanf(type, "numeric(%d,%d)", &precision, &scale);
	const char *p = d.text.s + (*d.text.s == '-');
	int whole = (int)strcspn(p, ".");
	if (whole > precision - scale && !(whole == 1 && *p == '0'))
		return bad(c, SAY_TOO_BIG);
	*out = d;
	return 0;
}

static int to_choice(const struct coerce *c, const struct value *in, struct value *out)
{
	if (in->kind != VALUE_TEXT)
		return bad(c, SAY_BAD_TEXT);
	if (in->text.len == 0) {
		*out = value_nil();
		return 0;
	}
	for (size_t i = 0; i < c->f->nvalues; i++) {
		if (strlen(c->f->values[i].code) == in->text.len && memcmp(c->f->values[i].code, in->text.s, in->text.len) == 0) {
			*out = *in;
			return 0;
		}
	}
	return bad2(c, SAY_BAD_CHOICE, arena_strndup(c->a, in->text.s, in->text.len < 80 ? in->text.len : 80));
}

static int to_id(const struct coerce *c, const struct value *in, struct value *out)
{
	struct value v;
	if (in->kind == VALUE_TEXT && in->text.len == 0) {
		*out = value_nil();
		return 0;
	}
	if (to_integer(c, in, &v) < 0 || v.i <= 0)
		return bad(c, SAY_BAD_LOOKUP);
	*out = v;
	return 0;
}

static int to_ids(const struct coerce *c, const struct value *in, struct value *out)
{
	if (in->kind != VALUE_LIST)
		return bad(c, SAY_BAD_LIST);
	if (in->list.count > VALUES_MAX)
		return bad2(c, SAY_TOO_MANY_VALUES, arena_printf(c->a, "%d", VALUES_MAX));
	struct value *ids = arena_array(c->a, struct value, in->list.count + 1);
	size_t n = 0;
	for (size_t i = 0; i < in->list.count; i++) {
		struct value v;
		if (to_id(c, &in->list.items[i], &v) < 0)
			return -1;
		if (v.kind == VALUE_NIL)
			return bad(c, SAY_BAD_LOOKUP);
		bool there = false;
		for (size_t k = 0; k < n && !there; k++)
			there = ids[k].i == v.i;
		if (!there)
			ids[n++] = v;
	}
	*out = (struct value){.kind = VALUE_LIST};
	out->list.items = ids;
	out->list.count = n;
	return 0;
}

static bool is_text(const struct value *v)
{
	return v->kind == VALUE_TEXT;
}

int record_coerce(struct arena *a, int lang, const struct field *f, const struct value *in, struct value *out, struct err *err)
{
	struct coerce c = {a, lang, f, err};
	struct value v = value_nil();
	if (f->many) {
		if (in->kind == VALUE_NIL) {
			*out = (struct value){.kind = VALUE_LIST};
			return 0;
		}
		return to_ids(&c, in, out);
	}
	if (in->kind == VALUE_NIL) {
		*out = *in;
		return 0;
	}
	bool empty = is_text(in) && in->text.len == 0;
	switch (f->value_type) {
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_PHONE:
	case FIELD_URL:
	case FIELD_AUTONUMBER:
	case FIELD_STAGE: return to_text(&c, in, out);
	case FIELD_INTEGER:
	case FIELD_ID:
		if (!empty && to_integer(&c, in, &v) < 0)
			return -1;
		break;
	case FIELD_DECIMAL:
	case FIELD_MONEY:
	case FIELD_PERCENT:
		if (!empty && to_decimal(&c, in, &v) < 0)
			return -1;
		break;
	case FIELD_BOOLEAN:
		if (in->kind == VALUE_BOOL)
			v = *in;
		else if (is_text(in) && strcmp(in->text.s, "true") == 0)
			v = value_bool(true);
		else if (is_text(in) && strcmp(in->text.s, "false") == 0)
			v = value_bool(false);
		else if (!empty)
			return bad(&c, SAY_BAD_BOOLEAN);
		break;
	case FIELD_DATE:
		if (in->kind == VALUE_DATE)
			v = *in;
		else if (!empty) {
			int64_t days;
			if (!is_text(in) || !date_parse(in->text.s, in->text.len, &days))
				return bad(&c, SAY_BAD_DATE);
			v = value_date(days);
		}
		break;
	case FIELD_DATETIME:
		if (in->kind == VALUE_TIME) {
			if (!time_fits(in->i))
				return bad(&c, SAY_BAD_TIME);
			v = *in;
		} else if (!empty) {
			int64_t us;
			if (!is_text(in) || !time_parse(in->text.s, in->text.len, &us))
				return bad(&c, SAY_BAD_TIME);
			v = value_time(us);
		}
		break;
	case FIELD_DURATION:
		if (in->kind == VALUE_DURATION)
			v = *in;
		else if (!empty) {
			int64_t us;
			if (!is_text(in) || !duration_parse(in->text.s, in->text.len, &us))
				return bad(&c, SAY_BAD_DURATION);
			v = value_duration(us);
		}
		break;
	case FIELD_CHOICE: return to_choice(&c, in, out);
	case FIELD_LOOKUP:
	case FIELD_FILE: return to_id(&c, in, out);
	case FIELD_DETAIL:
	case FIELD_FORMULA:
	case FIELD_ROLLUP:
	case FIELD_TYPE_COUNT:
		err_say(err, ERR_INVALID, lang, SAY_NOT_WRITABLE, label_get(&f->label, lang));
		return err_target(err, f->expr.name);
	}
	*out = v;
	return 0;
}

void record_round(struct arena *a, const struct field *f, struct value *v)
{
	int64_t i;
	if (f->value_type != FIELD_INTEGER || v->kind != VALUE_DEC)
		return;
	struct value whole = decimal_round(a, v, 0);
	*v = decimal_to_int(&whole, &i) ? value_int(i) : value_nil();
}

void record_fit(struct arena *a, const struct field *f, struct value *v)
{
	struct value out;
	struct err ignored;
	record_round(a, f, v);
	if (v->kind != VALUE_INT && v->kind != VALUE_DEC)
		return;
	if (f->value_type != FIELD_DECIMAL && f->value_type != FIELD_MONEY && f->value_type != FIELD_PERCENT)
		return;
	/* what is kept nowhere has no column that could be too narrow */
	if (!record_stores(f)) {
		*v = expr_fit(a, v, f->expr.type.scale);
		return;
	}
	err_init(&ignored, a);
	*v = record_coerce(a, LANG_EN, f, v, &out, &ignored) < 0 ? value_nil() : out;
}

void record_input_set(struct arena *a, struct record_input *in, struct field *f, struct value v)
{
	struct record_set set = {f, v};
	for (size_t i = 0; i < in->sets.count; i++) {
		if (in->sets.items[i].field == f) {
			in->sets.items[i] = set;
			return;
		}
	}
	arena_push(a, &in->sets, set);
}

const struct record_set *record_input_find(const struct record_input *in, const struct field *f)
{
	for (size_t i = 0; i < in->sets.count; i++)
		if (in->sets.items[i].field == f)
			return &in->sets.items[i];
	return NULL;
}

void record_input_fault(struct arena *a, struct record_input *in, struct field *f, const struct err *fault)
{
	struct record_unread one = {f, arena_new(a, struct err)};
	*one.fault = *fault;
	one.fault->next = NULL;
	arena_push(a, &in->unread, one);
}

void record_input_whole(struct arena *a, struct record_input *in, struct field *detail)
{
	arena_push(a, &in->whole, detail);
}

struct record_input *record_input_line(struct arena *a, struct record_input *in, struct field *detail, enum record_line_op op, int64_t id)
{
	struct record_line line = {.detail = detail, .op = op, .id = id};
	/* as many as there are: who reads a list with holes in it sets the place itself */
	for (size_t i = in->lines.count; i > 0; i--)
		if (in->lines.items[i - 1].detail == detail) {
			line.position = in->lines.items[i - 1].position + 1;
			break;
		}
	if (op != RECORD_LINE_REMOVE)
		line.values = arena_new(a, struct record_input);
	arena_push(a, &in->lines, line);
	return line.values;
}
