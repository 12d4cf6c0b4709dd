/* Any bytes as a configuration: Lua before a line "--- po", a translation file after it. It loads or is refused with errors that can be shown. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "edge/config_read.h"
#include "edge/config_report.h"
#include "edge/lua_load.h"
#include "meta/registry.h"

static const char core[] = "section \"user\" { text \"login\" { unique = true }, text \"name\" {}, lookup \"roles\" { to = \"role\", many = true } }\n"
						   "section \"role\" { text \"code\" {} } section \"file\" { text \"name\" {} }\n"
						   "role \"administrator\" {} allow \"administrator\" { on = { \"user\", \"role\", \"file\" }, create = true, read = true }";
static const char core_module[] = "module \"core\" { version = \"1.0.0\", core = \"1\", language = \"ru\" }";
static const char module[] = "module \"m\" { version = \"1.0.0\", core = \"1\" }";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char border[] = "\n--- po\n";
	const char *text = (const char *)data, *po = memmem(text, size, border, sizeof border - 1);
	size_t len = po ? (size_t)(po - text) : size;
	struct arena *own = arena_new_sized(64 * 1024), *scratch = arena_new_sized(0);
	struct config config = {.name = "m", .files = arena_array(own, struct config_file, 5)};
	struct decls decls = {0};
	struct registry *r = NULL;
	struct err errs;
	struct buf out = BUF_INIT;

	config.files[0] = (struct config_file){"core", "module.lua", core_module, sizeof core_module - 1};
	config.files[1] = (struct config_file){"core", "sections/core.lua", core, sizeof core - 1};
	config.files[2] = (struct config_file){"m", "module.lua", module, sizeof module - 1};
	config.files[3] = (struct config_file){"m", "sections/a.lua", arena_strndup(own, text, len), len};
	config.nfiles = 4;
	if (po) {
		po += sizeof border - 1;
		len = size - (size_t)(po - text);
		config.files[config.nfiles++] = (struct config_file){"m", "po/ru.po", arena_strndup(own, po, len), len};
	}
	config_read_hash(&config);
	err_init(&errs, scratch);
	int failed = lua_load_config(own, &config, 200000, &decls, &errs);
	failed |= registry_build(own, &config, &decls, NULL, &r, &errs);
	config_report_sort(&config, &errs);
	size_t errors, warnings;
	config_report_count(&errs, &errors, &warnings);
	assert((errors > 0) == (failed != 0));
	config_report_text(&out, &config, &errs);
	buf_clear(&out);
	config_report_json(&out, &errs);
	if (text_valid((const char *)data, size))
		assert(text_valid(out.data, out.len));
	buf_destroy(&out);
	if (r)
		registry_unref(r); /* it owns the arena, even when Lua reported an error */
	else
		arena_delete(own);
	arena_delete(scratch);
	return 0;
}
