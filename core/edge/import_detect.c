#include "edge/import_detect.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/decimal.h"
#include "base/err.h"
#include "base/say.h"
#include "base/text.h"

enum { SNIFF_BYTES = 256 * 1024, SNIFF_ROWS = 60, DETECT_BYTES = 64 * 1024 };

/* Which of the encodings that Russian files really have; anything else the detector names is a mistake over short text. */
static const char *guess_encoding(const char *bytes, size_t len)
{
	static const char *const plausible[] = {"windows-1251", "KOI8-R", "IBM866", "ISO-8859-5"};
	/* only UTF-16 has zero bytes, and every file of rows has ASCII signs in it */
	size_t zeros[2] = {0, 0};
	for (size_t i = 0; i < len && i < DETECT_BYTES; i++)
		zeros[i % 2] += bytes[i] == 0;
	if (zeros[0] || zeros[1])
		return zeros[0] > zeros[1] ? "UTF-16BE" : "UTF-16LE";
	UErrorCode status = U_ZERO_ERROR;
	UCharsetDetector *detector = ucsdet_open(&status);
	const char *best = "windows-1251";
	int32_t n = 0;
	if (U_FAILURE(status))
		return best;
	ucsdet_setText(detector, bytes, (int32_t)(len < DETECT_BYTES ? len : DETECT_BYTES), &status);
	const UCharsetMatch **found = ucsdet_detectAll(detector, &n, &status);
	for (int32_t i = 0; U_SUCCESS(status) && i < n; i++) {
		const char *name = ucsdet_getName(found[i], &status);
		for (size_t k = 0; name && k < sizeof plausible / sizeof *plausible; k++)
			if (strcmp(name, plausible[k]) == 0) {
				best = plausible[k];
				goto out;
			}
	}
out:
	ucsdet_close(detector);
	return best;
}

int import_decode(struct arena *a, const char *bytes, size_t len, const char *encoding, struct buf *out, const char **found,
				  struct err *err)
{
	UErrorCode status = U_ZERO_ERROR;
	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 && (!encoding || strcmp(encoding, "UTF-8") == 0)) {
		bytes += 3;
		len -= 3;
		encoding = "UTF-8";
	} else if (!encoding && len >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0)) {
		encoding = "UTF-16";
	} else if (!encoding) {
		encoding = text_valid(bytes, len) ? "UTF-8" : guess_encoding(bytes, len);
	}
	*found = arena_strdup(a, encoding);
	if (strcmp(encoding, "UTF-8") == 0) {
		if (!text_valid(bytes, len))
			return err_tell(err, ERR_UNPROCESSABLE, SAY_FILE_UTF8);
		buf_add(out, bytes, len);
		return 0;
	}
	UConverter *from = ucnv_open(encoding, &status), *to = ucnv_open("UTF-8", &status);
	if (U_FAILURE(status)) {
		ucnv_close(from);
		ucnv_close(to);
		err_tell(err, ERR_INVALID, SAY_NO_ENCODING, encoding);
		return err_target(err, "encoding");
	}
	ucnv_setToUCallBack(from, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
	UChar pivot[1024], *pivot_source = pivot, *pivot_target = pivot;
	const char *source = bytes;
	bool first = true;
	do {
		enum { STEP = 64 * 1024 };
		char *target = buf_room(out, STEP), *begin = target;
		status = U_ZERO_ERROR;
		ucnv_convertEx(to, from, &target, begin + STEP, &source, bytes + len, pivot, &pivot_source, &pivot_target, pivot + 1024, first,
					   true, &status);
		out->len += (size_t)(target - begin);
		out->data[out->len] = 0;
		first = false;
	} while (status == U_BUFFER_OVERFLOW_ERROR);
	ucnv_close(from);
	ucnv_close(to);
	if (U_FAILURE(status) || memchr(out->data ? out->data : "", 0, out->len))
		return err_tell(err, ERR_UNPROCESSABLE, SAY_FILE_ENCODING, encoding, say_number(a, source - bytes));
	return 0;
}

