#include "pg/pg_sql.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/date.h"

void pg_sql_create(struct pg_sql *s, struct arena *a)
{
	*s = (struct pg_sql){.arena = a};
}

/* Casts let the text stand for itself, whoever prepares it (EXPLAIN, pgbench), and choose the operator by our type. */
static const char *cast_of(enum pg_type type)
{
	switch (type) {
	case PG_BOOL: return "bool";
	case PG_BYTEA: return "bytea";
	case PG_INT8: return "int8";
	case PG_INT2: return "int2";
	case PG_INT4: return "int4";
	case PG_TEXT: return "text";
	case PG_JSON: return "json";
	case PG_DATE: return "date";
	case PG_TIMESTAMPTZ: return "timestamptz";
	case PG_NUMERIC: return "numeric";
	case PG_JSONB: return "jsonb";
	case PG_BOOL_ARRAY: return "bool[]";
	case PG_INT8_ARRAY: return "int8[]";
	case PG_INT4_ARRAY: return "int4[]";
	case PG_TEXT_ARRAY: return "text[]";
	case PG_DATE_ARRAY: return "date[]";
	case PG_TIMESTAMPTZ_ARRAY: return "timestamptz[]";
	case PG_NUMERIC_ARRAY: return "numeric[]";
	}
	return NULL;
}

static void placeholder(struct pg_sql *s, size_t number, enum pg_type type)
{
	const char *cast = cast_of(type);
	assert(cast);
	buf_printf(&s->text, "$%zu::%s", number, cast);
}

void pg_sql_slot(struct pg_sql *s, struct pg_slot slot)
{
	if (slot.kind != PG_SLOT_VALUE) {
		for (size_t i = 0; i < s->slots.count; i++) {
			const struct pg_slot *old = &s->slots.items[i];
			if (old->kind == slot.kind && old->type == slot.type && (slot.kind != PG_SLOT_INPUT || old->index == slot.index)) {
				placeholder(s, i + 1, slot.type);
				return;
			}
		}
	}
	arena_push(s->arena, &s->slots, slot);
	placeholder(s, s->slots.count, slot.type);
}

void pg_sql_value(struct pg_sql *s, enum pg_type type, struct value v)
{
	pg_sql_slot(s, (struct pg_slot){.kind = PG_SLOT_VALUE, .type = type, .value = v});
}

void pg_sql_literal(struct pg_sql *s, enum pg_type type, struct value v, int literal)
{
	pg_sql_slot(s, (struct pg_slot){.kind = PG_SLOT_VALUE, .type = type, .value = v, .literal = literal});
}

void pg_sql_literals(struct pg_sql *s, enum pg_type type, struct value list, const int *literals)
{
	pg_sql_slot(s, (struct pg_slot){.kind = PG_SLOT_VALUE, .type = type, .value = list, .literals = literals});
}

/* At most twice as long, and the two signs. */
static struct value pattern(struct arena *a, const struct value *text, bool before, bool after)
{
	char *to = arena_alloc(a, 2 * text->text.len + 3), *w = to;
	if (before)
		*w++ = '%';
	for (size_t i = 0; i < text->text.len; i++) {
		char c = text->text.s[i];
		if (c == '\\' || c == '%' || c == '_')
			*w++ = '\\';
		*w++ = c;
	}
	if (after)
		*w++ = '%';
	return value_text(to, (size_t)(w - to));
}

void pg_sql_pattern(struct pg_sql *s, struct value text, bool before, bool after, int literal)
{
	pg_sql_slot(s, (struct pg_slot){.kind = PG_SLOT_VALUE,
									.type = PG_TEXT,
									.value = pattern(s->arena, &text, before, after),
									.literal = literal,
									.like = true,
									.before = before,
									.after = after});
}

void pg_sql_input(struct pg_sql *s, enum pg_type type, int index)
{
	pg_sql_slot(s, (struct pg_slot){.kind = PG_SLOT_INPUT, .type = type, .index = index});
}

const char *pg_sql_alias(struct pg_sql *s)
{
	return arena_printf(s->arena, "t%d", ++s->aliases);
}

const char *pg_sql_finish(struct pg_sql *s)
{
	const char *text = arena_strndup(s->arena, s->text.data ? s->text.data : "", s->text.len);
	buf_destroy(&s->text);
	return text;
}

