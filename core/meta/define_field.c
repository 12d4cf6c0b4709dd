/* define_field: fields from merged declarations: types, options, literals, physical names. */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/text.h"
#include "meta/build.h"

/* numbers are unique, and an index holds them */
enum { PATTERN_MAX = 200 };

void define_rule(struct build *b, struct node *n, const char *key, struct rule *out, struct section *s, struct section *record,
				 struct field *f, bool old, bool of_form)
{
	const struct setting *set = node_find(n, key);
	if (!set)
		return;
	out->set = true;
	out->place = set->from->place;
	out->place.line = set->value->line;
	if (set->value->kind == DECL_BOOL) {
		out->constant = true;
		out->value = set->value->b;
		return;
	}
	if (set->value->kind != DECL_TEXT)
		return;
	out->text = set->value->text.s;
	struct pending p = {.kind = PENDING_RULE, .rule = out, .section = s, .record = record, .field = f, .old = old, .of_form = of_form};
	struct setting *copy = arena_new(b->scratch, struct setting);
	*copy = *set;
	p.setting = copy;
	arena_push(b->scratch, &b->pending, p);
}

void define_formula(struct build *b, const struct setting *s, struct formula *out, struct section *section, struct field *f, bool of_form)
{
	if (!s || s->value->kind != DECL_TEXT)
		return;
	out->text = s->value->text.s;
	out->place = s->from->place;
	out->place.line = s->value->line;
	struct pending p = {.kind = PENDING_VALUE, .formula = out, .section = section, .field = f, .of_form = of_form};
	struct setting *copy = arena_new(b->scratch, struct setting);
	*copy = *s;
	p.setting = copy;
	arena_push(b->scratch, &b->pending, p);
}

static const char *quoted(struct build *b, const char *schema, const char *name)
{
	struct buf q = BUF_INIT;
	buf_puts(&q, schema);
	buf_ident(&q, name);
	const char *text = arena_strdup(b->arena, q.data);
	buf_destroy(&q);
	return text;
}

static void physical_find(struct build *b, struct section *s, struct field *f)
{
	const char *physical = NULL;
	const char *path = arena_printf(b->scratch, "%s.%s", s->expr.name, f->expr.name);
	/* the stage has a column of its own like any field, but no id: history calls it by its name */
	int64_t unused, *id = f->type == FIELD_STAGE ? &unused : &f->id;
	bool known = (!f->builtin || f->type == FIELD_STAGE) && b->map && b->map->find(b->map->ctx, "field", path, id, &physical) && physical;
	if (f->expr.storage == EXPR_LINK)
		f->expr.link = quoted(b, "\"app\".", known ? physical : arena_printf(b->arena, "%s__%s", s->expr.name, f->expr.name));
	else if (f->expr.storage == EXPR_COLUMN)
		f->expr.column = quoted(b, "", known ? physical : f->expr.name);
}

void define_expr_type(struct build *b, struct field *f)
{
	struct expr_type *t = &f->expr.type;
	switch (f->value_type) {
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_PHONE:
	case FIELD_URL:
	case FIELD_AUTONUMBER: t->kind = EXPR_TEXT; break;
	case FIELD_INTEGER:
	case FIELD_ID: t->kind = EXPR_INT; break;
	case FIELD_DECIMAL:
	case FIELD_MONEY:
	case FIELD_PERCENT:
		t->kind = EXPR_DEC;
		t->scale = f->scale;
		t->currency = f->currency;
		break;
	case FIELD_BOOLEAN: t->kind = EXPR_BOOL; break;
	case FIELD_DATE: t->kind = EXPR_DATE; break;
	case FIELD_DATETIME: t->kind = EXPR_TIME; break;
	case FIELD_DURATION: t->kind = EXPR_DURATION; break;
	case FIELD_CHOICE: {
		const char **codes = arena_array(b->arena, const char *, f->nvalues + 1);
		for (size_t i = 0; i < f->nvalues; i++)
			codes[i] = f->values[i].code;
		t->kind = EXPR_CHOICE;
		t->values = codes;
		t->nvalues = f->nvalues;
		break;
	}
	case FIELD_LOOKUP:
	case FIELD_FILE:
	case FIELD_DETAIL:
		t->kind = f->many || f->value_type == FIELD_DETAIL ? EXPR_RECORDS : EXPR_RECORD;
		t->table = f->to ? &f->to->expr : NULL;
		break;
	default: break; /* the stage's codes are filled with the stages */
	}
}

