#include "base/err.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"

static const struct {
	const char *name;
	int status;
} codes[ERR_CODE_COUNT] = {
#define ERR_ROW(name, text, status, doc) [ERR_##name] = {text, status},
	ERR_CODES(ERR_ROW)
#undef ERR_ROW
};

void err_init(struct err *err, struct arena *a)
{
	memset(err, 0, sizeof *err);
	err->arena = a;
}

static const char *text_make(struct err *err, const char *fmt, va_list ap)
{
	if (err->arena)
		return arena_vprintf(err->arena, fmt, ap);
	vsnprintf(err->fallback, sizeof err->fallback, fmt, ap);
	return err->fallback;
}

int err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	if (!err)
		return -1;
	struct arena *a = err->arena;
	err_init(err, a);
	err->code = code;
	va_list ap;
	va_start(ap, fmt);
	err->message = text_make(err, fmt, ap);
	va_end(ap);
	return -1;
}

int err_hint(struct err *err, const char *fmt, ...)
{
	if (!err || !err->arena)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	err->hint = text_make(err, fmt, ap);
	err->hint_ru = NULL;
	va_end(ap);
	return -1;
}

int err_target(struct err *err, const char *target)
{
	if (err)
		err->target = err->arena && target ? arena_strdup(err->arena, target) : target;
	return -1;
}

int err_place(struct err *err, const char *file, int line, int column)
{
	if (err) {
		err->file = file;
		err->line = line;
		err->column = column;
	}
	return -1;
}

void err_append(struct err *err, const struct err *one)
{
	if (!err)
		return;
	if (err->code == ERR_OK) {
		struct arena *a = err->arena;
		struct err *next = err->next;
		*err = *one;
		if (one->message == one->fallback)
			err->message = err->fallback;
		err->arena = a;
		err->next = next;
		return;
	}
	struct err *copy = arena_new(err->arena, struct err);
	*copy = *one;
	if (one->message == one->fallback)
		copy->message = copy->fallback;
	copy->next = NULL;
	struct err *last = err;
	while (last->next)
		last = last->next;
	last->next = copy;
}

int err_copy(struct err *to, const struct err *from)
{
	for (; to && from; from = from->next) {
		struct err one = *from;
		one.next = NULL;
		if (to->arena) {
			one.arena = to->arena;
			one.message = arena_strdup(to->arena, from->message);
			one.detail = arena_strdup(to->arena, from->detail);
			one.message_ru = arena_strdup(to->arena, from->message_ru);
			one.hint = arena_strdup(to->arena, from->hint);
			one.hint_ru = arena_strdup(to->arena, from->hint_ru);
			one.target = arena_strdup(to->arena, from->target);
			one.file = arena_strdup(to->arena, from->file);
			one.constraint = arena_strdup(to->arena, from->constraint);
			err_append(to, &one);
		} else if (to->code == ERR_OK) {
			/* no room but the err's own: the first sentence alone */
			err_set(to, from->code, "%s", from->message ? from->message : "");
		}
	}
	return -1;
}

const char *err_message(const struct err *err, int lang)
{
	const char *s = lang == 1 && err->message_ru ? err->message_ru : err->message;
	return s ? s : "";
}

const char *err_hint_in(const struct err *err, int lang)
{
	/* a hint in English only belongs to a message that is in English only */
	return lang == 1 && (err->hint_ru || err->message_ru) ? err->hint_ru : err->hint;
}

const char *err_code_name(enum err_code code)
{
	return code < ERR_CODE_COUNT ? codes[code].name : "internal";
}

int err_code_status(enum err_code code)
{
	return code < ERR_CODE_COUNT ? codes[code].status : 500;
}