struct csv_format import_sniff_csv(const char *text, size_t len)
{
	static const char separators[] = ";,\t|";
	struct csv_format best = {',', CSV_DOUBLED};
	long best_score = -1;
	struct csv_reader *r = malloc(sizeof *r);
	if (!r)
		abort();
	if (len > SNIFF_BYTES)
		len = SNIFF_BYTES;
	for (int quote = CSV_DOUBLED; quote <= CSV_BACKSLASH; quote++)
		for (const char *s = separators; *s; s++) {
			struct csv_format format = {*s, (enum csv_quote)quote};
			struct err err;
			size_t columns = 0, counts[SNIFF_ROWS];
			long same = 0, rows = 0;
			int more;
			err_init(&err, NULL);
			csv_create(r, text, len, format);
			while (rows < SNIFF_ROWS && (more = csv_next(r, &err)) != 0) {
				if (more < 0)
					break; /* the sample may be cut within a quote */
				counts[rows++] = r->ncells;
			}
			/* above the rows there may be a title, so the first one need not show how many there are */
			for (long i = 0; i < rows; i++) {
				long alike = 0;
				for (long k = 0; k < rows; k++)
					alike += counts[k] == counts[i];
				if (counts[i] > 1 && alike > same) {
					same = alike;
					columns = counts[i];
				}
			}
			/* many columns that all rows share; a wrong quote style shifts the counts */
			long score = columns > 1 ? same * 1000 / (rows ? rows : 1) * 10 + (long)(columns < 100 ? columns : 100) : 0;
			if (score > best_score) {
				best_score = score;
				best = format;
			}
			csv_destroy(r);
		}
	/* a backslash before a quote where both styles count alike */
	if (best.quote == CSV_DOUBLED) {
		size_t escaped = 0, doubled = 0;
		for (size_t i = 0; i + 1 < len; i++) {
			escaped += text[i] == '\\' && text[i + 1] == '"';
			doubled += text[i] == '"' && text[i + 1] == '"' && i > 0 && text[i - 1] != best.separator && text[i - 1] != '\n';
		}
		if (escaped > doubled)
			best.quote = CSV_BACKSLASH;
	}
	free(r);
	return best;
}

/* Blanks of every kind at the ends; U+00A0 and U+202F are two and three bytes. */
static void trim(const char **text, size_t *len)
{
	for (;;) {
		if (*len && isspace((unsigned char)**text)) {
			(*text)++;
			(*len)--;
		} else if (*len >= 2 && memcmp(*text, "\xc2\xa0", 2) == 0) {
			*text += 2;
			*len -= 2;
		} else {
			break;
		}
	}
	for (;;) {
		if (*len && isspace((unsigned char)(*text)[*len - 1]))
			(*len)--;
		else if (*len >= 2 && memcmp(*text + *len - 2, "\xc2\xa0", 2) == 0)
			*len -= 2;
		else
			break;
	}
}

/* Three numbers with one kind of separator: 04.09.2017, 2017-09-04, 4/9/2017; what stands behind (a time) is left. */
static bool date_parts(const char *text, size_t len, int part[3], int digits[3], size_t *used)
{
	size_t i = 0;
	char sep = 0;
	for (int k = 0; k < 3; k++) {
		part[k] = digits[k] = 0;
		while (i < len && isdigit((unsigned char)text[i]) && digits[k] < 4) {
			part[k] = part[k] * 10 + (text[i++] - '0');
			digits[k]++;
		}
		if (!digits[k])
			return false;
		if (k == 2)
			break;
		if (i >= len || !strchr("./-", text[i]) || (sep && text[i] != sep))
			return false;
		sep = text[i++];
	}
	*used = i;
	return i == len || text[i] == ' ' || text[i] == 'T' || text[i] == ',' || (unsigned char)text[i] >= 0x80;
}

