#include "base/say.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

enum { LANGUAGES = 2, ARGS = 8 };

static const char *const texts[SAY_COUNT][LANGUAGES] = {
#define SAY_ROW(name, en, ru) [SAY_##name] = {en, ru},
	SAY_TEXTS(SAY_ROW)
#undef SAY_ROW
};

static const char *const words[][LANGUAGES] = {
#define SAY_WORD(en, ru) {en, ru},
	SAY_WORDS(SAY_WORD)
#undef SAY_WORD
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

/* The next conversion of a format from *p on: its letter and which argument it takes; 0 at the end. *p stands at the percent sign, *end behind the letter. */
static char conversion(const char **p, const char **end, size_t *next, size_t *arg)
{
	while ((*p = strchr(*p, '%'))) {
		const char *at = *p + 1;
		*arg = *next;
		if (*at >= '1' && *at <= '9' && at[1] == '$') {
			*arg = (size_t)(*at - '1');
			at += 2;
		} else if (*at != '%') {
			(*next)++;
		}
		*end = at + (*at != 0);
		if (*at == '%' || *at == 's' || *at == 'w')
			return *at;
		*p = at;
	}
	return 0;
}

static size_t arguments(enum say_text text)
{
	size_t n = 0;
	for (int lang = 0; lang < LANGUAGES; lang++) {
		const char *p = texts[text][lang], *end;
		size_t next = 0, arg;
		for (char c; (c = conversion(&p, &end, &next, &arg)); p = end)
			if (c != '%' && arg + 1 > n)
				n = arg + 1;
	}
	return n < ARGS ? n : ARGS;
}

static void put_word(struct buf *b, int lang, const char *word)
{
	size_t best = 0, entry = 0;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t n = strlen(words[i][0]);
		if (n > best && (words[i][0][n - 1] == ' ' ? strncmp(word, words[i][0], n) == 0 : strcmp(word, words[i][0]) == 0)) {
			best = n;
			entry = i;
		}
	}
	if (best)
		buf_puts(b, words[entry][lang]);
	buf_puts(b, word + best);
}

static void fill(struct buf *b, int lang, enum say_text text, const char *const *args)
{
	const char *from = texts[text][lang], *p = from, *end;
	size_t next = 0, arg;
	for (char c; (c = conversion(&p, &end, &next, &arg)); from = p = end) {
		buf_add(b, from, (size_t)(p - from));
		if (c == '%')
			buf_putc(b, '%');
		else if (arg >= ARGS || !args[arg])
			continue;
		else if (c == 's')
			buf_puts(b, args[arg]);
		else
			put_word(b, lang, args[arg]);
	}
	buf_puts(b, from);
}

/* The sentence in one language, in the err's arena, as a literal when it takes nothing, else in the err's own room (English only). */
static const char *sentence(struct err *err, int lang, enum say_text text, size_t n, const char *const *args)
{
	if (!n || !strchr(texts[text][lang], '%'))
		return texts[text][lang];
	struct buf b = BUF_INIT;
	const char *out = NULL;
	fill(&b, lang, text, args);
	if (err->arena) {
		out = arena_strndup(err->arena, b.data, b.len);
	} else if (lang == 0) {
		snprintf(err->fallback, sizeof err->fallback, "%s", b.data);
		out = err->fallback;
	}
	buf_destroy(&b);
	return out;
}

static size_t collect(enum say_text text, va_list ap, const char **args)
{
	size_t n = arguments(text);
	for (size_t i = 0; i < n; i++)
		args[i] = va_arg(ap, const char *);
	return n;
}

int err_tell(struct err *err, enum err_code code, enum say_text text, ...)
{
	const char *args[ARGS] = {NULL};
	if (!err)
		return -1;
	struct arena *a = err->arena;
	va_list ap;
	va_start(ap, text);
	size_t n = collect(text, ap, args);
	va_end(ap);
	err_init(err, a);
	err->code = code;
	err->message = sentence(err, 0, text, n, args);
	err->message_ru = sentence(err, 1, text, n, args);
	return -1;
}

int err_tell_hint(struct err *err, enum say_text text, ...)
{
	const char *args[ARGS] = {NULL};
	if (!err || !err->arena)
		return -1;
	va_list ap;
	va_start(ap, text);
	size_t n = collect(text, ap, args);
	va_end(ap);
	err->hint = sentence(err, 0, text, n, args);
	err->hint_ru = sentence(err, 1, text, n, args);
	return -1;
}

int err_tell_about(struct err *err, enum say_text text, const struct err *about)
{
	struct err inner = *about;
	const char *en[ARGS] = {err_message(&inner, 0)}, *ru[ARGS] = {err_message(&inner, 1)};
	struct arena *a = err->arena;
	err_init(err, a);
	err->code = inner.code;
	err->target = inner.target;
	err->hint = inner.hint;
	err->hint_ru = inner.hint_ru;
	err->message = sentence(err, 0, text, 1, en);
	err->message_ru = sentence(err, 1, text, 1, ru);
	return -1;
}

const char *say_number(struct arena *a, long long n)
{
	static _Thread_local char digits[24];
	if (a)
		return arena_printf(a, "%lld", n);
	snprintf(digits, sizeof digits, "%lld", n);
	return digits;
}
