/* ui_form: POST /ui/form: what the rules say of a draft, and of the lines that come with it. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/json.h"
#include "edge/odata_body.h"
#include "edge/ui_record.h"
#include "serve/form.h"
#include "serve/plan.h"
#include "serve/unit.h"

enum { MAX_CHANGED = 200, MAX_KEY = 64 };

/* Titles of the records that the answer's values point to: of a section all in one question. */
struct title {
	struct section *section;
	int64_t id;
	const char *text;
};

struct titles {
	struct title *items;
	size_t count, cap;
};

static const char *yes(bool b)
{
	return b ? "true" : "false";
}

static void text(struct buf *b, const char *s)
{
	if (s)
		buf_json(b, s, strlen(s));
	else
		buf_puts(b, "null");
}

static bool has_title(const struct record_set *set)
{
	return set->field->to && !set->field->many && set->value.kind == VALUE_INT;
}

static void titles_add(struct arena *a, struct titles *t, const struct form_face *f)
{
	for (size_t i = 0; i < f->nvalues; i++)
		if (has_title(&f->values[i])) {
			struct title one = {f->values[i].field->to, f->values[i].value.i, NULL};
			arena_push(a, t, one);
		}
}

static int title_order(const void *x, const void *y)
{
	const struct title *a = x, *b = y;
	if (a->section != b->section)
		return strcmp(a->section->expr.name, b->section->expr.name);
	return a->id < b->id ? -1 : a->id > b->id;
}

/* As the actor sees them; outside of the unit, on the connections for reading. */
static void titles_read(struct arena *a, struct app_request *q, struct titles *t)
{
	if (!t->count)
		return;
	qsort(t->items, t->count, sizeof *t->items, title_order);
	int64_t *ids = arena_array(a, int64_t, t->count);
	const char **texts = arena_array(a, const char *, t->count);
	for (size_t from = 0, n = 0, end; from < t->count; from = end, n = 0) {
		for (end = from; end < t->count && t->items[end].section == t->items[from].section; end++)
			if (t->items[end].id > 0 && (!n || ids[n - 1] != t->items[end].id))
				ids[n++] = t->items[end].id;
		struct err ignored;
		err_init(&ignored, a);
		if (plan_titles(a, q->pg, q->reg, q->actor, t->items[from].section, ids, n, texts, &ignored))
			continue;
		for (size_t i = from, k = 0; i < end; i++) {
			while (k < n && ids[k] < t->items[i].id)
				k++;
			t->items[i].text = k < n && ids[k] == t->items[i].id ? texts[k] : NULL;
		}
	}
}

static void write_face(struct http_request *r, const struct form_face *f, const struct titles *titles)
{
	struct buf *b = &r->out;
	bool first = true;
	buf_puts(b, "\"values\":{");
	for (size_t i = 0; i < f->nvalues; i++) {
		const struct value *v = &f->values[i].value;
		buf_printf(b, "%s\"%s\":", i ? "," : "", field_property(r->arena, f->values[i].field));
		value_json(b, v);
	}
	buf_puts(b, "},\"titles\":{");
	for (size_t i = 0; i < f->nvalues; i++) {
		if (!has_title(&f->values[i]))
			continue;
		struct title want = {f->values[i].field->to, f->values[i].value.i, NULL}, *found;
		found = bsearch(&want, titles->items, titles->count, sizeof want, title_order);
		buf_printf(b, "%s\"%s\":", first ? "" : ",", f->values[i].field->expr.name);
		text(b, found ? found->text : NULL);
		first = false;
	}
	buf_puts(b, "},\"fields\":{");
	for (size_t i = 0; i < f->nfields; i++)
		buf_printf(b, "%s\"%s\":{\"required\":%s,\"readonly\":%s,\"hidden\":%s}", i ? "," : "", f->fields[i].field->expr.name,
				   yes(f->fields[i].required), yes(f->fields[i].readonly), yes(f->fields[i].hidden));
	buf_putc(b, '}');
}

