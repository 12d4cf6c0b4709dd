#include "edge/ui_meta.h"

#include <sodium.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "edge/app.h"
#include "edge/http.h"
#include "meta/registry.h"
#include "serve/access.h"
#include "serve/plan.h"

/* What is being described for whom. */
struct view {
	struct buf *b;
	struct arena *a;
	const struct registry *reg;
	const struct actor *actor;
	enum lang lang;
};

static void text(struct view *v, const char *s)
{
	if (s)
		buf_json(v->b, s, strlen(s));
	else
		buf_puts(v->b, "null");
}

static void label(struct view *v, const char *key, const struct label *l)
{
	buf_printf(v->b, "\"%s\":", key);
	text(v, label_get(l, v->lang));
}

static const char *yes(bool b)
{
	return b ? "true" : "false";
}

/* true, false, or "rule" when the server must be asked. */
static void rule(struct view *v, const char *key, const struct rule *r)
{
	buf_printf(v->b, ",\"%s\":%s", key, !r->set ? "false" : r->constant ? yes(r->value) : "\"rule\"");
}

static bool readable(const struct access *x, const struct field *f)
{
	return access_field(x, GRANT_READ, f) != ACCESS_NONE;
}

static bool computed(const struct field *f)
{
	return f->builtin || f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP || f->type == FIELD_AUTONUMBER || f->type == FIELD_DETAIL;
}

static const char *type_name(const struct field *f)
{
	if (f->type == FIELD_STAGE)
		return "stage";
	if (f->type == FIELD_ID)
		return "integer";
	return field_type_name(f->type);
}

static void field(struct view *v, const struct access *x, const struct field *f)
{
	struct buf *b = v->b;
	buf_puts(b, "{\"name\":");
	text(v, f->expr.name);
	buf_puts(b, ",\"property\":");
	text(v, field_property(v->a, f));
	buf_putc(b, ',');
	label(v, "label", &f->label);
	buf_printf(b, ",\"type\":\"%s\"", type_name(f));
	if (f->builtin)
		buf_puts(b, ",\"builtin\":true");
	if (f->unique || f->type == FIELD_AUTONUMBER)
		buf_puts(b, ",\"unique\":true");
	if (f->help.text[LANG_EN]) {
		buf_putc(b, ',');
		label(v, "help", &f->help);
	}
	rule(v, "required", &f->required);
	rule(v, "readonly", &f->readonly);
	rule(v, "hidden", &f->hidden);
	bool writable = !computed(f) && (access_field(x, GRANT_UPDATE, f) != ACCESS_NONE || access_field(x, GRANT_CREATE, f) != ACCESS_NONE);
	buf_printf(b, ",\"writable\":%s,\"many\":%s", yes(writable), yes(f->many));
	if (f->type == FIELD_FORMULA || f->type == FIELD_ROLLUP)
		buf_printf(b, ",\"value_type\":\"%s\"", field_type_name(f->value_type));
	enum field_type t = f->value_type ? f->value_type : f->type;
	if (t == FIELD_MONEY || t == FIELD_DECIMAL || t == FIELD_PERCENT)
		buf_printf(b, ",\"scale\":%d", f->scale);
	if (f->currency)
		buf_printf(b, ",\"currency\":\"%s\"", f->currency);
	if (f->min)
		buf_printf(b, ",\"min\":%s", f->min);
	if (f->max)
		buf_printf(b, ",\"max\":%s", f->max);
	if (f->to) {
		buf_printf(b, ",\"to\":\"%s\"", f->to->expr.name);
		const struct access *target = access_get(v->reg, v->actor, f->to);
		bool may = f->create && target->rows[GRANT_CREATE] != ACCESS_NONE;
		buf_printf(b, ",\"create\":%s", yes(may));
	}
	if (f->is_long)
		buf_puts(b, ",\"long\":true");
	if (f->search)
		buf_puts(b, ",\"search\":true");
	if (f->nvalues) {
		buf_puts(b, ",\"values\":[");
		for (size_t i = 0; i < f->nvalues; i++) {
			buf_printf(b, "%s{\"value\":\"%s\",", i ? "," : "", f->values[i].code);
			label(v, "label", &f->values[i].label);
			if (f->values[i].colour)
				buf_printf(b, ",\"colour\":\"%s\"", f->values[i].colour);
			buf_putc(b, '}');
		}
		buf_putc(b, ']');
	}
	bool plain = !f->many && f->type != FIELD_DETAIL && f->type != FIELD_FILE;
	buf_printf(b, ",\"sortable\":%s,\"filterable\":%s,\"live\":%s}", yes(plain), yes(f->type != FIELD_DETAIL && f->type != FIELD_FILE),
			   yes(f->live));
}

