/* config_load: what a registry holds besides the definitions themselves; the files of a configuration and their hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fiber.h"
#include "edge/config_load.h"
#include "edge/config_read.h"

static struct arena *a;
static struct config config;
static struct registry *r;

static void file(const char *module, const char *path, const char *text)
{
	config.files[config.nfiles++] = (struct config_file){module, path, text, strlen(text)};
}

static int setup(void **state)
{
	(void)state;
	a = arena_new_sized(0);
	config = (struct config){.name = "top", .files = arena_array(a, struct config_file, 20)};
	r = NULL;
	file("core", "module.lua", "module \"core\" { version = \"1.0.0\", core = \"1\", language = \"ru\" }");
	file("core", "sections/all.lua",
		 "section \"user\" { text \"login\" { unique = true }, text \"name\" {}, lookup \"roles\" { to = \"role\", many = true } }\n"
		 "section \"role\" { text \"code\" {} } section \"file\" { text \"name\" {} }\n"
		 "role \"administrator\" {} allow \"administrator\" { on = { \"user\", \"role\", \"file\" }, create = true, read = true, update = "
		 "true }");
	file("base", "module.lua",
		 "module \"base\" { version = \"1.0.0\", core = \"1\", language = \"ru\", zone = \"Europe/Moscow\", currency = \"EUR\" }");
	file("base", "hooks/b.lua",
		 "on \"bill.before_save\" \"z_first\" (function() end)\non \"bill.before_save\" \"replaced\" (function() end)");
	file("base", "sections/b.lua",
		 "section \"bill\" {\n"
		 "  title = \"{number} of {payer.name}\",\n"
		 "  autonumber \"number\" {}, lookup \"payer\" { to = \"user\", where = \"name ~= record.note\", on_delete = \"clear\" },\n"
		 "  tab \"more\" { text \"note\" { required = \"total > 5\" }, group \"g\" { date \"due\" {} } },\n"
		 "  detail \"lines\" { section = \"line\", by = \"bill\", owned = true },\n"
		 "  rollup \"total\" { \"sum(lines, amount, paid == nil or not paid)\" },\n"
		 "  rollup \"late\" { \"count(lines, due < today())\" },\n"
		 "  formula \"twice\" { type = \"money\", \"total * 2\" },\n"
		 "  integer \"old_name\" { fill = \"year(due)\" },\n"
		 "}\n"
		 "section \"line\" { lookup \"bill\" { to = \"bill\" }, money \"amount\" {}, boolean \"paid\" {}, date \"due\" {} }\n"
		 "allow \"administrator\" { on = \"bill\", create = true, read = \"payer == me\", update = true, fields = { \"note\", \"lines\" } "
		 "}");
	file("top", "module.lua",
		 "module \"top\" { version = \"1.0.0\", core = \"1\", language = \"ru\", depends = { base = \"1\" }, zone = \"Asia/Omsk\" }");
	file("top", "hooks/b.lua",
		 "on \"bill.before_save\" \"a_second\" (function() end)\non \"bill.before_save\" \"replaced\" (function() end)\non "
		 "\"bill.created\" \"x\" (function() end)");
	file("top", "sample/b.lua", "data \"user\" { key = \"login\", { login = \"x\" } }");
	file("top", "sections/b.lua", "extend \"bill\" { change \"note\" { label = \"N\" }, text \"extra\" { after = \"number\" } }");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	registry_unref(r);
	arena_delete(a);
	return 0;
}

static void load(const struct object_map *map)
{
	struct err errs;
	err_init(&errs, a);
	config_read_hash(&config);
	if (config_load_generation(&config, map, &r, &errs) != 0)
		for (const struct err *e = &errs; e; e = e->next)
			print_error("%s:%d: %s\n", e->file, e->line, e->message);
	assert_non_null(r);
	/* the registry stands alone */
	for (size_t i = 0; i < config.nfiles; i++)
		assert_ptr_not_equal(r->config->files[i].bytes, config.files[i].bytes);
}