/* `prefix`: of targets, or NULL. */
static void write_errors(struct http_request *r, const struct err *errors, const char *prefix, bool *first)
{
	struct buf *b = &r->out;
	for (const struct err *e = errors; e && e->code != ERR_OK; e = e->next) {
		buf_puts(b, *first ? "{\"target\":" : ",{\"target\":");
		text(b, !prefix ? e->target : e->target ? arena_printf(r->arena, "%s/%s", prefix, e->target) : prefix);
		buf_puts(b, ",\"message\":");
		text(b, err_message(e, r->lang));
		buf_putc(b, '}');
		*first = false;
	}
}

/* Lines that the page gave a key, by detail; what is wrong with the others stands among the errors of the record. */
static void write_lines(struct http_request *r, const struct record_input *in, const char *const *keys, const struct form *f,
						const struct titles *titles)
{
	struct buf *b = &r->out;
	const struct field *detail = NULL;
	buf_puts(b, ",\"lines\":{");
	for (size_t i = 0; i < f->nlines; i++) {
		const struct form_line *l = &f->lines[i];
		const char *key = keys[l->line - in->lines.items];
		bool first = true;
		if (!key)
			continue;
		if (l->line->detail != detail)
			buf_printf(b, "%s\"%s\":[", detail ? "]," : "", l->line->detail->expr.name);
		buf_printf(b, "%s{\"key\":", l->line->detail == detail ? "," : "");
		text(b, key);
		buf_printf(b, ",\"may\":%s,", yes(l->can_update));
		write_face(r, &l->face, titles);
		buf_puts(b, ",\"errors\":[");
		write_errors(r, l->errors, NULL, &first);
		buf_puts(b, "]}");
		detail = l->line->detail;
	}
	buf_puts(b, detail ? "]}" : "}");
}

static void write_form(struct http_request *r, struct app_request *q, struct section *s, const struct record_input *in,
					   const char *const *keys, const struct form *f)
{
	struct buf *b = &r->out;
	struct arena *a = r->arena;
	enum lang lang = q->actor->lang;
	struct titles titles = {0};
	bool first = true;
	titles_add(a, &titles, &f->face);
	for (size_t i = 0; i < f->nlines; i++)
		if (keys[f->lines[i].line - in->lines.items])
			titles_add(a, &titles, &f->lines[i].face);
	titles_read(a, q, &titles);
	buf_putc(b, '{');
	write_face(r, &f->face, &titles);
	write_lines(r, in, keys, f, &titles);
	buf_puts(b, ",\"errors\":[");
	write_errors(r, f->errors, NULL, &first);
	for (size_t i = 0; i < f->nlines; i++) {
		const struct record_line *line = f->lines[i].line;
		if (!keys[line - in->lines.items])
			write_errors(r, f->lines[i].errors, arena_printf(a, "%s/%zu", line->detail->expr.name, line->position), &first);
	}
	buf_printf(b, "],\"can\":{\"update\":%s,\"delete\":%s},\"moves\":[", yes(f->can_update), yes(f->can_delete));
	for (size_t i = 0; i < f->nmoves; i++) {
		const struct form_move *m = &f->moves[i];
		bool open = m->verdict == STAGE_OPEN;
		buf_printf(b, "%s{\"name\":\"%s\",\"label\":", i ? "," : "", m->move->name);
		text(b, label_get(&m->move->label, lang));
		buf_printf(b, ",\"to\":\"%s\",\"comment\":%s,\"allowed\":%s", m->move->to->name, yes(m->move->comment), yes(open));
		if (!open) {
			buf_puts(b, ",\"reason\":");
			text(b, m->reason);
		}
		buf_putc(b, '}');
	}
	buf_puts(b, "],\"tasks\":[");
	for (size_t i = 0; i < f->ntasks; i++) {
		const struct task_item *t = f->tasks[i].item;
		buf_printf(b, "%s{\"id\":%lld,\"name\":\"%s\",\"label\":", i ? "," : "", (long long)t->id, t->task->name);
		text(b, f->tasks[i].label);
		buf_printf(b, ",\"required\":%s,\"done\":%s,\"may\":%s", yes(t->task->required), yes(t->done), yes(f->tasks[i].may));
		if (t->done_by) {
			buf_printf(b, ",\"by\":{\"id\":%lld,\"title\":", (long long)t->done_by);
			text(b, ui_title(q, a, q->reg->user, t->done_by));
			buf_putc(b, '}');
		}
		if (t->done_at_us) {
			buf_puts(b, ",\"at\":\"");
			time_write(b, t->done_at_us);
			buf_putc(b, '"');
		}
		buf_putc(b, '}');
	}
	buf_puts(b, "],\"stage\":");
	text(b, f->stage ? f->stage->name : NULL);
	buf_puts(b, ",\"path\":");
	text(b, f->stage && f->stage->path ? f->stage->path->name : s->npaths ? s->paths[0]->name : NULL);
	buf_putc(b, '}');
	http_reply_json(r, 200);
}