static void fields(struct view *v, const struct access *x, const struct section *s)
{
	bool first = true;
	buf_puts(v->b, ",\"fields\":[");
	for (size_t i = 0; i < s->nfields; i++) {
		if (s->fields[i]->type == FIELD_DETAIL || !readable(x, s->fields[i]))
			continue;
		if (!first)
			buf_putc(v->b, ',');
		field(v, x, s->fields[i]);
		first = false;
	}
	buf_putc(v->b, ']');
}

/* A detail's columns: of the target's first list, else the first fields of its form. */
static void detail_columns(struct view *v, const struct field *d)
{
	enum { COLUMNS = 7 };
	const struct section *s = d->to;
	const struct access *x = access_get(v->reg, v->actor, d->to);
	const struct list *list = s->nlists ? s->lists[0] : NULL;
	size_t n = 0;
	buf_putc(v->b, '[');
	for (size_t i = 0; i < (list ? list->ncolumns : s->nfields); i++) {
		const struct field *f = list ? list->columns[i].field : s->fields[i];
		const char *name = list ? list->columns[i].path : f->expr.name;
		if ((const struct expr_field *)f == d->expr.by || (!list && f->builtin) || f->type == FIELD_DETAIL || n == COLUMNS ||
			!readable(x, f) || strchr(name, '.'))
			continue;
		if (f->hidden.set && f->hidden.constant && f->hidden.value)
			continue;
		buf_printf(v->b, "%s\"%s\"", n++ ? "," : "", name);
	}
	buf_putc(v->b, ']');
}

static void details(struct view *v, const struct access *x, const struct section *s)
{
	bool first = true;
	buf_puts(v->b, ",\"details\":[");
	for (size_t i = 0; i < s->nfields; i++) {
		const struct field *f = s->fields[i];
		if (f->type != FIELD_DETAIL || !readable(x, f) || !f->to || !access_exists(access_get(v->reg, v->actor, f->to)))
			continue;
		buf_printf(v->b, "%s{\"name\":\"%s\",", first ? "" : ",", f->expr.name);
		label(v, "label", &f->label);
		buf_printf(v->b, ",\"section\":\"%s\",\"by\":\"%s\",\"owned\":%s,\"columns\":", f->to->expr.name,
				   f->expr.by ? f->expr.by->name : "", yes(f->owned));
		detail_columns(v, f);
		buf_putc(v->b, '}');
		first = false;
	}
	buf_putc(v->b, ']');
}

