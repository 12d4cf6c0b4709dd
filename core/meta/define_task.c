/* define_task: the checklists of stages: their definitions from merged declarations, and what holds together in them. */
#include <string.h>

#include "base/arena.h"
#include "meta/build.h"

static void title_wait(struct build *b, struct section *s, struct stage_task *t, const struct setting *label, enum lang lang)
{
	const char *text = t->label.text[lang];
	if (!label || !text || !strchr(text, '{'))
		return;
	t->titles[lang].text = text;
	struct pending p = {.kind = PENDING_TITLE, .title = &t->titles[lang], .section = s, .setting = label, .translated = lang != LANG_EN};
	arena_push(b->scratch, &b->pending, p);
}

static struct stage_task *task_make(struct build *b, struct section *s, struct stage *st, struct node *n)
{
	struct stage_task *t = arena_new(b->arena, struct stage_task);
	const struct setting *label = node_find(n, "label"), *who = node_find(n, "who");
	const char *physical;
	t->name = n->name;
	t->was = node_text(n, "was");
	t->place = n->decl->place;
	t->stage = st;
	t->required = node_bool(n, "required");
	t->label = label_take(b, n->decl, label, arena_printf(b->scratch, "%s.stage.%s.%s", s->expr.name, st->name, n->name), n->name);
	for (int lang = 0; lang < LANG_COUNT; lang++)
		title_wait(b, s, t, label, lang);
	if (who) {
		t->who.text = who->value->text.s;
		t->who.place = who->from->place;
		struct pending p = {.kind = PENDING_WHO, .formula = &t->who, .section = s, .setting = who};
		arena_push(b->scratch, &b->pending, p);
	}
	if (b->map)
		b->map->find(b->map->ctx, "task", arena_printf(b->scratch, "%s.%s.%s", s->expr.name, st->name, t->name), &t->id, &physical);
	return t;
}

void define_tasks(struct build *b, struct section *s, struct stage *st, struct node *n)
{
	st->tasks = arena_array(b->arena, struct stage_task *, n->children.count + 1);
	for (size_t i = 0; i < n->children.count; i++) {
		struct node *c = n->children.items[i];
		if (c->word != WORD_TASK)
			continue;
		if (s->ntasks == BUILD_MAX_TASKS) {
			build_fail(b, c->decl, spot_decl(b, c->decl), NULL, "the stages of a section have at most %d tasks", BUILD_MAX_TASKS);
			return;
		}
		s->ntasks++;
		st->tasks[st->ntasks++] = task_make(b, s, st, c);
	}
}

static bool is_left(const struct section *s, const struct stage *st)
{
	for (size_t i = 0; i < s->moves.count; i++) {
		const struct move *m = s->moves.items[i].value;
		for (size_t k = 0; k < m->nfrom; k++)
			if (m->from[k] == st)
				return true;
	}
	return false;
}

void verify_tasks(struct build *b, const struct section *s)
{
	const struct field *clash = s->ntasks ? section_find(s, "tasks") : NULL;
	if (clash)
		build_fail(b, NULL, verify_spot(b, &clash->place, "tasks"), "give the field another name",
				   "field 'tasks' of section '%s': the checklists of its stages are called so in the API", s->expr.name);
	for (size_t i = 0; i < s->stages.count; i++) {
		const struct stage *st = s->stages.items[i].value;
		bool left = is_left(s, st);
		struct map names;
		map_create(&names, b->scratch);
		for (size_t k = 0; k < st->ntasks; k++)
			map_put(&names, st->tasks[k]->name, st->tasks[k]);
		for (size_t k = 0; k < st->ntasks; k++) {
			const struct stage_task *t = st->tasks[k];
			if (t->required && st->final && !left)
				build_fail(
					b, NULL, verify_spot(b, &t->place, t->name), "leave 'required' out, or let a move lead away",
					"task '%s' of the final stage '%s' is required, but no move leaves the stage: there is nothing that it could gate",
					t->name, st->name);
			verify_was(b, "task", t->name, t->was, &names, &t->place);
		}
	}
}
