#include "edge/ui_record.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/json.h"
#include "edge/odata_body.h"
#include "serve/change.h"
#include "serve/form.h"
#include "serve/plan.h"
#include "serve/task.h"
#include "serve/unit.h"

enum { LOOKUP_TOP = 20, LOOKUP_TOP_MAX = 50, HINTS = 3, HISTORY = 50 };

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

bool ui_number(const char *text, int64_t *out)
{
	char *end;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && !errno;
}

int ui_read_json(struct http_request *r, struct app_request *q, struct json **body, struct err *err)
{
	if (r->method != HTTP_POST)
		return http_refuse_method(r, "POST", err);
	if (!http_is_json(r))
		return err_say(err, ERR_MEDIA_TYPE, q->actor->lang, SAY_SEND_JSON);
	if (json_read(r->arena, r->body, r->body_len, body, err))
		return -1;
	return (*body)->kind == JSON_MAP ? 0 : err_say(err, ERR_SYNTAX, q->actor->lang, SAY_MUST_BE_OBJECT);
}

/* The title of one record as the actor sees it. */
const char *ui_title(struct app_request *q, struct arena *a, struct section *s, int64_t id)
{
	const char *title = NULL;
	struct err ignored;
	err_init(&ignored, a);
	if (id <= 0 || plan_titles(a, q->pg, q->reg, q->actor, s, &id, 1, &title, &ignored))
		return NULL;
	return title;
}

/* `record` of a lookup's `where`: the record as it is typed, and through it the one whose line it is. */
struct draft {
	struct arena *a;
	struct unit *u;
	struct record *record;
};

static int draft_value(void *ctx, const struct expr_field *f, struct value *out, struct err *err)
{
	struct draft *d = ctx;
	*out = value_nil();
	return record_get(d->record, d->a, (const struct field *)f, out, err);
}

static int draft_path(void *ctx, const struct expr *e, struct value *out, struct err *err)
{
	struct draft *d = ctx;
	return expr_eval(d->a, e, &d->u->env, &d->record->now, &d->record->now, NULL, out, err);
}

/* The draft that a lookup is asked for: "values" over the record "id", and, of a line, "parent" with the same two of the record that owns it. */
static int draft_open(struct http_request *r, struct app_request *q, struct section *s, const struct json *body,
					  const struct record_input *in, struct draft *d, struct err *err)
{
	struct record_input of_parent = {0};
	struct section *up = s->owner ? s->owner->to : NULL;
	const struct json *parent = up ? json_get(body, "parent") : NULL;
	const struct json *parent_values = parent ? json_get(parent, "values") : NULL;
	struct record *owner = NULL;
	long long id = 0, parent_id = 0;
	if (parent_values && odata_body_input(r->arena, q->reg, q->actor, up, parent_values, ODATA_BODY_DRAFT, &of_parent, err))
		return -1;
	json_get_int(body, "id", &id);
	if (parent)
		json_get_int(parent, "id", &parent_id);
	struct unit_config config = {.pg = q->pg, .reg = q->reg, .actor = q->actor, .lane = PG_LANE_TX};
	return unit_begin(&config, &d->u, err) || (parent && form_draft(d->u, up, (int64_t)parent_id, &of_parent, NULL, &owner, err)) ||
				   form_draft(d->u, s, (int64_t)id, in, owner, &d->record, err)
			   ? -1
			   : 0;
}

void ui_keep_error(struct arena *a, struct err *err)
{
	if (err->arena == a)
		return;
	err->message = arena_strdup(a, err->message);
	err->message_ru = arena_strdup(a, err->message_ru);
	err->hint = arena_strdup(a, err->hint);
	err->hint_ru = arena_strdup(a, err->hint_ru);
	err->target = arena_strdup(a, err->target);
}

/* Up to three fields that tell records of a section apart in a list of suggestions. */
static void choose_hints(struct plan *p)
{
	struct section *s = p->section;
	struct err unreadable;
	err_init(&unreadable, p->arena);
	for (int pass = 0; pass < 3; pass++)
		for (size_t i = 0; i < s->nfields && p->fields.count < HINTS; i++) {
			struct field *f = s->fields[i];
			bool scalar = f->expr.storage == EXPR_COLUMN && !f->builtin && !f->is_long && f->type != FIELD_FILE;
			bool in_title = s->title.text && strstr(s->title.text, arena_printf(p->arena, "{%s}", f->expr.name));
			bool wanted = pass == 0   ? f->unique || f->search
						  : pass == 1 ? f->type == FIELD_EMAIL || f->type == FIELD_PHONE || f->type == FIELD_CHOICE
									  : f->expr.type.kind == EXPR_TEXT;
			if (scalar && !in_title && wanted && !(f->hidden.set && f->hidden.constant && f->hidden.value))
				plan_select(p, field_property(p->arena, f), strlen(field_property(p->arena, f)), p->actor->lang, &unreadable);
		}
}