/* The items of a layout node that the user may read; true when any was written. */
static bool layout_items(struct view *v, const struct access *x, const struct layout *node)
{
	bool any = false;
	buf_putc(v->b, '[');
	for (size_t i = 0; i < node->nitems; i++) {
		const struct layout *item = node->items[i];
		size_t mark = v->b->len;
		if (any)
			buf_putc(v->b, ',');
		if (item->kind == LAYOUT_FIELD) {
			const struct field *f = item->field;
			bool detail = f->type == FIELD_DETAIL;
			if (!readable(x, f) || (f->hidden.set && f->hidden.constant && f->hidden.value) ||
				(detail && !access_exists(access_get(v->reg, v->actor, f->to)))) {
				v->b->len = mark;
				continue;
			}
			buf_printf(v->b, "{\"kind\":\"%s\",\"name\":\"%s\"}", detail ? "detail" : "field", f->expr.name);
		} else {
			buf_printf(v->b, "{\"kind\":\"%s\",\"name\":\"%s\",", item->kind == LAYOUT_TAB ? "tab" : "group", item->name ? item->name : "");
			label(v, "label", &item->label);
			buf_puts(v->b, ",\"items\":");
			if (!layout_items(v, x, item)) {
				v->b->len = mark;
				continue;
			}
			buf_putc(v->b, '}');
		}
		any = true;
	}
	buf_putc(v->b, ']');
	return any;
}

/* Whether there may be a record that the actor may move so: what a rule says by roles alone is known. */
static bool move_possible(struct view *v, const struct access *x, const struct move *m)
{
	if (v->actor->system || (m->allow.set && m->allow.constant))
		return v->actor->system || m->allow.value;
	if (!m->allow.set)
		return x->rows[GRANT_UPDATE] != ACCESS_NONE;
	return expr_constant(m->allow.expr, actor_has_role_fn, (void *)v->actor) != 0;
}

static void stages(struct view *v, const struct access *x, const struct section *s)
{
	struct buf *b = v->b;
	buf_puts(b, ",\"stages\":[");
	for (size_t i = 0; i < s->npaths; i++) {
		const struct stage_path *p = s->paths[i];
		buf_printf(b, "%s{\"path\":\"%s\",", i ? "," : "", p->name);
		label(v, "label", &p->label);
		buf_puts(b, ",\"stages\":[");
		for (size_t k = 0; k < p->nstages; k++) {
			buf_printf(b, "%s{\"name\":\"%s\",", k ? "," : "", p->stages[k]->name);
			label(v, "label", &p->stages[k]->label);
			buf_printf(b, ",\"final\":%s}", yes(p->stages[k]->final));
		}
		buf_puts(b, "]}");
	}
	buf_puts(b, "],\"moves\":[");
	for (size_t i = 0; i < s->moves.count; i++) {
		const struct move *m = s->moves.items[i].value;
		buf_printf(b, "%s{\"name\":\"%s\",", i ? "," : "", m->name);
		label(v, "label", &m->label);
		buf_puts(b, ",\"from\":[");
		for (size_t k = 0; k < m->nfrom; k++)
			buf_printf(b, "%s\"%s\"", k ? "," : "", m->from[k]->name);
		buf_printf(b, "],\"to\":\"%s\",\"comment\":%s,\"may\":%s}", m->to->name, yes(m->comment), yes(move_possible(v, x, m)));
	}
	buf_putc(b, ']');
}

static bool column_readable(struct view *v, const struct access *x, const struct list_column *c)
{
	return readable(x, c->field) && access_exists(access_get(v->reg, v->actor, c->field->section));
}

/* "-account.name": every step of it. */
static bool sort_readable(struct view *v, const struct section *s, const char *sort)
{
	struct access_eyes eyes = {v->reg, v->actor};
	for (const char *at = sort + (*sort == '-'); s && *at;) {
		size_t n = strcspn(at, ".");
		const struct field *f = (const struct field *)access_find(&eyes, &s->expr, at, n);
		if (!f)
			return false;
		s = f->to;
		at += n + (at[n] == '.');
	}
	return true;
}