static bool among(struct field *const *fields, size_t n, const struct field *f)
{
	for (size_t i = 0; i < n; i++)
		if (fields[i] == f)
			return true;
	return false;
}

static void links_and_flags(void **state)
{
	(void)state;
	load(NULL);
	struct section *bill = registry_find(r, "bill"), *line = registry_find(r, "line");
	struct field *payer = section_find(bill, "payer"), *total = section_find(bill, "total"), *late = section_find(bill, "late"),
				 *lines = section_find(bill, "lines");
	assert_ptr_equal(payer->to, r->user);
	assert_true(among(r->user->referrers, r->user->nreferrers, payer));
	assert_ptr_equal(lines->by, section_find(line, "bill"));
	assert_ptr_equal(lines->expr.by, &lines->by->expr);
	assert_ptr_equal(line->owner, lines->by);
	assert_ptr_equal(line->owner_detail, lines);
	/* the cascade names note, the rule total, the fill due */
	assert_true(section_find(bill, "note")->live);
	assert_true(total->live);
	assert_true(section_find(bill, "due")->live);
	assert_false(payer->live);
	assert_false(section_find(bill, "number")->live);
	/* a sum of money is money; what depends on the clock is not stored */
	assert_int_equal(total->value_type, FIELD_MONEY);
	assert_true(total->stored);
	assert_string_equal(field_sql_type(a, total), "numeric(18,2)");
	assert_int_equal(late->value_type, FIELD_INTEGER);
	assert_false(late->stored);
	assert_int_equal(late->expr.storage, EXPR_FORMULA);
	static const char *const read[] = {"amount", "paid", "bill"};
	for (size_t i = 0; i < 3; i++) {
		struct field *f = section_find(line, read[i]);
		assert_true(among(f->rollups, f->nrollups, total));
		assert_false(among(f->rollups, f->nrollups, late));
	}
	assert_int_equal(section_find(line, "due")->nrollups, 0);
	assert_non_null(section_find(bill, "twice")->expr.formula);
	assert_non_null(bill->title.expr);
	assert_int_equal(expr_type_of(bill->title.expr)->kind, EXPR_TEXT);
	assert_string_equal(field_property(a, payer), "payer_id");
	assert_string_equal(field_property(a, section_find(r->user, "roles")), "roles_ids");
}

static void modules_and_order(void **state)
{
	(void)state;
	load(NULL);
	struct section *bill = registry_find(r, "bill");
	assert_int_equal(r->nmodules, 3);
	assert_string_equal(r->modules[0]->name, "core");
	assert_string_equal(r->modules[2]->name, "top");
	assert_string_equal(r->zone, "Asia/Omsk");
	assert_string_equal(r->currency, "EUR");
	assert_int_equal(r->week, 0x1f);
	assert_ptr_equal(section_find(bill, "extra")->module, r->modules[2]);
	assert_string_equal(label_get(&section_find(bill, "note")->label, LANG_RU), "N");
	/* what stands outside tabs comes first; `after` puts a field behind another */
	assert_string_equal(bill->layout->items[0]->name, "number");
	assert_string_equal(bill->layout->items[1]->name, "extra");
	assert_string_equal(bill->layout->items[bill->layout->nitems - 1]->name, "more");
	assert_int_equal(bill->layout->items[bill->layout->nitems - 1]->items[1]->kind, LAYOUT_GROUP);
	for (size_t i = 0; i < bill->nfields; i++)
		assert_int_equal(bill->fields[i]->pos, i);
	/* by module, then name; one of the same name is replaced and takes the later module's turn */
	static const char *const names[] = {"z_first", "a_second", "replaced", "x"};
	static const int functions[] = {0, 0, 1, 2};
	assert_int_equal(r->nhooks, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(r->hooks[i]->name, names[i]);
		assert_int_equal(r->hooks[i]->function, functions[i]);
	}
	assert_string_equal(r->hooks[2]->module->name, "top");
	assert_int_equal(r->ndata, 1);
	assert_true(r->data[0]->sample);
	assert_int_equal(r->ngrants, 4);
}

