/* po: reads a translation file (gettext's PO format): context and English text → translation.
 *
 * Strict: what is not understood is an error with its line. Fuzzy and obsolete entries are passed over. Texts live in the arena given.
 * Not here: plural forms of sentences (base/say), which definitions ask for what (label.c). */
#ifndef OST_META_PO_H
#define OST_META_PO_H

#include <stddef.h>

#include "base/map.h"

struct arena;

struct po {
	struct map texts; /* "context\004msgid" → translation */
};

/* What is wrong with a file. */
struct po_fault {
	int line;
	const char *message;
};

/* Reads the text; returns the number of faults written to faults[0..max). */
size_t po_read(struct arena *a, const char *text, size_t len, struct po *out, struct po_fault *faults, size_t max);
/* The translation of the text in the context, or NULL. */
const char *po_find(const struct po *po, struct arena *a, const char *context, const char *text);

#endif