static void lists(struct view *v, const struct access *x, const struct section *s)
{
	struct buf *b = v->b;
	static const struct label all = {{"All", "Все"}};
	bool has_all = false, any = false;
	buf_puts(b, ",\"lists\":[");
	for (size_t i = 0; i < s->nlists; i++) {
		const struct list *l = s->lists[i];
		size_t n = 0;
		if (!plan_list_offered(v->a, v->reg, v->actor, (struct section *)(uintptr_t)s, l))
			continue;
		has_all = has_all || strcmp(l->name, "all") == 0;
		buf_printf(b, "%s{\"name\":\"%s\",", any ? "," : "", l->name);
		any = true;
		label(v, "label", &l->label);
		buf_puts(b, ",\"columns\":[");
		for (size_t k = 0; k < l->ncolumns; k++)
			if (column_readable(v, x, &l->columns[k])) {
				buf_puts(b, n++ ? "," : "");
				text(v, l->columns[k].path);
			}
		buf_puts(b, "],\"sort\":[");
		n = 0;
		for (size_t k = 0; k < l->nsort; k++)
			if (sort_readable(v, s, l->sort[k])) {
				buf_puts(b, n++ ? "," : "");
				text(v, l->sort[k]);
			}
		buf_puts(b, "]}");
	}
	if (!has_all) {
		enum { COLUMNS = 6 };
		size_t n = 0;
		buf_printf(b, "%s{\"name\":\"all\",", any ? "," : "");
		label(v, "label", &all);
		buf_puts(b, ",\"columns\":[");
		for (size_t i = 0; i < s->nfields && n < COLUMNS; i++) {
			const struct field *f = s->fields[i];
			bool shown = (!f->builtin || f->type == FIELD_STAGE) && f->type != FIELD_DETAIL && !f->is_long && !f->many &&
						 f->type != FIELD_FILE && readable(x, f) && !(f->hidden.set && f->hidden.constant && f->hidden.value) &&
						 !(f->type == FIELD_STAGE && !s->npaths);
			if (shown && f->type != FIELD_STAGE)
				buf_printf(b, "%s\"%s\"", n++ ? "," : "", f->expr.name);
		}
		if (s->npaths)
			buf_printf(b, "%s\"stage\"", n ? "," : "");
		buf_puts(b, "],\"sort\":[]}");
	}
	buf_putc(b, ']');
}

static void section(struct view *v, const struct section *s)
{
	struct buf *b = v->b;
	const struct access *x = access_get(v->reg, v->actor, (struct section *)(uintptr_t)s);
	bool create = x->rows[GRANT_CREATE] != ACCESS_NONE, update = x->rows[GRANT_UPDATE] != ACCESS_NONE,
		 remove = x->rows[GRANT_DELETE] != ACCESS_NONE;
	buf_printf(b, "\"%s\":{\"name\":\"%s\",", s->expr.name, s->expr.name);
	label(v, "label", &s->label);
	buf_putc(b, ',');
	label(v, "plural", &s->plural);
	buf_printf(b, ",\"module\":\"%s\",\"can\":{\"create\":%s,\"update\":%s,\"delete\":%s,\"import\":%s,\"export\":true},\"owned_by\":",
			   s->module->name, yes(create), yes(update), yes(remove), yes(create && !s->builtin && !s->owner));
	text(v, s->owner && s->owner->to ? s->owner->to->expr.name : NULL);
	buf_printf(b, ",\"tree\":");
	text(v, s->tree ? s->tree->expr.name : NULL);
	fields(v, x, s);
	details(v, x, s);
	buf_puts(b, ",\"layout\":");
	if (s->layout)
		layout_items(v, x, s->layout);
	else
		buf_puts(b, "[]");
	stages(v, x, s);
	lists(v, x, s);
	buf_puts(b, ",\"imports\":[");
	bool first = true;
	for (size_t i = 0; create && i < v->reg->nimports; i++) {
		const struct import_map *m = v->reg->imports[i];
		if (m->section != s)
			continue;
		buf_printf(b, "%s{\"name\":\"%s\",", first ? "" : ",", m->name);
		label(v, "label", &m->label);
		buf_putc(b, '}');
		first = false;
	}
	buf_puts(b, "]}");
}