static bool map_find_one(void *ctx, const char *kind, const char *path, int64_t *id, const char **physical)
{
	(void)ctx;
	if (strcmp(kind, "section") == 0 && strcmp(path, "bill") == 0) {
		*id = 7;
		*physical = "bill_2";
		return true;
	}
	if (strcmp(kind, "field") == 0 && strcmp(path, "bill.old_name") == 0) {
		*id = 8;
		*physical = "Older \"name\"";
		return true;
	}
	return false;
}

static void physical_names(void **state)
{
	(void)state;
	struct object_map map = {map_find_one, NULL};
	load(&map);
	struct section *bill = registry_find(r, "bill");
	assert_string_equal(bill->table, "bill_2");
	assert_string_equal(bill->expr.sql, "\"app\".\"bill_2\"");
	assert_int_equal(bill->id, 7);
	assert_string_equal(section_find(bill, "old_name")->expr.column, "\"Older \"\"name\"\"\"");
	assert_int_equal(section_find(bill, "old_name")->id, 8);
	assert_string_equal(section_find(bill, "note")->expr.column, "\"note\"");
	assert_null(registry_find(r, "line")->table);
}

static bool map_find_task(void *ctx, const char *kind, const char *path, int64_t *id, const char **physical)
{
	static const char *const paths[] = {"bill.open.call", "bill.open.copy", "bill.open.post", "bill.shut.look"};
	(void)ctx;
	*physical = NULL;
	for (size_t i = 0; i < 4; i++)
		if (strcmp(kind, "task") == 0 && strcmp(path, paths[i]) == 0) {
			*id = 20 + (int64_t)i;
			return true;
		}
	return false;
}

static void checklists(void **state)
{
	(void)state;
	struct object_map map = {map_find_task, NULL};
	file("base", "sections/c.lua",
		 "extend \"bill\" { stages {\n"
		 "  stage \"open\" { task \"call\" { who = \"payer\" }, task \"copy\" { label = \"Copy of {number}\", who = "
		 "\"role('administrator')\" } },\n"
		 "  stage \"shut\" { final = true, task \"look\" { was = \"see\" } },\n"
		 "  move \"close\" { from = \"open\", to = \"shut\" },\n"
		 "} }");
	file("top", "sections/c.lua", "extend \"bill\" { stages { change \"open\" { task \"post\" {}, task \"call\" { required = true } } } }");
	load(&map);
	struct section *bill = registry_find(r, "bill");
	struct stage *open = section_find_stage(bill, "open"), *shut = section_find_stage(bill, "shut");
	/* in the order of declaration; another module's come last, and what it sets of one that is there holds */
	assert_int_equal(bill->ntasks, 4);
	assert_int_equal(open->ntasks, 3);
	static const char *const names[] = {"call", "copy", "post"};
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(open->tasks[i]->name, names[i]);
		assert_int_equal(open->tasks[i]->id, 20 + (int)i);
		assert_ptr_equal(open->tasks[i]->stage, open);
		assert_ptr_equal(section_find_task(bill, 20 + (int64_t)i), open->tasks[i]);
	}
	assert_true(open->tasks[0]->required);
	assert_false(open->tasks[1]->required);
	assert_int_equal(expr_type_of(open->tasks[0]->who.expr)->kind, EXPR_RECORD);
	assert_int_equal(expr_type_of(open->tasks[1]->who.expr)->kind, EXPR_RECORDS);
	assert_null(open->tasks[2]->who.text);
	assert_null(open->tasks[0]->titles[LANG_EN].expr);
	assert_int_equal(expr_type_of(open->tasks[1]->titles[LANG_EN].expr)->kind, EXPR_TEXT);
	assert_string_equal(shut->tasks[0]->was, "see");
	assert_null(section_find_task(bill, 30));
}

