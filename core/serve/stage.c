#include "serve/stage.h"

#include <string.h>

#include "base/arena.h"
#include "serve/record_private.h"
#include "serve/task.h"

static struct stage *stage_at(const struct record *r, const struct value *values)
{
	const struct record_plan *p = r->section->record_plan;
	if (!p || !p->stage || !values || values[p->stage->pos].kind != VALUE_TEXT)
		return NULL;
	return section_find_stage(r->section, values[p->stage->pos].text.s);
}

struct stage *stage_of(const struct record *r)
{
	return stage_at(r, r->now.values);
}

struct stage *stage_was(const struct record *r)
{
	return stage_at(r, r->was.values);
}

int stage_first(struct unit *u, struct record *r, struct stage **out, struct err *err)
{
	const struct section *s = r->section;
	struct stage_path *fallback = NULL;
	*out = NULL;
	for (size_t i = 0; i < s->npaths; i++) {
		struct stage_path *path = s->paths[i];
		if (!path->nstages)
			continue;
		if (!path->when.set) {
			if (!fallback)
				fallback = path;
			continue;
		}
		bool ok;
		if (record_rule(r, &path->when, true, &ok, err) < 0)
			return -1;
		if (ok) {
			*out = path->stages[0];
			return 0;
		}
	}
	(void)u;
	if (!fallback && s->npaths)
		fallback = s->paths[0];
	if (fallback && fallback->nstages)
		*out = fallback->stages[0];
	return 0;
}

static bool leaves(const struct move *m, const struct stage *s)
{
	for (size_t i = 0; i < m->nfrom; i++)
		if (m->from[i] == s)
			return true;
	return false;
}

int stage_may(struct unit *u, struct record *r, const struct move *m, enum stage_verdict *verdict, const char **reason, struct err *err)
{
	const struct stage *s = stage_of(r);
	bool ok = true;
	*reason = NULL;
	if (!leaves(m, s)) {
		*verdict = STAGE_NOT_FROM;
		*reason = say_text(u->arena, u->lang, SAY_MOVE_FROM, label_get(&m->label, u->lang), s ? label_get(&s->label, u->lang) : "");
		return 0;
	}
	if (!u->actor->system) {
		if (m->allow.set) {
			if (record_rule(r, &m->allow, true, &ok, err) < 0)
				return -1;
		} else {
			const struct access *x = access_get(u->reg, u->actor, r->section);
			if (access_test(u, x, GRANT_UPDATE, r, true, NULL, &ok, NULL, err) < 0)
				return -1;
		}
	}
	if (!ok) {
		*verdict = STAGE_NOT_YOURS;
		*reason = say_text(u->arena, u->lang, SAY_NO_MOVE, label_get(&m->label, u->lang));
		return 0;
	}
	const char *open;
	if (record_rule(r, &m->when, true, &ok, err) < 0 || task_gate(u, r, &open, err) < 0)
		return -1;
	if (!ok || open) {
		const char *said = label_get(&m->message, u->lang);
		*verdict = STAGE_NOT_NOW;
		*reason = ok ? open : *said ? said : say_text(u->arena, u->lang, SAY_MOVE_WHEN, label_get(&m->label, u->lang));
		if (!ok && open)
			*reason = arena_printf(u->arena, "%s. %s", *reason, open);
		return 0;
	}
	*verdict = STAGE_OPEN;
	return 0;
}