static void write_hint(struct buf *b, const struct field *f, const struct value *v, enum lang lang)
{
	if (v->kind == VALUE_TEXT && f->nvalues) {
		for (size_t i = 0; i < f->nvalues; i++)
			if (strlen(f->values[i].code) == v->text.len && memcmp(f->values[i].code, v->text.s, v->text.len) == 0) {
				text(b, label_get(&f->values[i].label, lang));
				return;
			}
	}
	if (v->kind == VALUE_TEXT) {
		buf_json(b, v->text.s, v->text.len);
		return;
	}
	struct buf tmp = BUF_INIT;
	value_json(&tmp, v);
	const char *s = tmp.data;
	size_t len = tmp.len;
	if (len >= 2 && *s == '"') {
		s++;
		len -= 2;
	}
	buf_json(b, s, len);
	buf_destroy(&tmp);
}

static int write_suggestions(struct http_request *r, struct app_request *q, const struct field *f, struct plan *p, struct err *err)
{
	struct pg_bindings b;
	struct pg_rows *rows;
	struct buf *out = &r->out;
	plan_bindings(q->reg, q->actor, &b);
	if (plan_rows(p, q->pg, PG_LANE_FAST, r->arena, &b, &rows, err))
		return -1;
	size_t n = pg_rows_count(rows);
	bool more = n > (size_t)p->top;
	if (more)
		n = (size_t)p->top;
	buf_puts(out, "{\"items\":[");
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s{\"id\":%lld,\"title\":", i ? "," : "", (long long)pg_rows_int(rows, i, 0));
		pg_rows_json(rows, out, i, 1);
		buf_puts(out, ",\"hints\":[");
		bool first = true;
		for (size_t k = 0; k < p->fields.count; k++) {
			struct value v = pg_rows_value(rows, r->arena, i, k + 2);
			if (v.kind == VALUE_NIL)
				continue;
			if (!first)
				buf_putc(out, ',');
			write_hint(out, p->fields.items[k], &v, q->actor->lang);
			first = false;
		}
		buf_puts(out, "]}");
	}
	const struct access *target = access_get(q->reg, q->actor, f->to);
	buf_printf(out, "],\"more\":%s,\"create\":%s}", yes(more), yes(f->create && target->rows[GRANT_CREATE] != ACCESS_NONE));
	http_reply_json(r, 200);
	return 0;
}

int ui_lookup(struct http_request *r, struct app_request *q, struct section *s, const char *name, struct err *err)
{
	struct json *body;
	struct plan *p;
	struct record_input in = {0};
	struct draft draft = {.a = r->arena};
	const struct access *x = access_get(q->reg, q->actor, s);
	struct field *f = section_find(s, name);
	long long top = LOOKUP_TOP;
	if (!f || !f->to || f->type == FIELD_DETAIL ||
		(access_field(x, GRANT_READ, f) == ACCESS_NONE && access_field(x, GRANT_CREATE, f) == ACCESS_NONE))
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_RESOURCE);
	if (ui_read_json(r, q, &body, err))
		return -1;
	const struct json *values = json_get(body, "values");
	if (values && odata_body_input(r->arena, q->reg, q->actor, s, values, ODATA_BODY_DRAFT, &in, err))
		return -1;
	json_get_int(body, "top", &top);
	struct err unseen;
	err_init(&unseen, r->arena);
	if (plan_create(r->arena, q->reg, q->actor, f->to, &p, &unseen)) {
		buf_puts(&r->out, "{\"items\":[],\"more\":false,\"create\":false}");
		http_reply_json(r, 200);
		return 0;
	}
	p->titles = true;
	p->top = top > 0 && top <= LOOKUP_TOP_MAX ? top : LOOKUP_TOP;
	const char *words = json_get_text(body, "q");
	p->search = words && *words && strlen(words) <= 200 ? words : NULL;
	choose_hints(p);
	if (plan_order_by_name(p, err))
		return -1;
	if (!f->where.set || (f->where.constant && f->where.value))
		return write_suggestions(r, q, f, p, err);
	if (f->where.constant) {
		p->top = 0;
		return write_suggestions(r, q, f, p, err);
	}
	int failed = draft_open(r, q, s, body, &in, &draft, err);
	/* what asks for something that is still empty offers all, as on saving */
	const struct expr *binds = NULL;
	if (!failed)
		failed = expr_without_empty(r->arena, f->where.expr, &draft.u->env, &draft.record->now, &binds, err);
	if (!failed && binds) {
		p->choice = binds;
		p->record_value = draft_value;
		p->record_path = draft_path;
		p->record_ctx = &draft;
	}
	if (!failed)
		failed = write_suggestions(r, q, f, p, err);
	if (failed)
		ui_keep_error(r->arena, err);
	unit_rollback(draft.u);
	return failed;
}