static void json_and_hash(void **state)
{
	(void)state;
	struct config back;
	struct buf json = BUF_INIT;
	struct err err;
	err_init(&err, a);
	file("top", "views/\"odd\".lua", "-- Кириллица \t \"quotes\" \\ and \x01\n");
	config_read_hash(&config);
	config_read_to_json(&json, &config);
	assert_int_equal(config_read_from_json(a, json.data, json.len, &back, &err), 0);
	assert_string_equal(back.name, "top");
	assert_int_equal(back.nfiles, config.nfiles);
	assert_string_equal(back.hash, config.hash);
	assert_int_equal(strlen(back.hash), 64);
	for (size_t i = 0; i < back.nfiles; i++)
		assert_string_equal(back.files[i].bytes, config.files[i].bytes);
	/* a name, a byte, a border between them: each makes another hash */
	struct config other = config;
	other.files = arena_grow(a, config.files, config.nfiles * sizeof *config.files, config.nfiles * sizeof *config.files);
	other.files[3].path = "hooks/c.lua";
	config_read_hash(&other);
	assert_string_not_equal(other.hash, config.hash);
	static const char *const bad[] = {
		"", "{}", "[]", "[1]", "[{\"module\":\"m\"}]", "[{\"module\":\"m\",\"path\":\"p\",\"text\":5}]", "[{\"module\":"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		err_init(&err, a);
		assert_int_equal(config_read_from_json(a, bad[i], strlen(bad[i]), &back, &err), -1);
		assert_int_equal(err.code, ERR_CONFIG);
	}
	buf_destroy(&json);
}

static void the_same_every_time(void **state)
{
	(void)state;
	const char *text = "local t = {}\nfor i = 1, 200 do t[\"k\" .. i % 37 .. \"_\" .. i] = i end\nlocal f = {}\nfor k, v in pairs(t) do "
					   "f[#f + 1] = integer(k) { default = v } end\n"
					   "local s = { \"c\", \"a\", \"b\" } for i = 1, 150 do s[#s + 1] = \"x\" .. i % 7 end\ntable.sort(s)\nfor i = 1, 3 do "
					   "f[#f + 1] = text(s[i]) {} end\n"
					   "section \"many\" (f)\nallow \"administrator\" { on = \"many\", read = true }";
	const char *first = NULL;
	file("top", "sections/many.lua", text);
	for (int turn = 0; turn < 5; turn++) {
		struct buf names = BUF_INIT;
		load(NULL);
		struct section *many = registry_find(r, "many");
		for (size_t i = 0; i < many->nfields; i++)
			buf_printf(&names, "%s ", many->fields[i]->expr.name);
		if (!first)
			first = arena_strdup(a, names.data);
		assert_string_equal(names.data, first);
		assert_non_null(strstr(first, "k0_111 k0_148 k0_185 k0_37 k0_74 k10_10 "));
		assert_non_null(strstr(first, "a b c "));
		buf_destroy(&names);
		registry_unref(r);
		r = NULL;
	}
}

/* Reads every text and tree that hangs on a definition: under a sanitizer nothing of the build's scratch may be among them. */
static size_t touched;

static void touch(const char *text)
{
	if (text)
		touched += strlen(text);
}

static void touch_label(const struct label *l)
{
	touch(l->text[LANG_EN]);
	touch(l->text[LANG_RU]);
}

static void touch_expr(const struct expr *e)
{
	struct buf b = BUF_INIT;
	if (!e)
		return;
	expr_print(&b, e);
	touch(b.data);
	assert_int_not_equal(expr_type_of(e)->kind, EXPR_ANY);
	buf_destroy(&b);
}

static void touch_rule(const struct rule *rule)
{
	touch(rule->text);
	touch(rule->place.file);
	touch(rule->place.module);
	touch_expr(rule->expr);
	/* what was given is decided or typed */
	assert_true(!rule->set || rule->constant || rule->expr);
}

