#include "meta/po.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

enum part { PART_NONE, PART_CONTEXT, PART_ID, PART_PLURAL, PART_STR };

struct entry {
	struct buf context, id, str;
	bool has_context, has_id, has_str, fuzzy;
	int line;
};

struct reader {
	struct arena *arena;
	struct po *po;
	struct po_fault *faults;
	size_t nfaults, max;
	struct entry e;
};

static void fault(struct reader *r, int line, const char *message)
{
	if (r->nfaults < r->max)
		r->faults[r->nfaults++] = (struct po_fault){line, message};
}

static const char *key_of(struct arena *a, const char *context, const char *text)
{
	return arena_printf(a, "%s\004%s", context, text);
}

static void entry_end(struct reader *r)
{
	struct entry *e = &r->e;
	if (e->has_id && !e->has_str)
		fault(r, e->line, "msgid without msgstr");
	if (e->has_id && e->has_str && e->id.len && e->str.len && !e->fuzzy) {
		const char *key = key_of(r->arena, e->has_context && e->context.data ? e->context.data : "", e->id.data);
		if (map_find(&r->po->texts, key))
			fault(r, e->line, "the same msgctxt and msgid stand twice");
		else
			map_put(&r->po->texts, key, arena_strdup(r->arena, e->str.data));
	}
	buf_clear(&e->context);
	buf_clear(&e->id);
	buf_clear(&e->str);
	e->has_context = e->has_id = e->has_str = e->fuzzy = false;
	e->line = 0;
}

/* Appends the content of the quoted text at p; false when it is none. */
static bool quoted_add(struct reader *r, struct buf *to, const char *p, const char *end, int line)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == end || *p != '"') {
		fault(r, line, "a text in double quotes is expected");
		return false;
	}
	for (p++; p < end && *p != '"'; p++) {
		if (*p != '\\') {
			buf_putc(to, *p);
			continue;
		}
		if (++p == end)
			break;
		switch (*p) {
		case 'n': buf_putc(to, '\n'); break;
		case 't': buf_putc(to, '\t'); break;
		case 'r': buf_putc(to, '\r'); break;
		case '"':
		case '\\': buf_putc(to, *p); break;
		default: fault(r, line, "unknown escape"); return false;
		}
	}
	if (p == end) {
		fault(r, line, "the quote is not closed");
		return false;
	}
	for (p++; p < end; p++)
		if (*p != ' ' && *p != '\t' && *p != '\r') {
			fault(r, line, "something stands after the closing quote");
			return false;
		}
	return true;
}

static bool starts(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);
	return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

static enum part line_read(struct reader *r, const char *p, const char *end, int line, enum part part)
{
	struct entry *e = &r->e;
	if (*p == '"') {
		struct buf unused = BUF_INIT;
		struct buf *to = part == PART_CONTEXT ? &e->context : part == PART_ID ? &e->id : part == PART_STR ? &e->str : &unused;
		if (part == PART_NONE)
			fault(r, line, "a text without msgid or msgstr before it");
		quoted_add(r, to, p, end, line);
		buf_destroy(&unused);
		return part;
	}
	if (starts(p, end, "msgctxt")) {
		if (e->has_id || e->has_context)
			entry_end(r);
		e->has_context = true;
		e->line = line;
		quoted_add(r, &e->context, p + 7, end, line);
		return PART_CONTEXT;
	}
	if (starts(p, end, "msgid_plural")) {
		struct buf unused = BUF_INIT;
		quoted_add(r, &unused, p + 12, end, line);
		buf_destroy(&unused);
		return PART_PLURAL;
	}
	if (starts(p, end, "msgid")) {
		if (e->has_id)
			entry_end(r);
		e->has_id = true;
		if (!e->line)
			e->line = line;
		quoted_add(r, &e->id, p + 5, end, line);
		return PART_ID;
	}
	if (starts(p, end, "msgstr[")) {
		bool first = starts(p, end, "msgstr[0]");
		struct buf unused = BUF_INIT;
		const char *close = memchr(p, ']', (size_t)(end - p));
		e->has_str = true;
		if (!close)
			fault(r, line, "msgstr[ is not closed");
		else
			quoted_add(r, first ? &e->str : &unused, close + 1, end, line);
		buf_destroy(&unused);
		return first ? PART_STR : PART_PLURAL;
	}
	if (starts(p, end, "msgstr")) {
		if (!e->has_id || e->has_str)
			fault(r, line, "msgstr without its msgid");
		e->has_str = true;
		quoted_add(r, &e->str, p + 6, end, line);
		return PART_STR;
	}
	fault(r, line, "this line is no part of a PO file");
	return PART_NONE;
}

size_t po_read(struct arena *a, const char *text, size_t len, struct po *out, struct po_fault *faults, size_t max)
{
	struct reader r = {.arena = a, .po = out, .faults = faults, .max = max};
	enum part part = PART_NONE;
	int line = 0;
	map_create(&out->texts, a);
	for (const char *p = text, *all = text + len; p < all;) {
		const char *end = memchr(p, '\n', (size_t)(all - p));
		const char *next = end ? end + 1 : all;
		if (!end)
			end = all;
		line++;
		while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
			p++;
		if (p == end) {
			entry_end(&r);
			part = PART_NONE;
		} else if (*p == '#') {
			if (r.e.has_id && (p + 1 == end || p[1] != '~')) {
				entry_end(&r);
				part = PART_NONE;
			}
			const char *hit = p + 1 < end && p[1] == ',' ? p + 2 : NULL;
			for (; hit && hit + 5 <= end; hit++)
				if (memcmp(hit, "fuzzy", 5) == 0)
					r.e.fuzzy = true;
		} else {
			part = line_read(&r, p, end, line, part);
		}
		p = next;
	}
	entry_end(&r);
	buf_destroy(&r.e.context);
	buf_destroy(&r.e.id);
	buf_destroy(&r.e.str);
	return r.nfaults;
}

const char *po_find(const struct po *po, struct arena *a, const char *context, const char *text)
{
	return map_find(&po->texts, key_of(a, context, text));
}
