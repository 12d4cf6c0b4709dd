/* Any bytes as an address below /api: "path?query", through the guard, the plan and its SQL, for a user who sees all and one who sees little. */
#include <assert.h>
#include <stdint.h>

#include "../unit/shop_fixture.h"
#include "base/text.h"
#include "edge/http_guard.h"
#include "edge/odata_shape.h"
#include "serve/plan_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one(const struct registry *reg, const char *role, const char *raw)
{
	struct arena *a = arena_new_sized(0);
	struct actor actor;
	struct err err;
	const char *path, *query;
	struct odata_address address;
	err_init(&err, a);
	shop_actor(reg, role, &actor);
	if (http_guard_target(a, raw, &path, &query, &err) == 0 && odata_address_parse(a, reg, &actor, path, &address, &err) == 0 &&
		address.section) {
		struct http_request *r = shop_request(a, query);
		struct plan *p;
		struct plan_query *q;
		struct odata_options options;
		struct odata_shape shape;
		if (plan_create(a, reg, &actor, address.section, &p, &err) == 0 && odata_options_parse(r, p, &options, &err) == 0 &&
			plan_compile(p, &q, &err) == 0) {
			struct pg_sql count;
			assert(text_valid(q->text, strlen(q->text)));
			/* a clerk's statement never touches the column that no grant names */
			assert(strcmp(role, "clerk") != 0 || !strstr(q->text, "secret"));
			if (plan_compile_count(p, options.count_bound, &count, &err) == 0)
				pg_sql_finish(&count);
			/* with its literals taken out it is the same statement */
			struct plan *again;
			struct plan_query *same;
			odata_shape_read(r, &shape);
			assert(plan_create(a, reg, &actor, address.section, &again, &err) == 0 &&
				   odata_options_parse_shape(r, again, &shape, &options, &err) == 0);
			assert(plan_compile(again, &same, &err) == 0 && strcmp(same->text, q->text) == 0);
		} else {
			assert(err.code != ERR_OK && err.message);
		}
	}
	arena_delete(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct registry *reg;
	if (!reg)
		reg = shop_registry();
	if (size > 16384)
		return 0;
	char *raw = malloc(size + 2);
	raw[0] = '/';
	memcpy(raw + 1, data, size);
	raw[size + 1] = '\0';
	one(reg, "boss", raw);
	one(reg, "clerk", raw);
	free(raw);
	return 0;
}