void define_builtin(struct build *b, struct section *s, bool stages)
{
	static const struct {
		const char *name;
		enum field_type type;
		const char *en, *ru;
	} all[] = {
		{"id", FIELD_ID, "Id", "Код"},
		{"stage", FIELD_STAGE, "Stage", "Стадия"},
		{"created_at", FIELD_DATETIME, "Created at", "Создано"},
		{"created_by", FIELD_LOOKUP, "Created by", "Кем создано"},
		{"changed_at", FIELD_DATETIME, "Changed at", "Изменено"},
		{"changed_by", FIELD_LOOKUP, "Changed by", "Кем изменено"},
	};
	s->fields = arena_array(b->arena, struct field *, 16);
	s->capfields = 16;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (all[i].type == FIELD_STAGE && !stages)
			continue;
		struct field *f = arena_new(b->arena, struct field);
		f->expr.name = all[i].name;
		f->section = s;
		f->module = s->module;
		f->place = s->place;
		f->type = f->value_type = all[i].type;
		f->label = (struct label){{all[i].en, all[i].ru}};
		f->builtin = f->stored = true;
		f->on_delete = ON_DELETE_CLEAR;
		if (f->type == FIELD_LOOKUP)
			f->to = b->r->user;
		define_expr_type(b, f);
		physical_find(b, s, f);
		f->pos = (int)s->nfields;
		s->fields[s->nfields++] = f;
		map_put(&s->by_name, f->expr.name, f);
	}
}

static void values_make(struct build *b, struct section *s, struct field *f, struct node *n)
{
	f->values = arena_array(b->arena, struct choice_value, n->children.count + 1);
	for (size_t i = 0; i < n->children.count; i++) {
		const struct node *c = n->children.items[i];
		if (c->word != WORD_VALUE)
			continue;
		struct choice_value *v = &f->values[f->nvalues++];
		v->code = c->name;
		v->was = node_text(c, "was");
		v->colour = node_text(c, "colour");
		v->place = c->decl->place;
		v->label =
			label_take(b, c->decl, node_find(c, "label"), arena_printf(b->scratch, "%s.%s.%s", s->expr.name, n->name, c->name), c->name);
	}
	if (!f->nvalues)
		build_fail(b, n->decl, spot_decl(b, n->decl), "value \"first\" {}, value \"second\" {}", "a choice has at least one value");
}

bool define_literal(struct build *b, const struct decl *d, struct spot at, const struct field *f, const struct decl_value *v,
					struct value *out)
{
	const char *s = v->kind == DECL_TEXT ? v->text.s : v->kind == DECL_NUMBER ? v->number : "", *wants = NULL, *hint = NULL;
	size_t len = strlen(s);
	int64_t i;
	struct value dec;
	if (v->kind == DECL_INT) {
		s = arena_printf(b->scratch, "%lld", (long long)v->i);
		len = strlen(s);
	}
	switch (f->value_type) {
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_PHONE:
	case FIELD_URL:
	case FIELD_AUTONUMBER:
		if (v->kind != DECL_TEXT)
			wants = "a text";
		*out = value_text(s, len);
		break;
	case FIELD_INTEGER:
		*out = value_int(v->i);
		if (v->kind != DECL_INT) {
			if (v->kind == DECL_TEXT && decimal_parse(b->scratch, s, len, &dec) && decimal_to_int(&dec, &i))
				*out = value_int(i);
			else
				wants = "a whole number";
		}
		break;
	case FIELD_DECIMAL:
	case FIELD_MONEY:
	case FIELD_PERCENT:
		if (v->kind == DECL_BOOL || !decimal_parse(b->scratch, s, len, &dec))
			wants = "a number";
		else
			*out = decimal_round(b->scratch, &dec, f->scale);
		break;
	case FIELD_BOOLEAN:
		if (v->kind != DECL_BOOL)
			wants = "true or false";
		else
			*out = value_bool(v->b);
		break;
	case FIELD_DATE:
		if (v->kind != DECL_TEXT || !date_parse(s, len, &i))
			wants = "a date such as \"2026-05-01\"";
		else
			*out = value_date(i);
		break;
	case FIELD_DATETIME:
		if (v->kind != DECL_TEXT || !time_parse(s, len, &i))
			wants = "a moment such as \"2026-05-01T10:00:00+03:00\"";
		else
			*out = value_time(i);
		break;
	case FIELD_DURATION:
		if (v->kind != DECL_TEXT || !duration_parse(s, len, &i))
			wants = "a duration such as \"PT1H30M\"";
		else
			*out = value_duration(i);
		break;
	case FIELD_CHOICE: {
		const char **codes = arena_array(b->scratch, const char *, f->nvalues + 1);
		wants = v->kind == DECL_TEXT ? "one of its values" : "a value's code";
		for (size_t k = 0; k < f->nvalues; k++) {
			codes[k] = f->values[k].code;
			if (v->kind == DECL_TEXT && strcmp(codes[k], s) == 0)
				wants = NULL;
		}
		if (wants && v->kind == DECL_TEXT && build_lost(b, s))
			return false;
		if (v->kind == DECL_TEXT)
			hint = hint_near(b, text_nearest(s, codes, f->nvalues));
		*out = value_text(s, len);
		break;
	}
	default: wants = "no literal"; break;
	}
	if (!wants)
		return true;
	if (*s)
		build_fail(b, d, at, hint, "field '%s' takes %s, not '%s'", f->expr.name, wants, s);
	else
		build_fail(b, d, at, hint, "field '%s' takes %s", f->expr.name, wants);
	return false;
}