/* Sections grouped by module, the top module's first. Owned lines and files have no entry of their own. */
static void menu(struct view *v)
{
	bool first = true;
	buf_puts(v->b, ",\"menu\":[");
	for (size_t m = v->reg->nmodules; m-- > 0;) {
		const struct module *module = v->reg->modules[m];
		bool any = false;
		for (size_t i = 0; i < v->reg->nsections; i++) {
			struct section *s = v->reg->sections[i];
			if (s->module != module || s->owner || s == v->reg->file || !access_exists(access_get(v->reg, v->actor, s)))
				continue;
			if (!any) {
				static const struct label core = {{"Administration", "Управление"}};
				buf_printf(v->b, "%s{\"module\":\"%s\",", first ? "" : ",", module->name);
				label(v, "label", strcmp(module->name, "core") == 0 ? &core : &module->label);
				buf_puts(v->b, ",\"sections\":[");
			}
			buf_printf(v->b, "%s\"%s\"", any ? "," : "", s->expr.name);
			any = true;
			first = false;
		}
		if (any)
			buf_puts(v->b, "]}");
	}
	buf_putc(v->b, ']');
}

void ui_meta(struct http_request *r, struct app_request *q)
{
	struct view v = {&r->out, r->arena, q->reg, q->actor, q->actor->lang};
	struct buf *b = v.b;
	unsigned char hash[16];
	char hex[33];
	/* equal for users of the same roles and language: what is left out depends on nothing else but the user's own line */
	const char *identity = arena_printf(r->arena, "%lld|%s|%d|%lld", (long long)q->reg->generation,
										q->actor->roles_key ? q->actor->roles_key : "", (int)v.lang, (long long)q->actor->id);
	crypto_generichash(hash, sizeof hash, (const unsigned char *)identity, strlen(identity), NULL, 0);
	sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
	const char *etag = arena_printf(r->arena, "\"%s\"", hex), *match = http_header(r, "If-None-Match");
	http_set_header(r, "ETag", etag);
	http_set_header(r, "Cache-Control", "private, no-cache");
	if (match && strcmp(match, etag) == 0) {
		http_reply_empty(r, 304);
		return;
	}
	const struct module *top = q->reg->nmodules ? q->reg->modules[q->reg->nmodules - 1] : NULL;
	buf_puts(b, "{\"app\":{\"name\":");
	text(&v, q->reg->name);
	buf_putc(b, ',');
	if (top)
		label(&v, "label", &top->label);
	else
		buf_puts(b, "\"label\":\"\"");
	buf_puts(b, ",\"version\":");
	text(&v, top ? top->version : NULL);
	buf_printf(b, "},\"generation\":%lld,\"language\":\"%s\",\"languages\":[\"en\",\"ru\"],\"zone\":", (long long)q->reg->generation,
			   v.lang == LANG_RU ? "ru" : "en");
	text(&v, q->reg->zone);
	buf_puts(b, ",\"currency\":");
	text(&v, q->reg->currency);
	buf_printf(b, ",\"user\":{\"id\":%lld,\"login\":", (long long)q->actor->id);
	text(&v, q->actor->login);
	buf_puts(b, ",\"name\":");
	text(&v, q->actor->name);
	buf_puts(b, ",\"roles\":[");
	for (size_t i = 0; i < q->actor->nroles; i++)
		buf_printf(b, "%s\"%s\"", i ? "," : "", q->actor->roles[i]->name);
	buf_puts(b, "]}");
	menu(&v);
	buf_puts(b, ",\"sections\":{");
	bool first = true;
	for (size_t i = 0; i < q->reg->nsections; i++) {
		struct section *s = q->reg->sections[i];
		if (!access_exists(access_get(q->reg, q->actor, s)))
			continue;
		if (!first)
			buf_putc(b, ',');
		section(&v, s);
		first = false;
	}
	buf_puts(b, "}}");
	http_reply_json(r, 200);
}