void import_vote(struct import_votes *v, const char *text, size_t len)
{
	int part[3], digits[3];
	size_t used;
	trim(&text, &len);
	if (date_parts(text, len, part, digits, &used)) {
		if (digits[0] == 4)
			v->ymd++;
		else if (part[0] > 12)
			v->dmy++;
		else if (part[1] > 12)
			v->mdy++;
		return;
	}
	size_t commas = 0, dots = 0, last_comma = 0, last_dot = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == ',') {
			commas++;
			last_comma = i;
		} else if (text[i] == '.') {
			dots++;
			last_dot = i;
		} else if (!isdigit((unsigned char)text[i]) && text[i] != '-' && text[i] != ' ' && (unsigned char)text[i] < 0x80) {
			return;
		}
	}
	if (commas && dots)
		*(last_comma > last_dot ? &v->comma : &v->dot) += 3;
	else if (commas == 1)
		v->comma += len - last_comma != 4; /* 1,234 may be either */
	else if (dots == 1)
		v->dot += len - last_dot != 4;
}

void import_decide(const struct import_votes *v, struct import_format *out)
{
	/* where commas part the cells nobody writes them within numbers, unless some cell shows it */
	out->decimal = v->dot > v->comma || (v->dot == v->comma && out->csv.separator == ',') ? '.' : ',';
	out->date = v->ymd > v->dmy + v->mdy ? IMPORT_DATE_YMD : v->mdy > v->dmy ? IMPORT_DATE_MDY : IMPORT_DATE_DMY;
}

/* A blank that groups digits: its bytes, 0 when it is none. */
static size_t blank_at(const char *text, size_t len)
{
	if (*text == ' ' || *text == '\'')
		return 1;
	if (len >= 2 && memcmp(text, "\xc2\xa0", 2) == 0)
		return 2;
	if (len >= 3 && (memcmp(text, "\xe2\x80\xaf", 3) == 0 || memcmp(text, "\xe2\x80\x89", 3) == 0))
		return 3;
	return 0;
}

/* "77 520,00" → "77520.00"; false when it is no number. What groups digits must stand before groups of three; a mark of the other kind that cannot group
 * ("77.5" where commas are usual) can only be the decimal mark. */
static bool plain_number(struct arena *a, const char *text, size_t len, char decimal, struct value *out)
{
	char *s = arena_alloc(a, len + 1), other = decimal == ',' ? '.' : ',';
	size_t n = 0, group = 0, others = 0, at = 0;
	bool grouped = false, fraction = false;
	for (size_t i = 0; i < len; i++)
		if (text[i] == other) {
			others++;
			at = i;
		} else if (text[i] == decimal) {
			fraction = true;
		}
	if (others == 1 && !fraction && !(len - at == 4 && at > 0 && at < 5 && isdigit((unsigned char)text[at - 1])))
		decimal = other;
	fraction = false;
	for (size_t i = 0; i < len; i++) {
		size_t blank = blank_at(text + i, len - i);
		if (blank || (text[i] == other && decimal != other)) {
			if (fraction || !(grouped ? group == 3 : group >= 1 && group <= 3)) {
				/* "- 5": a blank behind the sign groups nothing */
				if (blank && n == 1 && s[0] == '-' && !grouped) {
					i += blank - 1;
					continue;
				}
				return false;
			}
			grouped = true;
			group = 0;
			i += blank ? blank - 1 : 0;
		} else if (i + 2 < len && memcmp(text + i, "\xe2\x88\x92", 3) == 0) {
			s[n++] = '-';
			i += 2;
		} else if (text[i] == decimal) {
			if (fraction || (grouped && group != 3))
				return false;
			fraction = true;
			s[n++] = '.';
		} else {
			group += isdigit((unsigned char)text[i]) != 0;
			s[n++] = text[i];
		}
	}
	return n && (!grouped || fraction || group == 3) && decimal_parse(a, s, n, out);
}