static bool is_textual(enum field_type t)
{
	return t == FIELD_TEXT || t == FIELD_EMAIL || t == FIELD_PHONE || t == FIELD_URL;
}

/* min and max are literals of the type; of a text, its number of characters. */
static const char *bound_take(struct build *b, struct node *n, struct field *f, const char *key)
{
	const struct setting *s = node_find(n, key);
	struct value v;
	if (!s)
		return NULL;
	if (is_textual(f->type)) {
		if (s->value->kind != DECL_INT || s->value->i < 0) {
			build_fail(b, s->from, spot_value(b, s), NULL, "'%s' of a text is a number of characters", key);
			return NULL;
		}
		return arena_printf(b->arena, "%lld", (long long)s->value->i);
	}
	if (!define_literal(b, s->from, spot_value(b, s), f, s->value, &v))
		return NULL;
	switch (v.kind) {
	case VALUE_DEC: return arena_strdup(b->arena, v.text.s);
	case VALUE_INT: return arena_printf(b->arena, "%lld", (long long)v.i);
	default: return arena_strdup(b->arena, s->value->text.s);
	}
}

static void pattern_check(struct build *b, struct node *n, const char *pattern)
{
	const struct setting *s = node_find(n, "pattern");
	int seq = 0;
	const char *bad = NULL;
	size_t at = 0, width = 1;
	if (s && strlen(pattern) > PATTERN_MAX) {
		build_fail(b, s->from, spot_value(b, s), NULL, "a pattern has at most %d bytes", PATTERN_MAX);
		return;
	}
	for (const char *p = pattern; *p && !bad; p++) {
		if (*p != '{')
			continue;
		const char *end = strchr(p, '}');
		size_t len = end ? (size_t)(end - p) - 1 : 0;
		at = (size_t)(p - pattern);
		width = end ? len + 2 : strlen(p);
		if (end && ((len == 4 && memcmp(p + 1, "yyyy", 4) == 0) ||
					(len == 2 && (memcmp(p + 1, "yy", 2) == 0 || memcmp(p + 1, "mm", 2) == 0 || memcmp(p + 1, "dd", 2) == 0))))
			continue;
		if (end &&
			((len == 3 && memcmp(p + 1, "seq", 3) == 0) || (len == 5 && memcmp(p + 1, "seq:", 4) == 0 && p[5] >= '1' && p[5] <= '9') ||
			 (len == 6 && memcmp(p + 1, "seq:1", 5) == 0 && p[6] >= '0' && p[6] <= '8'))) {
			seq++;
			continue;
		}
		bad = "braces hold yyyy, yy, mm, dd, seq or seq:5";
	}
	if (!bad && seq != 1) {
		bad = seq ? "{seq} stands once" : "{seq} is missing";
		at = 0;
		width = strlen(pattern);
	}
	if (bad && s)
		build_fail(b, s->from, spot_inside(b, s, at, (int)width), "pattern = \"C-{yyyy}-{seq:5}\"", "pattern '%s': %s", pattern, bad);
}

