/* rank: the one order in which writes lock records of several sections.
 *
 * A write locks what it changes first and then what keeps a sum of it, up to the end; so two writes never hold what the other needs next. Owned lines are written with their owner, which is
 * locked before them: they stand behind it, and the whole comes after everything that any of them reads. */
#include <string.h>

#include "base/arena.h"
#include "expr/expr_reach.h"
#include "meta/build.h"

enum { OWNERS = 64 };

struct ranking {
	const struct registry *r;
	enum { RANK_FRESH, RANK_OPEN, RANK_DONE } * at; /* by place of the section among all */
	int next;
};

static struct section *top_of(struct section *s)
{
	for (int i = 0; s->owner_detail && i < OWNERS; i++)
		s = s->owner_detail->section;
	return s;
}

static size_t place_of(const struct registry *r, const struct section *s)
{
	size_t i = 0;
	while (i < r->nsections && r->sections[i] != s)
		i++;
	return i;
}

static void number(struct ranking *k, struct section *s, int depth)
{
	s->rank = k->next++;
	for (size_t i = 0; i < s->nfields && depth < OWNERS; i++)
		if (s->fields[i]->owned && s->fields[i]->to && s->fields[i]->to->owner_detail == s->fields[i])
			number(k, s->fields[i]->to, depth + 1);
}

static void visit(struct ranking *k, struct section *top)
{
	size_t place = place_of(k->r, top);
	if (place == k->r->nsections || k->at[place] != RANK_FRESH)
		return;
	k->at[place] = RANK_OPEN;
	for (size_t i = 0; i < k->r->nsections; i++) {
		struct section *s = k->r->sections[i];
		if (top_of(s) != top)
			continue;
		for (size_t f = 0; f < s->nfields; f++)
			for (const struct expr_reach *way = s->fields[f]->reach; way; way = way->next)
				visit(k, top_of((struct section *)way->table));
		/* what a sum of another section reads on its way through this one, too: a line's wares before the line */
		for (size_t o = 0; o < k->r->nsections; o++)
			for (size_t f = 0; f < k->r->sections[o]->nfields; f++)
				for (const struct expr_reach *way = k->r->sections[o]->fields[f]->reach; way; way = way->next)
					if (way->from && way->from->table == &s->expr)
						visit(k, top_of((struct section *)way->table));
	}
	k->at[place] = RANK_DONE;
	number(k, top, 0);
}

void rank_sections(struct registry *r)
{
	struct ranking k = {.r = r};
	k.at = arena_array(r->arena, __typeof__(*k.at), r->nsections + 1);
	memset(k.at, 0, (r->nsections + 1) * sizeof *k.at);
	for (size_t i = 0; i < r->nsections; i++)
		visit(&k, top_of(r->sections[i]));
}