static void touch_formula(const struct formula *f)
{
	touch(f->text);
	touch_expr(f->expr);
	assert_true(!f->text || f->expr);
}

static void touch_value(const struct decl_value *v)
{
	if (v->kind == DECL_TEXT)
		touch(v->text.s);
	else if (v->kind == DECL_NUMBER)
		touch(v->number);
	else if (v->kind == DECL_TABLE)
		for (size_t i = 0; i < v->table.count; i++) {
			touch(v->table.pairs[i].key);
			touch_value(&v->table.pairs[i].value);
		}
}

static void touch_layout(const struct layout *l)
{
	touch(l->name);
	touch_label(&l->label);
	for (size_t i = 0; i < l->nitems; i++)
		touch_layout(l->items[i]);
}

static void touch_field(struct field *f)
{
	struct buf b = BUF_INIT;
	touch(f->expr.name);
	touch(f->expr.column);
	touch(f->expr.link);
	touch(f->was);
	touch(f->min);
	touch(f->max);
	touch(f->pattern);
	touch(f->at);
	touch(f->currency);
	touch(f->place.file);
	touch_label(&f->label);
	touch_label(&f->help);
	touch_label(&f->message);
	for (size_t i = 0; i < f->expr.type.nvalues; i++)
		touch(f->expr.type.values[i]);
	for (size_t i = 0; i < f->nvalues; i++) {
		touch(f->values[i].code);
		touch(f->values[i].colour);
		touch_label(&f->values[i].label);
	}
	if (f->has_default)
		value_json(&b, &f->default_value);
	buf_destroy(&b);
	touch_rule(&f->required);
	touch_rule(&f->readonly);
	touch_rule(&f->hidden);
	touch_rule(&f->check);
	touch_rule(&f->where);
	touch_formula(&f->initial);
	touch_formula(&f->fill);
	touch_formula(&f->formula);
	touch_formula(&f->rollup);
	touch(field_property(a, f));
	touch(field_sql_type(a, f));
	for (size_t i = 0; i < f->nrollups; i++)
		touch(f->rollups[i]->expr.name);
}

static void touch_section(struct section *s)
{
	touch(s->expr.name);
	touch(s->expr.sql);
	touch(s->table);
	touch(s->module->name);
	touch_label(&s->label);
	touch_label(&s->plural);
	touch(s->title.text);
	touch_expr(s->title.expr);
	assert_non_null(s->title.expr);
	touch_rule(&s->check);
	for (size_t i = 0; i < s->nfields; i++)
		touch_field(s->fields[i]);
	touch_layout(s->layout);
	for (size_t i = 0; i < s->npaths; i++) {
		touch(s->paths[i]->name);
		touch_label(&s->paths[i]->label);
		touch_rule(&s->paths[i]->when);
	}
	for (size_t i = 0; i < s->stages.count; i++) {
		const struct stage *st = s->stages.items[i].value;
		touch(st->name);
		touch_label(&st->label);
	}
	for (size_t i = 0; i < s->moves.count; i++) {
		const struct move *m = s->moves.items[i].value;
		touch(m->to->name);
		touch_label(&m->label);
		touch_label(&m->message);
		touch_rule(&m->allow);
		touch_rule(&m->when);
	}
	for (size_t i = 0; i < s->nlists; i++) {
		touch_label(&s->lists[i]->label);
		touch_rule(&s->lists[i]->where);
		for (size_t k = 0; k < s->lists[i]->ncolumns; k++)
			touch(s->lists[i]->columns[k].path);
		for (size_t k = 0; k < s->lists[i]->nsort; k++)
			touch(s->lists[i]->sort[k]);
	}
}