/* A time of day behind a date, or nothing, in microseconds; "г." may stand between. */
static bool read_clock(const char *text, size_t len, int64_t *us)
{
	static const char year[] = "\xd0\xb3";
	char rest[32];
	unsigned h = 0, m = 0, s = 0;
	int used = 0;
	int64_t fraction = 0;
	*us = 0;
	while (len && strchr(" T,", *text)) {
		text++;
		len--;
	}
	if (len >= 2 && memcmp(text, year, 2) == 0) {
		text += 2;
		len -= 2;
		while (len && strchr(". ,", *text)) {
			text++;
			len--;
		}
	}
	if (!len)
		return true;
	if (len >= sizeof rest || !isdigit((unsigned char)*text))
		return false;
	memcpy(rest, text, len);
	rest[len] = 0;
	if (sscanf(rest, "%2u:%2u%n", &h, &m, &used) < 2 || h > 23 || m > 59)
		return false;
	if (rest[used] == ':') {
		int more = 0;
		if (sscanf(rest + used, ":%2u%n", &s, &more) < 1 || s > 59)
			return false;
		used += more;
		if (rest[used] == '.') {
			used++;
			for (int64_t unit = 100000; isdigit((unsigned char)rest[used]); unit /= 10)
				fraction += (rest[used++] - '0') * unit;
		}
	}
	if (rest[used] && strcmp(rest + used, "Z") != 0)
		return false;
	*us = (int64_t)(h * 3600 + m * 60 + s) * 1000000 + fraction;
	return true;
}

/* "4 сентября 2017", "«04» сентября 2017", "4-Sep-2017": day, month by the beginning of its name, year; or "20170904". */
static bool spelled_parts(const char *text, size_t len, int part[3], int digits[3], size_t *used)
{
	static const char *const months[2][12] = {{"янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"},
											  {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}};
	char low[64];
	unsigned y, m, d;
	int n = 0;
	if (len == 8 && strspn(text, "0123456789") >= 8 && sscanf(text, "%4u%2u%2u", &y, &m, &d) == 3) {
		part[0] = (int)y, part[1] = (int)m, part[2] = (int)d;
		digits[0] = 4, digits[1] = digits[2] = 2;
		*used = 8;
		return true;
	}
	if (len >= sizeof low)
		return false;
	memcpy(low, text, len);
	low[len] = 0;
	const char *s = low;
	if (strncmp(s, "\xc2\xab", 2) == 0)
		s += 2;
	if (!isdigit((unsigned char)*s) || sscanf(s, "%2u%n", &d, &n) != 1)
		return false;
	s += n;
	if (strncmp(s, "\xc2\xbb", 2) == 0)
		s += 2;
	s += strspn(s, " -.");
	const char *word = s;
	while ((unsigned char)*s >= 0x80 || isalpha((unsigned char)*s))
		s++;
	size_t letters = (size_t)(s - word), lowered;
	struct arena *scratch = arena_new_sized(256);
	const char *name = text_lower(scratch, word, letters, &lowered);
	m = 0;
	for (int lang = 0; lang < 2; lang++)
		for (unsigned k = 0; k < 12; k++)
			if (letters && strncmp(name, months[lang][k], strlen(months[lang][k])) == 0 && !m)
				m = k + 1;
	arena_delete(scratch);
	s += strspn(s, " -.,");
	n = 0;
	if (!m || !isdigit((unsigned char)*s) || sscanf(s, "%4u%n", &y, &n) != 1 || (n != 4 && n != 2))
		return false;
	part[0] = (int)d, part[1] = (int)m, part[2] = (int)y;
	digits[0] = digits[1] = 2, digits[2] = n;
	*used = (size_t)(s - low) + (size_t)n;
	return true;
}

