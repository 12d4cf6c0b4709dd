#include "meta/section.h"

#include <string.h>

#include "base/arena.h"

/* 2,400 bytes at four a character */
enum { ORDER_LENGTH = 600 };

const char *label_get(const struct label *l, enum lang lang)
{
	const char *text = lang < LANG_COUNT ? l->text[lang] : NULL;
	if (!text)
		text = l->text[LANG_EN];
	return text ? text : "";
}

struct field *section_find(const struct section *s, const char *name)
{
	return map_find(&s->by_name, name);
}

struct field *section_find_n(const struct section *s, const char *name, size_t len)
{
	return map_find_n(&s->by_name, name, len);
}

bool field_is_name(const struct field *f)
{
	return !f->builtin && f->stored && !f->many && f->expr.type.kind == EXPR_TEXT && f->expr.storage == EXPR_COLUMN;
}

int field_order_length(size_t texts)
{
	return texts > 1 ? ORDER_LENGTH / (int)texts : ORDER_LENGTH;
}

struct stage *section_find_stage(const struct section *s, const char *code)
{
	return map_find(&s->stages, code);
}

struct stage_task *section_find_task(const struct section *s, int64_t id)
{
	for (size_t i = 0; i < s->stages.count; i++) {
		const struct stage *st = s->stages.items[i].value;
		for (size_t k = 0; k < st->ntasks; k++)
			if (st->tasks[k]->id == id)
				return st->tasks[k];
	}
	return NULL;
}

struct move *section_find_move(const struct section *s, const char *name)
{
	return map_find(&s->moves, name);
}

const char *field_type_name(enum field_type t)
{
	static const char *const names[FIELD_TYPE_COUNT] = {
		[FIELD_TEXT] = "text",
		[FIELD_INTEGER] = "integer",
		[FIELD_DECIMAL] = "decimal",
		[FIELD_MONEY] = "money",
		[FIELD_PERCENT] = "percent",
		[FIELD_BOOLEAN] = "boolean",
		[FIELD_DATE] = "date",
		[FIELD_DATETIME] = "datetime",
		[FIELD_DURATION] = "duration",
		[FIELD_CHOICE] = "choice",
		[FIELD_LOOKUP] = "lookup",
		[FIELD_DETAIL] = "detail",
		[FIELD_FILE] = "file",
		[FIELD_EMAIL] = "email",
		[FIELD_PHONE] = "phone",
		[FIELD_URL] = "url",
		[FIELD_AUTONUMBER] = "autonumber",
		[FIELD_FORMULA] = "formula",
		[FIELD_ROLLUP] = "rollup",
		[FIELD_ID] = "id",
		[FIELD_STAGE] = "stage",
	};
	return t < FIELD_TYPE_COUNT ? names[t] : "";
}

const char *field_sql_type(struct arena *a, const struct field *f)
{
	if (!f->stored || f->many || f->type == FIELD_DETAIL)
		return NULL;
	switch (f->value_type) {
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_PHONE:
	case FIELD_URL:
	case FIELD_AUTONUMBER:
	case FIELD_CHOICE:
	case FIELD_STAGE: return "text";
	case FIELD_INTEGER:
	case FIELD_DURATION:
	case FIELD_LOOKUP:
	case FIELD_FILE:
	case FIELD_ID: return "bigint";
	case FIELD_DECIMAL:
	case FIELD_MONEY:
	case FIELD_PERCENT: return arena_printf(a, "numeric(%d,%d)", f->scale > 8 ? 10 + f->scale : 18, f->scale);
	case FIELD_BOOLEAN: return "boolean";
	case FIELD_DATE: return "date";
	case FIELD_DATETIME: return "timestamptz";
	default: return NULL;
	}
}

enum pg_type field_pg_type(const struct field *f)
{
	switch (f->value_type) {
	case FIELD_INTEGER:
	case FIELD_DURATION:
	case FIELD_LOOKUP:
	case FIELD_FILE:
	case FIELD_ID: return PG_INT8;
	case FIELD_DECIMAL:
	case FIELD_MONEY:
	case FIELD_PERCENT: return PG_NUMERIC;
	case FIELD_BOOLEAN: return PG_BOOL;
	case FIELD_DATE: return PG_DATE;
	case FIELD_DATETIME: return PG_TIMESTAMPTZ;
	default: return PG_TEXT;
	}
}

const char *field_property(struct arena *a, const struct field *f)
{
	if (f->value_type == FIELD_LOOKUP || f->value_type == FIELD_FILE)
		return arena_printf(a, f->many ? "%s_ids" : "%s_id", f->expr.name);
	return f->expr.name;
}
