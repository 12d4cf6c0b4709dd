#include "meta/decl.h"

#include <string.h>

#include "base/arena.h"

const struct decl_value *decl_option(const struct decl *d, const char *key)
{
	for (size_t i = 0; i < d->noptions; i++)
		if (d->options[i].key && strcmp(d->options[i].key, key) == 0)
			return &d->options[i].value;
	return NULL;
}

const struct decl_value *decl_position(const struct decl *d, size_t n)
{
	for (size_t i = 0; i < d->noptions; i++)
		if (!d->options[i].key && n-- == 0)
			return &d->options[i].value;
	return NULL;
}

const char *config_path(struct arena *a, const struct config *config, const char *module, const char *path)
{
	if (!module || (config->name && strcmp(module, config->name) == 0))
		return arena_strdup(a, path);
	return arena_printf(a, "%s/%s", module, path);
}

const struct config_file *config_file_find(const struct config *config, const char *module, const char *path)
{
	for (size_t i = 0; i < config->nfiles; i++)
		if (strcmp(config->files[i].path, path) == 0 && strcmp(config->files[i].module, module) == 0)
			return &config->files[i];
	return NULL;
}