/* A date, perhaps with a time of day behind it. */
static bool read_date(const struct import_format *format, const char *text, size_t len, int64_t *days, int64_t *clock)
{
	struct import_format spelled = {.date = IMPORT_DATE_DMY};
	int part[3], digits[3];
	size_t used;
	if (!date_parts(text, len, part, digits, &used)) {
		if (!spelled_parts(text, len, part, digits, &used))
			return false;
		format = &spelled;
	}
	if (!read_clock(text + used, len - used, clock))
		return false;
	enum import_date order = digits[0] == 4 ? IMPORT_DATE_YMD : format->date == IMPORT_DATE_YMD ? IMPORT_DATE_DMY : format->date;
	int year = order == IMPORT_DATE_YMD ? 0 : 2, month = order == IMPORT_DATE_MDY ? 0 : 1,
		day = order == IMPORT_DATE_YMD   ? 2
			  : order == IMPORT_DATE_DMY ? 0
										 : 1;
	int y = part[year];
	if ((digits[year] != 4 && digits[year] != 2) || part[month] > 12 || part[day] > 31)
		return false;
	if (digits[year] == 2)
		y += y < 70 ? 2000 : 1900;
	char iso[16];
	snprintf(iso, sizeof iso, "%04d-%02d-%02d", y % 10000, part[month] % 100, part[day] % 100);
	return date_parse(iso, 10, days);
}

static bool read_time(const struct import_format *format, const char *text, size_t len, int64_t *us)
{
	int64_t days, clock;
	if (time_parse(text, len, us))
		return true;
	if (!read_date(format, text, len, &days, &clock))
		return false;
	/* people write the clock of their zone; "Z" behind it means none */
	int64_t local = days * 86400000000 + clock;
	*us = text[len - 1] == 'Z' || !format->zone ? local : zone_moment(format->zone, local);
	return true;
}

/* "1:30" and "30:00:15" as people and sheets write a span of time: as the platform reads it ("PT1H30M"); other texts as they are. */
static const char *span_text(struct arena *a, const char *text, size_t len)
{
	char low[40];
	long long h;
	unsigned m, s = 0;
	int n = 0;
	const char *whole = arena_strndup(a, text, len);
	if (len >= sizeof low)
		return whole;
	memcpy(low, text, len);
	low[len] = 0;
	const char *p = low + (*low == '-');
	if (strspn(p, "0123456789:") != strlen(p) || sscanf(p, "%9lld:%2u%n", &h, &m, &n) != 2 || m > 59 || n < 3 || p[n - 3] != ':')
		return whole;
	p += n;
	if (*p && (sscanf(p, ":%2u%n", &s, &n) != 1 || n != 3 || p[n] || s > 59))
		return whole;
	return arena_printf(a, "%sPT%lldH%uM%uS", *low == '-' ? "-" : "", h, m, s);
}

static bool same_word(struct arena *a, const char *text, size_t len, const char *word)
{
	size_t n, m;
	const char *x = text_lower(a, text, len, &n), *y = text_lower(a, word, strlen(word), &m);
	return n == m && memcmp(x, y, n) == 0;
}

static bool read_boolean(struct arena *a, const char *text, size_t len, bool *out)
{
	static const char *const words[2][8] = {{"false", "no", "0", "нет", "ложь", "н", "-", NULL},
											{"true", "yes", "1", "да", "истина", "д", "+", NULL}};
	for (int b = 0; b < 2; b++)
		for (int i = 0; words[b][i]; i++)
			if (same_word(a, text, len, words[b][i])) {
				*out = b;
				return true;
			}
	return false;
}

