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

bool decl_same(const struct decl_value *x, const struct decl_value *y)
{
	if (x->kind != y->kind)
		return false;
	switch (x->kind) {
	case DECL_BOOL: return x->b == y->b;
	case DECL_INT: return x->i == y->i;
	case DECL_NUMBER: return strcmp(x->number, y->number) == 0;
	case DECL_TEXT: return x->text.len == y->text.len && memcmp(x->text.s, y->text.s, x->text.len) == 0;
	case DECL_TABLE:
		if (x->table.count != y->table.count)
			return false;
		for (size_t i = 0; i < x->table.count; i++) {
			const struct decl_pair *p = &x->table.pairs[i], *q = &y->table.pairs[i];
			if (!p->key != !q->key || (p->key && strcmp(p->key, q->key) != 0) || !decl_same(&p->value, &q->value))
				return false;
		}
		return true;
	default: return x->kind == DECL_NIL;
	}
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
