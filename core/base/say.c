#include "base/say.h"

#include <stdio.h>

#include "base/arena.h"

enum { LANGUAGES = 2 };

static const char *const texts[SAY_COUNT][LANGUAGES] = {
#define SAY_ROW(name, en, ru) [SAY_##name] = {en, ru},
	SAY_TEXTS(SAY_ROW)
#undef SAY_ROW
};

const char *say_format(int lang, enum say_text text)
{
	if (lang < 0 || lang >= LANGUAGES)
		lang = 0;
	return texts[text][lang];
}

char *say_text(struct arena *a, int lang, enum say_text text, ...)
{
	va_list ap;
	va_start(ap, text);
	char *s = arena_vprintf(a, say_format(lang, text), ap);
	va_end(ap);
	return s;
}

int err_say(struct err *err, enum err_code code, int lang, enum say_text text, ...)
{
	if (!err)
		return -1;
	char small[256];
	const char *s = small;
	va_list ap;
	va_start(ap, text);
	if (err->arena)
		s = arena_vprintf(err->arena, say_format(lang, text), ap);
	else
		vsnprintf(small, sizeof small, say_format(lang, text), ap);
	va_end(ap);
	return err_set(err, code, "%s", s);
}