/* What is expected, and what the cell says. */
static const char *no_value(struct arena *a, int lang, enum say_text expected, const char *label, const char *text, size_t len)
{
	enum { SHOWN = 60 };
	size_t n = len < SHOWN ? len : SHOWN;
	while (n < len && n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return say_text(a, lang, SAY_IMPORT_CELL, say_text(a, lang, expected, label),
					arena_printf(a, "%.*s%s", (int)n, text, n < len ? "…" : ""));
}

int import_value(struct arena *a, const struct field *f, const struct import_format *format, int lang, const char *text, size_t len,
				 struct value *out, const char **reason)
{
	const char *label = label_get(&f->label, (enum lang)lang);
	int64_t i, clock;
	bool b;
	trim(&text, &len);
	/* an export to CSV, and people, put an apostrophe before what a spreadsheet would take for a formula (export.c) */
	size_t quotes = 0;
	while (quotes < len && text[quotes] == '\'')
		quotes++;
	if (quotes && quotes < len && strchr("=+-@\t\r", text[quotes]) && format->kind && strcmp(format->kind, "csv") == 0) {
		text++;
		len--;
	}
	*out = value_nil();
	if (!len)
		return 0;
	switch (f->type) {
	case FIELD_ID:
	case FIELD_INTEGER:
	case FIELD_DECIMAL:
	case FIELD_MONEY:
	case FIELD_PERCENT:
		if (len && text[len - 1] == '%') {
			len--;
			trim(&text, &len);
		}
		if (plain_number(a, text, len, format->decimal, out))
			return 0;
		*reason = no_value(a, lang, SAY_BAD_NUMBER, label, text, len);
		return -1;
	case FIELD_BOOLEAN:
		if (read_boolean(a, text, len, &b)) {
			*out = value_bool(b);
			return 0;
		}
		*reason = no_value(a, lang, SAY_BAD_BOOLEAN, label, text, len);
		return -1;
	case FIELD_DATE:
		if (read_date(format, text, len, &i, &clock)) {
			*out = value_date(i);
			return 0;
		}
		*reason = no_value(a, lang, SAY_BAD_DATE, label, text, len);
		return -1;
	case FIELD_DATETIME:
		if (read_time(format, text, len, &i)) {
			*out = value_time(i);
			return 0;
		}
		*reason = no_value(a, lang, SAY_BAD_TIME, label, text, len);
		return -1;
	case FIELD_CHOICE:
		for (size_t k = 0; k < f->nvalues; k++)
			for (int l = -1; l < LANG_COUNT; l++)
				if (same_word(a, text, len, l < 0 ? f->values[k].code : label_get(&f->values[k].label, (enum lang)l))) {
					*out = value_textz(f->values[k].code);
					return 0;
				}
		*reason = say_text(a, lang, SAY_BAD_CHOICE, label, arena_strndup(a, text, len < 100 ? len : 100));
		return -1;
	case FIELD_DURATION: *out = value_textz(span_text(a, text, len)); return 0;
	case FIELD_TEXT:
	case FIELD_EMAIL:
	case FIELD_PHONE:
	case FIELD_URL:
	case FIELD_AUTONUMBER:
		if (!f->is_long) {
			/* a line break or tab within a one-line text is a blank, with the blanks around it */
			char *line = arena_strndup(a, text, len);
			size_t n = 0;
			bool broken = false;
			for (size_t k = 0; k < len; k++) {
				bool breaks = line[k] == '\n' || line[k] == '\r' || line[k] == '\t';
				if (!breaks && !(broken && line[k] == ' ')) {
					line[n++] = line[k];
					broken = false;
				} else if (breaks && !broken) {
					while (n && line[n - 1] == ' ')
						n--;
					line[n++] = ' ';
					broken = true;
				}
			}
			line[n] = 0;
			*out = value_text(line, n);
			return 0;
		}
		*out = value_text(arena_strndup(a, text, len), len);
		return 0;
	default: *out = value_text(arena_strndup(a, text, len), len); return 0;
	}
}

bool import_above_rows(const struct import_format *format, int64_t number, bool *headed)
{
	if (*headed || !format->header_row)
		return false;
	*headed = number >= format->header_row;
	return true;
}

static const char *const date_names[] = {"yyyy-mm-dd", "dd.mm.yyyy", "mm/dd/yyyy"};

const char *import_date_name(enum import_date date)
{
	return date_names[date];
}

bool import_date_find(const char *name, enum import_date *out)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(date_names[i], name) == 0) {
			*out = (enum import_date)i;
			return true;
		}
	return false;
}
