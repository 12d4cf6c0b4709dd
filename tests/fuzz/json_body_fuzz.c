/* Any bytes as the body of a write: read as JSON, then as an order's input. What is accepted is written again and read to the same. */
#include <assert.h>
#include <stdint.h>

#include "../unit/shop_fixture.h"
#include "base/text.h"
#include "edge/json.h"
#include "edge/odata_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct registry *reg;
	static const char *const roles[] = {"boss", "clerk"};
	if (!reg)
		reg = shop_registry();
	struct arena *a = arena_new_sized(0);
	struct json *body;
	struct err err;
	char *copy = malloc(size + 1);
	memcpy(copy, data, size);
	copy[size] = '\0';
	err_init(&err, a);
	if (json_read(a, copy, size, &body, &err) == 0) {
		assert(text_valid(copy, size));
		for (int i = 0; i < 4; i++) {
			struct actor actor;
			struct record_input in = {0};
			struct err faults;
			err_init(&faults, a);
			shop_actor(reg, roles[i & 1], &actor);
			if (odata_body_input(a, reg, &actor, registry_find(reg, "order"), body, (enum odata_body_mode)(i % 3), &in, &faults))
				assert(faults.code != ERR_OK && faults.message);
			for (size_t k = 0; k < in.sets.count; k++) {
				struct buf b = BUF_INIT;
				struct json *again;
				struct err ignored;
				err_init(&ignored, a);
				value_json(&b, &in.sets.items[k].value);
				assert(json_read(a, b.data, b.len, &again, &ignored) == 0);
				buf_destroy(&b);
			}
		}
	} else {
		assert(err.code == ERR_SYNTAX || err.code == ERR_TOO_COMPLEX);
	}
	free(copy);
	arena_delete(a);
	return 0;
}