/* Names of fields as they were sent; those that are none are passed over. */
static struct form_edit read_edit(struct arena *a, struct section *s, const struct json *changed)
{
	struct form_edit e = {0};
	if (!changed || changed->kind != JSON_LIST || changed->count > MAX_CHANGED)
		return e;
	e.known = true;
	e.fields = arena_array(a, struct field *, changed->count + 1);
	for (const struct json *c = changed->first; c; c = c->next) {
		struct field *f = c->kind == JSON_TEXT ? section_find(s, c->text) : NULL;
		for (size_t i = 0; !f && c->kind == JSON_TEXT && i < s->nfields; i++)
			if (strcmp(field_property(a, s->fields[i]), c->text) == 0)
				f = s->fields[i];
		if (f)
			e.fields[e.count++] = f;
	}
	return e;
}

/* Keys and edits of the lines: they stand in `values` in the order in which the input has them. */
static void read_line_names(struct arena *a, const struct json *values, const struct record_input *in, const char **keys,
							struct form_edit *edits)
{
	size_t n = 0;
	for (const struct json *v = values ? values->first : NULL; v; v = v->next) {
		size_t at = strcspn(v->key, "@"), pos = 0;
		if (v->kind != JSON_LIST || (v->key[at] && strcmp(v->key + at, "@delta") != 0))
			continue;
		for (const struct json *line = v->first; line; line = line->next, pos++) {
			const struct field *detail = n < in->lines.count ? in->lines.items[n].detail : NULL;
			if (!detail || strlen(detail->expr.name) != at || memcmp(detail->expr.name, v->key, at) != 0 ||
				in->lines.items[n].position != pos)
				break;
			const char *key = json_get_text(line, "@ostov.key");
			keys[n] = key && *key && strlen(key) <= MAX_KEY ? key : NULL;
			edits[n++] = read_edit(a, detail->to, json_get(line, "@ostov.changed"));
		}
	}
}

int ui_form(struct http_request *r, struct app_request *q, struct section *s, struct err *err)
{
	struct json *body;
	struct record_input in = {0};
	struct unit *u;
	struct form form;
	long long id = 0;
	if (ui_read_json(r, q, &body, err))
		return -1;
	const struct json *values = json_get(body, "values");
	const struct json *sent = json_get(body, "id");
	if (sent && sent->kind != JSON_NIL && (!json_get_int(body, "id", &id) || id < 1)) {
		err_say(err, ERR_INVALID, q->actor->lang, SAY_OPTION_NUMBER, "id");
		return err_target(err, "id");
	}
	if (values && odata_body_input(r->arena, q->reg, q->actor, s, values, ODATA_BODY_DRAFT, &in, err))
		return -1;
	struct form_edit edit = read_edit(r->arena, s, json_get(body, "changed"));
	struct form_edit *edits = arena_array(r->arena, struct form_edit, in.lines.count + 1);
	const char **keys = arena_array(r->arena, const char *, in.lines.count + 1);
	read_line_names(r->arena, values, &in, keys, edits);
	struct unit_config config = {.pg = q->pg, .reg = q->reg, .actor = q->actor, .lane = PG_LANE_TX};
	if (unit_begin(&config, &u, err))
		return -1;
	int failed = unit_ready(u, err) || form_evaluate(u, s, (int64_t)id, &in, &edit, edits, &form, err);
	if (failed)
		ui_keep_error(r->arena, err);
	/* the answer is written while the unit's arena lives; titles are read outside of it */
	if (!failed)
		write_form(r, q, s, &in, keys, &form);
	unit_rollback(u);
	return failed ? -1 : 0;
}
