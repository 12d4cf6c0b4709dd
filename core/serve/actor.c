#include "serve/actor.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/say.h"
#include "pg/pg.h"

enum { REMEMBER_MS = 500, REMEMBERED = 512 };

/* What is remembered of a user: everything in an arena of its own. */
struct kept {
	struct arena *arena;
	const struct registry *reg;
	int64_t generation;
	uint64_t until_ms;
	struct actor actor;
};

static struct kept kept[REMEMBERED];

static size_t role_pos(const struct registry *reg, const struct role *r)
{
	for (size_t i = 0; i < reg->roles.count; i++)
		if (reg->roles.items[i].value == r)
			return i;
	return reg->roles.count;
}

static void role_hold(const struct registry *reg, const struct role *r, bool *held)
{
	size_t i = role_pos(reg, r);
	if (i == reg->roles.count || held[i])
		return;
	held[i] = true;
	for (size_t k = 0; k < r->nincludes; k++)
		role_hold(reg, r->includes[k], held);
}

static void roles_settle(struct arena *a, const struct registry *reg, const bool *held, struct actor *out)
{
	struct buf key = BUF_INIT;
	out->roles = arena_array(a, const struct role *, reg->roles.count + 1);
	out->nroles = 0;
	for (size_t i = 0; i < reg->roles.count; i++) {
		if (!held[i])
			continue;
		const struct role *r = reg->roles.items[i].value;
		if (key.len)
			buf_putc(&key, ',');
		buf_puts(&key, r->name);
		out->roles[out->nroles++] = r;
	}
	out->roles_key = arena_strndup(a, key.data ? key.data : "", key.len);
	buf_destroy(&key);
}

static const char *column_of(const struct registry *reg, const char *name)
{
	const struct field *f = section_find(reg->user, name);
	return f ? f->expr.column : "NULL";
}

int actor_load(struct arena *a, struct pg *pg, struct pg_tx *tx, const struct registry *reg, int64_t user_id, struct actor *out,
			   struct err *err)
{
	const struct field *roles = section_find(reg->user, "roles"), *code = section_find(reg->role, "code");
	struct buf sql = BUF_INIT;
	buf_printf(&sql,
			   "SELECT u.%s, u.%s, coalesce((SELECT value #>> '{}' FROM ostov.setting WHERE user_id = u.id AND key = 'language'), u.%s), "
			   "u.%s, ARRAY(SELECT r.%s FROM %s l JOIN %s r ON r.id = l.target WHERE l.record = u.id ORDER BY 1) FROM %s u WHERE u.id = $1",
			   column_of(reg, "login"), column_of(reg, "name"), column_of(reg, "language"), column_of(reg, "active"), code->expr.column,
			   roles->expr.link, reg->role->expr.sql, reg->user->expr.sql);
	const char *text = arena_strndup(a, sql.data, sql.len);
	buf_destroy(&sql);
	struct pg_params params = {0};
	pg_params_int(a, &params, user_id);
	struct pg_rows *rows;
	int r = tx ? pg_tx_run(tx, a, text, &params, &rows, err) : pg_read(pg, PG_LANE_FAST, a, text, &params, &rows, err);
	if (r < 0)
		return -1;
	if (pg_rows_count(rows) == 0)
		return err_tell(err, ERR_NOT_FOUND, SAY_NO_USER);
	*out = (struct actor){.id = user_id};
	const char *login = pg_rows_text(rows, 0, 0), *name = pg_rows_text(rows, 0, 1), *lang = pg_rows_text(rows, 0, 2);
	out->login = arena_strdup(a, login ? login : "");
	out->name = arena_strdup(a, name ? name : "");
	out->lang = !lang ? reg->language : strcmp(lang, "ru") == 0 ? LANG_RU : LANG_EN;
	out->active = pg_rows_bool(rows, 0, 3);
	if (!out->active)
		return err_tell(err, ERR_UNAUTHORIZED, SAY_USER_OFF);
	bool *held = arena_array(a, bool, reg->roles.count + 1);
	struct value codes = pg_rows_value(rows, a, 0, 4);
	for (size_t i = 0; codes.kind == VALUE_LIST && i < codes.list.count; i++) {
		const struct role *role = registry_find_role(reg, codes.list.items[i].text.s);
		if (role)
			role_hold(reg, role, held);
	}
	roles_settle(a, reg, held, out);
	return 0;
}

static void actor_copy(struct arena *a, const struct actor *from, struct actor *to)
{
	*to = *from;
	to->login = arena_strdup(a, from->login);
	to->name = arena_strdup(a, from->name);
	to->roles_key = arena_strdup(a, from->roles_key);
	to->roles = arena_array(a, const struct role *, from->nroles + 1);
	if (from->nroles)
		memcpy(to->roles, from->roles, from->nroles * sizeof *from->roles);
}

static void kept_drop(struct kept *k)
{
	arena_delete(k->arena);
	memset(k, 0, sizeof *k);
}

int actor_get(struct arena *a, struct pg *pg, const struct registry *reg, int64_t user_id, struct actor *out, struct err *err)
{
	struct kept *k = &kept[(uint64_t)user_id % REMEMBERED];
	if (k->arena && k->actor.id == user_id && k->reg == reg && k->generation == reg->generation && clock_monotonic_ms() < k->until_ms) {
		actor_copy(a, &k->actor, out);
		return 0;
	}
	uint64_t asked = clock_monotonic_ms();
	if (actor_load(a, pg, NULL, reg, user_id, out, err) < 0)
		return -1;
	/* the fiber may have waited: the slot is looked at afresh */
	if (k->arena)
		kept_drop(k);
	k->arena = arena_new_sized(1024);
	k->reg = reg;
	k->generation = reg->generation;
	k->until_ms = asked + REMEMBER_MS;
	actor_copy(k->arena, out, &k->actor);
	return 0;
}

void actor_forget(int64_t user_id)
{
	for (size_t i = 0; i < REMEMBERED; i++)
		if (kept[i].arena && (user_id == 0 || kept[i].actor.id == user_id))
			kept_drop(&kept[i]);
}

void actor_system(struct actor *out, enum lang lang)
{
	*out = (struct actor){.login = "", .name = "", .system = true, .active = true, .lang = lang, .roles_key = "*"};
}

bool actor_has_role(const struct actor *actor, const char *role)
{
	for (size_t i = 0; i < actor->nroles; i++)
		if (strcmp(actor->roles[i]->name, role) == 0)
			return true;
	return false;
}

bool actor_has_role_fn(void *actor, const char *role)
{
	return actor_has_role(actor, role);
}