/* The name that a file had, when it is there no more. */
static const char *name_then(struct arena *a, const char *names, long long id)
{
	struct json *v;
	struct err ignored;
	err_init(&ignored, a);
	if (!names || json_read(a, names, strlen(names), &v, &ignored))
		return NULL;
	const struct json *name = json_get(v, arena_printf(a, "%lld", id));
	return name && name->kind == JSON_TEXT ? name->text : NULL;
}

/* A lookup's id, or several, with titles: {"id","title"}. */
static void write_shown(struct http_request *r, struct app_request *q, const struct change_field *c, const char *json)
{
	const struct field *f = c->field;
	struct buf *b = &r->out;
	struct json *v;
	struct err ignored;
	err_init(&ignored, r->arena);
	if (!json || !f->to || json_read(r->arena, json, strlen(json), &v, &ignored)) {
		buf_puts(b, json ? json : "null");
		return;
	}
	const struct json *list = v->kind == JSON_LIST ? v->first : v;
	if (v->kind == JSON_LIST)
		buf_putc(b, '[');
	for (const struct json *one = list; one; one = one->next) {
		long long id = one->kind == JSON_DIGITS ? strtoll(one->text, NULL, 10) : 0;
		if (one != list)
			buf_putc(b, ',');
		if (!id) {
			buf_puts(b, "null");
			continue;
		}
		buf_printf(b, "{\"id\":%lld,\"title\":", id);
		const char *title = ui_title(q, r->arena, f->to, id);
		text(b, title ? title : name_then(r->arena, c->names, id));
		buf_putc(b, '}');
	}
	if (v->kind == JSON_LIST)
		buf_putc(b, ']');
}

int ui_history(struct http_request *r, struct app_request *q, struct section *s, int64_t id, struct err *err)
{
	struct change_item *items;
	struct buf *b = &r->out;
	size_t n;
	bool more;
	const char *before = http_query(r, "before");
	enum lang lang = q->actor->lang;
	int64_t from = 0;
	if (before && !ui_number(before, &from)) {
		err_say(err, ERR_SYNTAX, lang, SAY_OPTION_NUMBER, "before");
		return err_target(err, "before");
	}
	if (change_list(r->arena, q->pg, q->reg, q->actor, s, id, from, HISTORY, &items, &n, &more, err))
		return -1;
	/* who did it: one statement for all */
	int64_t *users = arena_array(r->arena, int64_t, n ? n : 1);
	const char **names = arena_array(r->arena, const char *, n ? n : 1);
	for (size_t i = 0; i < n; i++)
		users[i] = items[i].user_id;
	if (plan_titles(r->arena, q->pg, q->reg, q->actor, q->reg->user, users, n, names, err))
		return -1;
	buf_puts(b, "{\"items\":[");
	for (size_t i = 0; i < n; i++) {
		const struct change_item *c = &items[i];
		buf_printf(b, "%s{\"id\":%lld,\"at\":\"", i ? "," : "", (long long)c->id);
		time_write(b, c->at_us);
		buf_puts(b, "\",\"by\":");
		if (c->user_id) {
			buf_printf(b, "{\"id\":%lld,\"title\":", (long long)c->user_id);
			text(b, names[i]);
			buf_putc(b, '}');
		} else {
			buf_puts(b, "null");
		}
		buf_printf(b, ",\"kind\":\"%s\"", c->kind);
		if (c->move) {
			struct move *m = section_find_move(c->section, c->move);
			buf_puts(b, ",\"move\":");
			text(b, m ? label_get(&m->label, lang) : c->move);
		}
		if (c->task) {
			const char *label;
			if (task_label(r->arena, q->pg, q->reg, q->actor, c->section, c->record_id, c->task, &label, err))
				return -1;
			buf_puts(b, ",\"task\":");
			text(b, label);
		}
		if (c->comment) {
			buf_puts(b, ",\"comment\":");
			text(b, c->comment);
		}
		if (c->detail) {
			buf_printf(b, ",\"detail\":{\"section\":\"%s\",\"label\":", c->section->expr.name);
			text(b, label_get(&c->section->label, lang));
			buf_printf(b, ",\"id\":%lld,\"title\":", (long long)c->record_id);
			text(b, ui_title(q, r->arena, c->section, c->record_id));
			buf_putc(b, '}');
		}
		buf_puts(b, ",\"changes\":[");
		for (size_t k = 0; k < c->nfields; k++) {
			const struct change_field *f = &c->fields[k];
			buf_printf(b, "%s{\"field\":\"%s\",\"label\":", k ? "," : "", f->field->expr.name);
			text(b, label_get(&f->field->label, lang));
			buf_puts(b, ",\"old\":");
			write_shown(r, q, f, f->was);
			buf_puts(b, ",\"new\":");
			write_shown(r, q, f, f->now);
			buf_putc(b, '}');
		}
		buf_puts(b, "]}");
	}
	buf_puts(b, "],\"next\":");
	if (more && n)
		buf_printf(b, "\"%lld\"}", (long long)items[n - 1].id);
	else
		buf_puts(b, "null}");
	http_reply_json(r, 200);
	return 0;
}