static void type_options(struct build *b, struct field *f, struct node *n)
{
	const char *text;
	const struct setting *s;
	switch (f->type) {
	case FIELD_DECIMAL:
	case FIELD_MONEY:
	case FIELD_PERCENT:
	case FIELD_FORMULA:
	case FIELD_ROLLUP:
		f->scale = 2;
		if ((s = node_find(n, "scale"))) {
			f->scale = (int)s->value->i;
			if (s->value->i < 0 || s->value->i > 20) {
				build_fail(b, s->from, spot_value(b, s), NULL, "'scale' is 0 to 20");
				f->scale = 2;
			}
		}
		break;
	case FIELD_LOOKUP:
		text = node_text(n, "on_delete");
		f->on_delete = !text || strcmp(text, "restrict") == 0 ? ON_DELETE_RESTRICT
					   : strcmp(text, "clear") == 0           ? ON_DELETE_CLEAR
															  : ON_DELETE_CASCADE;
		f->create = node_bool(n, "create");
		if (!node_find(n, "to") && !decl_option(n->decl, "to"))
			build_fail(b, n->decl, spot_decl(b, n->decl), "to = \"section\"", "'to' is missing");
		break;
	case FIELD_FILE: f->to = b->r->file; break;
	case FIELD_DETAIL:
		f->owned = node_bool(n, "owned");
		if (!node_find(n, "section") && !decl_option(n->decl, "section"))
			build_fail(b, n->decl, spot_decl(b, n->decl), "section = \"lines\", by = \"parent\"", "'section' is missing");
		if (!node_find(n, "by") && !decl_option(n->decl, "by"))
			build_fail(b, n->decl, spot_decl(b, n->decl), "section = \"lines\", by = \"parent\"", "'by' is missing");
		break;
	case FIELD_AUTONUMBER:
		text = node_text(n, "pattern");
		f->pattern = text ? text : "{seq}";
		f->gapless = node_bool(n, "gapless");
		f->at = node_text(n, "at");
		f->unique = true;
		pattern_check(b, n, f->pattern);
		break;
	default: break;
	}
}

struct field *define_field(struct build *b, struct section *s, struct node *n)
{
	struct field *f = arena_new(b->arena, struct field);
	struct value value;
	const char *path = arena_printf(b->scratch, "%s.%s", s->expr.name, n->name);
	n->made = f;
	f->expr.name = n->name;
	f->section = s;
	f->module = n->module;
	f->was = node_text(n, "was");
	f->place = n->decl->place;
	f->type = f->value_type = word_field_type(n->word);
	f->label = label_take(b, n->decl, node_find(n, "label"), path, n->name);
	f->help = label_take(b, n->decl, node_find(n, "help"), path, NULL);
	f->message = label_take(b, n->decl, node_find(n, "message"), path, NULL);
	f->many = node_bool(n, "many");
	f->is_long = node_bool(n, "long");
	f->unique = node_bool(n, "unique");
	f->index = node_bool(n, "index");
	f->search = node_bool(n, "search");
	type_options(b, f, n);
	if (f->type == FIELD_CHOICE)
		values_make(b, s, f, n);
	f->min = bound_take(b, n, f, "min");
	f->max = bound_take(b, n, f, "max");
	const struct setting *def = node_find(n, "default"), *initial = node_find(n, "initial");
	if (def)
		f->has_default = define_literal(b, def->from, spot_value(b, def), f, def->value, &value);
	if (f->has_default)
		f->default_value = value_copy(b->arena, &value);
	if (def && initial)
		build_fail(b, initial->from, spot_key(b, initial->from, "initial"), NULL, "only one of 'default' and 'initial' is given");
	if (f->unique && f->many)
		build_fail(b, n->decl, spot_key(b, n->decl, "unique"), NULL, "several values are not unique");
	define_rule(b, n, "required", &f->required, s, NULL, f, false, true);
	define_rule(b, n, "readonly", &f->readonly, s, NULL, f, false, true);
	define_rule(b, n, "hidden", &f->hidden, s, NULL, f, false, true);
	define_rule(b, n, "check", &f->check, s, NULL, f, true, true);
	define_formula(b, initial, &f->initial, s, f, false);
	define_formula(b, node_find(n, "fill"), &f->fill, s, f, true);
	f->stored = f->type != FIELD_DETAIL && f->type != FIELD_FORMULA;
	f->expr.storage = f->type == FIELD_DETAIL ? EXPR_DETAIL : f->type == FIELD_FORMULA ? EXPR_FORMULA : f->many ? EXPR_LINK : EXPR_COLUMN;
	if (f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP) {
		const struct setting *text = node_position(n, 0);
		const char *type = node_text(n, "type");
		const struct source *source = build_source(b, n->decl->place.module, n->decl->place.file);
		bool written =
			source_position(source_find(source, n->decl->word, n->decl->name, n->decl->place.line, n->decl->place.nth), 0) != NULL;
		if (!text && !written)
			build_fail(b, n->decl, spot_decl(b, n->decl), f->type == FIELD_ROLLUP ? "\"sum(lines, amount)\"" : "\"amount - paid\"",
					   "the expression is missing");
		if (type)
			f->value_type = word_field_type(word_find(type));
		else if (f->type == FIELD_FORMULA && !decl_option(n->decl, "type"))
			build_fail(b, n->decl, spot_decl(b, n->decl), "type = \"money\"", "'type' is missing");
		define_formula(b, text, f->type == FIELD_FORMULA ? &f->formula : &f->rollup, s, f, true);
	}
	define_expr_type(b, f);
	physical_find(b, s, f);
	return f;
}