static void the_shipped_one_stands_alone(void **state)
{
	(void)state;
	const char *src = getenv("OSTOV_SRCDIR");
	struct err errs;
	err_init(&errs, a);
	src = src ? src : ".";
	assert_int_equal(config_load_dir(a, arena_printf(a, "%s/configs/hotel-contracts", src), arena_printf(a, "%s/lua", src),
									 arena_printf(a, "%s/modules", src), NULL, &r, &errs),
					 0);
	arena_reset(a);
	for (size_t i = 0; i < r->nsections; i++)
		touch_section(r->sections[i]);
	for (size_t i = 0; i < r->ngrants; i++)
		for (int k = 0; k < GRANT_ACTIONS; k++)
			touch_rule(&r->grants[i]->on[k]);
	for (size_t i = 0; i < r->roles.count; i++)
		touch_label(&((struct role *)r->roles.items[i].value)->label);
	for (size_t i = 0; i < r->nhooks; i++) {
		touch(r->hooks[i]->name);
		touch(r->hooks[i]->place.file);
	}
	for (size_t i = 0; i < r->ndata; i++) {
		touch(r->data[i]->key);
		touch_value(&r->data[i]->rows);
	}
	for (size_t i = 0; i < r->nimports; i++) {
		touch_label(&r->imports[i]->label);
		for (size_t k = 0; k < r->imports[i]->ncolumns; k++) {
			touch(r->imports[i]->columns[k].source);
			touch(r->imports[i]->columns[k].strip);
		}
	}
	for (size_t i = 0; i < r->nmodules; i++)
		touch_label(&r->modules[i]->label);
	touch(r->zone);
	touch(r->currency);
	touch(r->hash);
	assert_true(touched > 20000);
	assert_true(arena_used(r->arena) < 4 * 1024 * 1024);
}

/* A worker loads in a fiber: what nests deep in Lua must end before its stack does. */
static void load_deep(void *arg)
{
	(void)arg;
	static const char *const openings[] = {"{", "(",  "not ",      "-",  "function() return ",
										   "#", "2^", "\"a\" .. ", "f{", "function() local x = {"};
	for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
		struct buf text = BUF_INIT;
		struct err errs;
		err_init(&errs, a);
		buf_puts(&text, "local x = ");
		for (int k = 0; k < 20000; k++)
			buf_puts(&text, openings[i]);
		config.files[config.nfiles - 1] = (struct config_file){"top", "sections/deep.lua", text.data, text.len};
		assert_int_equal(config_load_generation(&config, NULL, &r, &errs), -1);
		buf_destroy(&text);
	}
	static const char *const running[] = {
		"local function f(n) return pcall(f, n + 1) end f(1)",
		"local function f(a, b) table.sort({ 1, 2, 3 }, function() f() return true end) end f()",
		"local t = {} for i = 1, 100000 do t = { t } end section \"a\" { label = t }",
		"section \"a\" { text \"x\" { required = \"((((((((((((((((((((((((((((((((((((((((((((((((x\" } }",
	};
	for (size_t i = 0; i < sizeof running / sizeof *running; i++) {
		struct err errs;
		err_init(&errs, a);
		config.files[config.nfiles - 1] = (struct config_file){"top", "sections/deep.lua", running[i], strlen(running[i])};
		int failed = config_load_generation(&config, NULL, &r, &errs);
		assert_int_equal(failed, i < 2 ? failed : -1); /* what a pcall or a sort catches may load */
		if (!failed)
			registry_unref(r);
		r = NULL;
	}
}

static void within_a_fiber(void **state)
{
	(void)state;
	fiber_setup(uv_default_loop());
	file("top", "sections/deep.lua", "");
	fiber_run(load_deep, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_and_flags, setup, teardown),
		cmocka_unit_test_setup_teardown(modules_and_order, setup, teardown),
		cmocka_unit_test_setup_teardown(physical_names, setup, teardown),
		cmocka_unit_test_setup_teardown(checklists, setup, teardown),
		cmocka_unit_test_setup_teardown(json_and_hash, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_every_time, setup, teardown),
		cmocka_unit_test_setup_teardown(the_shipped_one_stands_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(within_a_fiber, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
