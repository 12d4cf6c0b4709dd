/* A small configuration in memory with physical names, for tests that need a registry and no database. */
#ifndef OST_SHOP_FIXTURE_H
#define OST_SHOP_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "edge/config_read.h"
#include "edge/lua_load.h"
#include "edge/http_private.h"
#include "edge/odata_url.h"
#include "meta/registry.h"
#include "serve/actor.h"

static const char shop_core[] =
	"section \"user\" { title = \"{name}\", text \"login\" { unique = true }, text \"name\" { search = true }, lookup \"roles\" { to = \"role\", many = true } }\n"
	"section \"role\" { text \"code\" {} } section \"file\" { text \"name\" {}, integer \"size\" {}, text \"media_type\" {}, text \"sha256\" {} }\n"
	"role \"administrator\" {} allow \"administrator\" { on = { \"user\", \"role\", \"file\" }, create = true, read = true }";
static const char shop_text[] =
	"section \"firm\" { title = \"{name}\", text \"name\" { search = true }, text \"secret\" {}, detail \"orders\" { section = \"order\", by = \"firm\" } }\n"
	"section \"order\" { title = \"{number}\", text \"number\" { search = true }, money \"sum\" { min = 0 }, decimal \"weight\" { scale = 3 }, date \"due\" {}, datetime \"seen\" {},\n"
	"  duration \"takes\" {}, boolean \"paid\" {}, integer \"count\" {}, choice \"kind\" { value \"retail\" {}, value \"trade\" {} }, text \"note\" {}, lookup \"firm\" { to = \"firm\" },\n"
	"  lookup \"seller\" { to = \"user\" }, lookup \"watchers\" { to = \"user\", many = true }, file \"scan\" {}, file \"photos\" { many = true },\n"
	"  detail \"lines\" { section = \"line\", by = \"order\", owned = true }, formula \"half\" { type = \"money\", \"sum / 2\" },\n"
	"  stages { stage \"open\" {}, stage \"shut\" { final = true }, move \"close\" { from = \"open\", to = \"shut\" } },\n"
	"  list \"mine\" { columns = { \"number\" }, where = \"seller == me\", sort = { \"-due\" } } }\n"
	"section \"line\" { title = \"{what}\", text \"what\" {}, money \"price\" {}, lookup \"order\" { to = \"order\" } }\n"
	"role \"boss\" {} role \"clerk\" {}\n"
	"allow \"boss\" { on = { \"firm\", \"order\", \"user\" }, create = true, read = true, update = true, delete = true }\n"
	"allow \"clerk\" { on = \"order\", create = true, read = \"seller == me\", update = \"stage == 'open'\", fields = { \"number\", \"sum\", \"due\", \"firm\", \"lines\", \"kind\", \"stage\" } }\n"
	"allow \"clerk\" { on = \"order\", read = \"seller == me and paid\", fields = { \"note\" } }\n"
	"allow \"clerk\" { on = \"firm\", read = \"any(orders, seller == me)\", fields = { \"name\" } }\n";
static const char shop_core_module[] = "module \"core\" { version = \"1.0.0\", core = \"1\", language = \"en\" }";
static const char shop_module[] = "module \"shop\" { version = \"1.0.0\", core = \"1\", language = \"en\" }";

static bool shop_find(void *ctx, const char *kind, const char *path, int64_t *id, const char **physical)
{
	static int64_t serial;
	struct arena *a = ctx;
	const char *dot = strchr(path, '.');
	(void)kind;
	*id = ++serial;
	*physical = dot ? dot + 1 : path;
	if (dot && (strcmp(path, "order.watchers") == 0 || strcmp(path, "order.photos") == 0 || strcmp(path, "user.roles") == 0))
		*physical = arena_printf(a, "%.*s__%s", (int)(dot - path), path, dot + 1);
	return true;
}

static inline struct registry *shop_registry(void)
{
	struct arena *own = arena_new_sized(64 * 1024), *scratch = arena_new_sized(0);
	struct config config = {.name = "shop", .files = arena_array(own, struct config_file, 4), .nfiles = 4};
	struct decls decls = {0};
	struct registry *r = NULL;
	struct err errs;
	config.files[0] = (struct config_file){"core", "module.lua", shop_core_module, sizeof shop_core_module - 1};
	config.files[1] = (struct config_file){"core", "sections/core.lua", shop_core, sizeof shop_core - 1};
	config.files[2] = (struct config_file){"shop", "module.lua", shop_module, sizeof shop_module - 1};
	config.files[3] = (struct config_file){"shop", "sections/shop.lua", shop_text, sizeof shop_text - 1};
	config_read_hash(&config);
	err_init(&errs, scratch);
	struct object_map map = {shop_find, own};
	if (lua_load_config(own, &config, 0, &decls, &errs) || registry_build(own, &config, &decls, &map, &r, &errs)) {
		for (const struct err *e = &errs; e; e = e->next)
			if (!e->warning)
				fprintf(stderr, "%s:%d: %s\n", e->file ? e->file : "", e->line, e->message ? e->message : "");
		abort();
	}
	arena_delete(scratch);
	return r;
}

/* An actor with one role. */
static inline void shop_actor(const struct registry *reg, const char *role, struct actor *out)
{
	static const struct role *roles[2][1];
	bool boss = strcmp(role, "boss") == 0;
	roles[boss][0] = registry_find_role(reg, role);
	*out = (struct actor){.id = 7, .login = "u", .name = "U", .active = true, .lang = LANG_EN, .roles = roles[boss], .nroles = 1, .roles_key = boss ? "boss" : "clerk"};
}

/* A request that has a path and a query and nothing else. */
static inline struct http_request *shop_request(struct arena *a, const char *query)
{
	struct http_request *r = arena_new(a, struct http_request);
	r->arena = a;
	r->method = HTTP_GET;
	r->method_name = "GET";
	r->path = "/api";
	r->query = query;
	r->priv = arena_new(a, struct http_private);
	return r;
}

#endif