static void constant_add(struct buf *out, const struct value *v)
{
	struct buf text = BUF_INIT;
	switch (v->kind) {
	case VALUE_NIL: buf_puts(out, "NULL"); break;
	case VALUE_BOOL: buf_puts(out, v->b ? "true" : "false"); break;
	case VALUE_INT:
	case VALUE_DURATION: buf_printf(out, "'%lld'", (long long)v->i); break;
	case VALUE_DATE:
		date_write(&text, v->i);
		buf_printf(out, "'%s'", text.data);
		break;
	case VALUE_TIME:
		time_write(&text, v->i);
		buf_printf(out, "'%s'", text.data);
		break;
	case VALUE_DEC:
	case VALUE_TEXT:
		/* E'' where a backslash would otherwise depend on standard_conforming_strings */
		buf_puts(out, memchr(v->text.s, '\\', v->text.len) ? "E'" : "'");
		for (size_t i = 0; i < v->text.len; i++) {
			if (v->text.s[i] == '\'' || v->text.s[i] == '\\')
				buf_putc(out, v->text.s[i]);
			buf_putc(out, v->text.s[i]);
		}
		buf_putc(out, '\'');
		break;
	case VALUE_LIST:
		buf_puts(out, "ARRAY[");
		for (size_t i = 0; i < v->list.count; i++) {
			buf_puts(out, i ? ", " : "");
			constant_add(out, &v->list.items[i]);
		}
		buf_putc(out, ']');
		break;
	}
	buf_destroy(&text);
}

const char *pg_sql_finish_constant(struct pg_sql *s)
{
	const char *text = pg_sql_finish(s);
	struct buf out = BUF_INIT;
	for (size_t i = 0; i < s->slots.count; i++)
		if (s->slots.items[i].kind != PG_SLOT_VALUE)
			return NULL;
	/* `$` stands in no name */
	for (const char *p = text; *p; p++) {
		char *end = NULL;
		unsigned long n = *p == '$' ? strtoul(p + 1, &end, 10) : 0;
		if (n < 1 || n > s->slots.count) {
			buf_putc(&out, *p);
			continue;
		}
		constant_add(&out, &s->slots.items[n - 1].value);
		p = end - 1;
	}
	text = arena_strndup(s->arena, out.data ? out.data : "", out.len);
	buf_destroy(&out);
	return text;
}

/* The value that this run has in the slot's place. */
static struct value value_now(const struct pg_slot *slot, struct arena *a, const struct pg_bindings *b)
{
	if (!b->literals || (!slot->literal && !slot->literals))
		return slot->value;
	if (slot->literal) {
		assert((size_t)slot->literal <= b->nliterals);
		const struct value *v = &b->literals[slot->literal - 1];
		return slot->like ? pattern(a, v, slot->before, slot->after) : *v;
	}
	struct value list = slot->value;
	struct value *items = arena_array(a, struct value, list.list.count);
	for (size_t i = 0; i < list.list.count; i++) {
		assert((size_t)slot->literals[i] <= b->nliterals);
		items[i] = slot->literals[i] ? b->literals[slot->literals[i] - 1] : list.list.items[i];
	}
	list.list.items = items;
	return list;
}

void pg_sql_bind(const struct pg_sql *s, struct arena *a, const struct pg_bindings *b, struct pg_params *out)
{
	for (size_t i = 0; i < s->slots.count; i++) {
		const struct pg_slot *slot = &s->slots.items[i];
		struct value v = value_nil();
		switch (slot->kind) {
		case PG_SLOT_VALUE: v = value_now(slot, a, b); break;
		case PG_SLOT_INPUT:
			assert(slot->index >= 0 && (size_t)slot->index < b->ninputs);
			v = b->inputs[slot->index];
			break;
		case PG_SLOT_ME:
			/* nobody equals no user: a comparison with it is never true */
			v = b->me ? value_int(b->me) : value_nil();
			break;
		case PG_SLOT_NOW: v = value_time(b->now_us); break;
		case PG_SLOT_TODAY: v = value_date(b->today); break;
		case PG_SLOT_ZONE: v = value_textz(b->zone); break;
		}
		pg_params_value(a, out, slot->type, &v);
	}
}
