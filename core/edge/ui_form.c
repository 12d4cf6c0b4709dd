/* ui_form: POST /ui/form: what the rules say of a draft. */
#include <string.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/err.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/json.h"
#include "edge/odata_body.h"
#include "edge/ui_record.h"
#include "serve/form.h"
#include "serve/unit.h"

enum { MAX_CHANGED = 200 };

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

static void write_form(struct http_request *r, struct app_request *q, struct section *s, const struct form *f)
{
	struct buf *b = &r->out;
	struct arena *a = r->arena;
	enum lang lang = q->actor->lang;
	buf_puts(b, "{\"values\":{");
	for (size_t i = 0; i < f->nvalues; i++) {
		const struct value *v = &f->values[i].value;
		buf_printf(b, "%s\"%s\":", i ? "," : "", field_property(a, f->values[i].field));
		value_json(b, v);
	}
	buf_puts(b, "},\"titles\":{");
	bool first = true;
	for (size_t i = 0; i < f->nvalues; i++) {
		const struct field *field = f->values[i].field;
		if (!field->to || field->many || f->values[i].value.kind != VALUE_INT)
			continue;
		buf_printf(b, "%s\"%s\":", first ? "" : ",", field->expr.name);
		text(b, ui_title(q, a, field->to, f->values[i].value.i));
		first = false;
	}
	buf_puts(b, "},\"fields\":{");
	for (size_t i = 0; i < f->nfields; i++)
		buf_printf(b, "%s\"%s\":{\"required\":%s,\"readonly\":%s,\"hidden\":%s}", i ? "," : "", f->fields[i].field->expr.name, yes(f->fields[i].required), yes(f->fields[i].readonly),
		           yes(f->fields[i].hidden));
	buf_puts(b, "},\"errors\":[");
	first = true;
	for (const struct err *e = f->errors; e && e->code != ERR_OK; e = e->next) {
		buf_puts(b, first ? "{\"target\":" : ",{\"target\":");
		text(b, e->target);
		buf_puts(b, ",\"message\":");
		text(b, err_message(e, r->lang));
		buf_putc(b, '}');
		first = false;
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

int ui_form(struct http_request *r, struct app_request *q, struct section *s, struct err *err)
{
	struct json *body;
	struct record_input in = {0};
	struct unit *u;
	struct form form;
	long long id = 0;
	if (ui_read_json(r, q, &body, err))
		return -1;
	const struct json *values = json_get(body, "values"), *changed = json_get(body, "changed");
	json_get_int(body, "id", &id);
	if (values && odata_body_input(r->arena, q->reg, q->actor, s, values, ODATA_BODY_DRAFT, &in, err))
		return -1;
	struct field **names = NULL;
	size_t n = 0;
	if (changed && changed->kind == JSON_LIST && changed->count <= MAX_CHANGED) {
		names = arena_array(r->arena, struct field *, changed->count + 1);
		for (const struct json *c = changed->first; c; c = c->next) {
			struct field *f = c->kind == JSON_TEXT ? section_find(s, c->text) : NULL;
			for (size_t i = 0; !f && c->kind == JSON_TEXT && i < s->nfields; i++)
				if (strcmp(field_property(r->arena, s->fields[i]), c->text) == 0)
					f = s->fields[i];
			if (f)
				names[n++] = f;
		}
	}
	struct unit_config config = {.pg = q->pg, .reg = q->reg, .actor = q->actor, .lane = PG_LANE_TX};
	if (unit_begin(&config, &u, err))
		return -1;
	int failed = unit_ready(u, err) || form_evaluate(u, s, (int64_t)id, &in, names, n, &form, err);
	if (failed && err->arena != r->arena) {
		err->message = arena_strdup(r->arena, err->message);
		err->message_ru = arena_strdup(r->arena, err->message_ru);
		err->hint = arena_strdup(r->arena, err->hint);
		err->hint_ru = arena_strdup(r->arena, err->hint_ru);
		err->target = arena_strdup(r->arena, err->target);
	}
	/* the answer is written while the unit's arena lives; titles are read outside of it */
	if (!failed)
		write_form(r, q, s, &form);
	unit_rollback(u);
	return failed ? -1 : 0;
}
