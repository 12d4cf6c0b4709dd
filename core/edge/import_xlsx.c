#include "edge/import_xlsx.h"

#include <libxml/xmlreader.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "base/say.h"

enum {
	PART_BYTES = 1 << 30,    /* of a sheet, unpacked */
	TEXTS_BYTES = 256 << 20, /* of the shared texts */
	SMALL_BYTES = 8 << 20,   /* of every other part */
	HONEST_BYTES = 16 << 20, /* below this the ratio does not matter */
	HONEST_RATIO = 400,
	MAX_TEXTS = 5000000,
	MAX_STYLES = 65536
};

/* One part being read. */
struct part {
	zip_file_t *file;
	xmlTextReaderPtr xml;
	uint64_t bytes, limit;
	bool over;
};

struct xlsx {
	struct arena *arena;
	zip_t *zip;
	struct part sheet;
	const char *name;
	struct csv_cell *texts; /* shared */
	size_t ntexts;
	unsigned char *kinds; /* by style: how it shows a number (enum shown) */
	size_t nstyles;
	bool since_1904;
	struct buf text; /* of the row */
	size_t starts[IMPORT_COLUMNS];
	struct csv_cell cells[IMPORT_COLUMNS];
	size_t ncells;
	int64_t row;
	bool ended;
};

bool xlsx_is(const char *bytes, size_t len)
{
	return len > 4 && memcmp(bytes, "PK\3\4", 4) == 0;
}

static int broken(struct err *err, enum say_text what)
{
	return err_tell(err, ERR_UNPROCESSABLE, what);
}

static int part_read(void *ctx, char *buffer, int len)
{
	struct part *p = ctx;
	zip_int64_t n = zip_fread(p->file, buffer, (zip_uint64_t)len);
	if (n < 0)
		return -1;
	p->bytes += (uint64_t)n;
	if (p->bytes > p->limit) {
		p->over = true;
		return -1;
	}
	return (int)n;
}

static void silent(void *ctx, const char *msg, xmlParserSeverities severity, xmlTextReaderLocatorPtr locator)
{
	(void)ctx;
	(void)msg;
	(void)severity;
	(void)locator;
}

static int part_open(struct xlsx *x, const char *name, uint64_t limit, struct part *p, struct err *err)
{
	zip_stat_t st;
	memset(p, 0, sizeof *p);
	if (zip_stat(x->zip, name, 0, &st) != 0 || !(st.valid & ZIP_STAT_SIZE))
		return broken(err, SAY_XLSX_PART);
	if (st.size > limit || (st.size > HONEST_BYTES && st.comp_size && st.size / st.comp_size > HONEST_RATIO))
		return broken(err, SAY_XLSX_UNPACKS);
	/* a part that is longer than its archive says is refused as soon as that shows */
	p->limit = st.size;
	p->file = zip_fopen(x->zip, name, 0);
	if (!p->file)
		return broken(err, SAY_XLSX_BROKEN);
	p->xml = xmlReaderForIO(part_read, NULL, p, NULL, NULL, XML_PARSE_NONET | XML_PARSE_COMPACT);
	if (!p->xml) {
		zip_fclose(p->file);
		p->file = NULL;
		return broken(err, SAY_XLSX_BROKEN);
	}
	xmlTextReaderSetErrorHandler(p->xml, silent, NULL);
	return 0;
}

static void part_close(struct part *p)
{
	if (p->xml)
		xmlFreeTextReader(p->xml);
	if (p->file)
		zip_fclose(p->file);
	memset(p, 0, sizeof *p);
}

/* The next node: 1, 0 at the end, -1. A document type is refused: nothing of this format has one. */
static int part_next(struct part *p, struct err *err)
{
	int more = xmlTextReaderRead(p->xml);
	if (more == 1 && xmlTextReaderNodeType(p->xml) == XML_READER_TYPE_DOCUMENT_TYPE)
		return broken(err, SAY_XLSX_DOCTYPE);
	if (more < 0)
		return broken(err, p->over ? SAY_XLSX_UNPACKS : SAY_XLSX_XML);
	return more;
}

static const char *local(struct part *p)
{
	const xmlChar *name = xmlTextReaderConstLocalName(p->xml);
	return name ? (const char *)name : "";
}

static bool opens(struct part *p, const char *name)
{
	return xmlTextReaderNodeType(p->xml) == XML_READER_TYPE_ELEMENT && strcmp(local(p), name) == 0;
}

static bool closes(struct part *p, const char *name)
{
	return xmlTextReaderNodeType(p->xml) == XML_READER_TYPE_END_ELEMENT && strcmp(local(p), name) == 0;
}

/* An attribute in the arena, or NULL. */
static const char *attribute(struct xlsx *x, struct part *p, const char *name)
{
	xmlChar *v = xmlTextReaderGetAttribute(p->xml, (const xmlChar *)name);
	const char *out = v ? arena_strdup(x->arena, (const char *)v) : NULL;
	xmlFree(v);
	return out;
}

/* A short attribute into a buffer of the caller; false when it is missing. */
static bool short_attribute(struct part *p, const char *name, char *out, size_t size)
{
	xmlChar *v = xmlTextReaderGetAttribute(p->xml, (const xmlChar *)name);
	if (!v)
		return false;
	snprintf(out, size, "%s", (const char *)v);
	xmlFree(v);
	return true;
}

static bool is_text(struct part *p)
{
	int type = xmlTextReaderNodeType(p->xml);
	return type == XML_READER_TYPE_TEXT || type == XML_READER_TYPE_CDATA || type == XML_READER_TYPE_SIGNIFICANT_WHITESPACE ||
		   type == XML_READER_TYPE_WHITESPACE;
}

static void add_text(struct part *p, struct buf *out)
{
	const char *s = (const char *)xmlTextReaderConstValue(p->xml);
	if (s)
		buf_puts(out, s);
}

/* "_x000D_" is a character that XML cannot hold or would change, written by its number (ECMA-376, 22.9.2.19); what names none stays. */
static void unescape(struct buf *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->len;) {
		const char *s = b->data + i;
		unsigned code = 0;
		int used = 0;
		if (b->len - i < 7 || s[0] != '_' || s[1] != 'x' || s[6] != '_' || strspn(s + 2, "0123456789abcdefABCDEF") < 4 ||
			sscanf(s + 2, "%4x%n", &code, &used) != 1 || used != 4 || !code || (code >= 0xd800 && code < 0xe000)) {
			b->data[n++] = b->data[i++];
			continue;
		}
		if (code < 0x80) {
			b->data[n++] = (char)code;
		} else if (code < 0x800) {
			b->data[n++] = (char)(0xc0 | code >> 6);
			b->data[n++] = (char)(0x80 | (code & 0x3f));
		} else {
			b->data[n++] = (char)(0xe0 | code >> 12);
			b->data[n++] = (char)(0x80 | (code >> 6 & 0x3f));
			b->data[n++] = (char)(0x80 | (code & 0x3f));
		}
		i += 7;
	}
	b->len = n;
	if (b->data)
		b->data[n] = 0;
}

static int read_texts(struct xlsx *x, struct err *err)
{
	struct part p;
	struct buf text = BUF_INIT;
	size_t cap = 0;
	bool in_text = false, phonetic = false;
	int more;
	if (zip_name_locate(x->zip, "xl/sharedStrings.xml", 0) < 0)
		return 0;
	if (part_open(x, "xl/sharedStrings.xml", TEXTS_BYTES, &p, err))
		return -1;
	while ((more = part_next(&p, err)) == 1) {
		if (opens(&p, "si")) {
			buf_clear(&text);
			if (!xmlTextReaderIsEmptyElement(p.xml))
				continue;
		}
		if (opens(&p, "t")) {
			in_text = !xmlTextReaderIsEmptyElement(p.xml);
		} else if (closes(&p, "t")) {
			in_text = false;
		} else if (opens(&p, "rPh")) {
			phonetic = !xmlTextReaderIsEmptyElement(p.xml);
		} else if (closes(&p, "rPh")) {
			phonetic = false;
		} else if (in_text && !phonetic && is_text(&p)) {
			add_text(&p, &text);
		} else if (closes(&p, "si") || opens(&p, "si")) {
			if (x->ntexts == MAX_TEXTS) {
				more = broken(err, SAY_XLSX_TEXTS);
				break;
			}
			if (x->ntexts == cap) {
				size_t grown = cap ? cap * 2 : 256;
				x->texts = arena_grow(x->arena, x->texts, cap * sizeof *x->texts, grown * sizeof *x->texts);
				cap = grown;
			}
			unescape(&text);
			x->texts[x->ntexts++] = (struct csv_cell){arena_strndup(x->arena, text.data ? text.data : "", text.len), text.len};
		}
	}
	buf_destroy(&text);
	part_close(&p);
	return more < 0 ? -1 : 0;
}

/* How a format shows a number: as it is, as a date, a date with time, a span of time, so many hundredths, or, from PADDED + 2 on, with so many digits at least. */
enum shown { PLAIN, DATE, DATE_TIME, SPAN, PERCENT, PADDED, PADDED_MAX = 40 };

/* By its letters outside quotes and brackets. */
static unsigned char format_kind(const char *code)
{
	bool day = false, hour = false, percent = false;
	size_t zeros = strspn(code, "0");
	if (zeros > 1 && !code[zeros] && zeros < PADDED_MAX)
		return (unsigned char)(PADDED + zeros);
	for (const char *c = code; *c; c++) {
		if (*c == '"') {
			for (c++; *c && *c != '"'; c++)
				;
			if (!*c)
				break;
		} else if (*c == '[') {
			while (c[1] && *c != ']')
				c++;
		} else if (*c == '\\' && c[1]) {
			c++;
		} else if (strchr("dDyY", *c)) {
			day = true;
		} else if (strchr("hHsS", *c)) {
			hour = true;
		} else if (*c == '%') {
			percent = true;
		} else if (*c == ';') {
			break; /* what follows is for negative numbers and zero */
		}
	}
	return day ? hour ? DATE_TIME : DATE : hour ? SPAN : percent ? PERCENT : PLAIN;
}

static unsigned char builtin_kind(long id)
{
	if (id >= 14 && id <= 17)
		return DATE;
	if ((id >= 18 && id <= 21) || (id >= 45 && id <= 47))
		return SPAN;
	return id == 22 ? DATE_TIME : id == 9 || id == 10 ? PERCENT : PLAIN;
}

static int read_styles(struct xlsx *x, struct err *err)
{
	struct part p;
	unsigned char *custom = arena_alloc(x->arena, MAX_STYLES);
	bool in_xfs = false;
	int more;
	x->kinds = arena_alloc(x->arena, MAX_STYLES);
	if (zip_name_locate(x->zip, "xl/styles.xml", 0) < 0)
		return 0;
	if (part_open(x, "xl/styles.xml", SMALL_BYTES, &p, err))
		return -1;
	while ((more = part_next(&p, err)) == 1) {
		char id[32];
		if (opens(&p, "numFmt")) {
			const char *code = attribute(x, &p, "formatCode");
			if (short_attribute(&p, "numFmtId", id, sizeof id) && code && atol(id) >= 0 && atol(id) < MAX_STYLES)
				custom[atol(id)] = format_kind(code) + 1;
		} else if (opens(&p, "cellXfs")) {
			in_xfs = true;
		} else if (closes(&p, "cellXfs")) {
			in_xfs = false;
		} else if (in_xfs && opens(&p, "xf") && x->nstyles < MAX_STYLES) {
			long n = short_attribute(&p, "numFmtId", id, sizeof id) ? atol(id) : 0;
			x->kinds[x->nstyles++] = n >= 0 && n < MAX_STYLES && custom[n] ? custom[n] - 1 : builtin_kind(n);
		}
	}
	part_close(&p);
	return more < 0 ? -1 : 0;
}

/* The part of the wanted sheet: its relation in the workbook, and where that leads. */
static int find_sheet(struct xlsx *x, const char *wanted, const char **part, struct err *err)
{
	struct part p;
	const char *relation = NULL;
	int more;
	if (part_open(x, "xl/workbook.xml", SMALL_BYTES, &p, err))
		return -1;
	while ((more = part_next(&p, err)) == 1) {
		char flag[8];
		if (opens(&p, "workbookPr") && short_attribute(&p, "date1904", flag, sizeof flag))
			x->since_1904 = strcmp(flag, "1") == 0 || strcmp(flag, "true") == 0;
		if (!opens(&p, "sheet") || relation)
			continue;
		const char *name = attribute(x, &p, "name");
		if (wanted && (!name || strcmp(name, wanted) != 0))
			continue;
		xmlChar *id = xmlTextReaderGetAttributeNs(p.xml, (const xmlChar *)"id",
												  (const xmlChar *)"http://schemas.openxmlformats.org/officeDocument/2006/relationships");
		if (!id)
			id = xmlTextReaderGetAttribute(p.xml, (const xmlChar *)"r:id");
		relation = id ? arena_strdup(x->arena, (const char *)id) : NULL;
		x->name = name ? name : "";
		xmlFree(id);
	}
	part_close(&p);
	if (more < 0)
		return -1;
	if (!relation)
		return broken(err, wanted ? SAY_XLSX_NO_SHEET : SAY_XLSX_SHEETLESS);
	if (part_open(x, "xl/_rels/workbook.xml.rels", SMALL_BYTES, &p, err))
		return -1;
	*part = NULL;
	while ((more = part_next(&p, err)) == 1) {
		char id[128];
		if (*part || !opens(&p, "Relationship") || !short_attribute(&p, "Id", id, sizeof id) || strcmp(id, relation) != 0)
			continue;
		const char *target = attribute(x, &p, "Target");
		if (target)
			*part = *target == '/' ? target + 1 : arena_printf(x->arena, "xl/%s", target);
	}
	part_close(&p);
	if (more < 0)
		return -1;
	return *part ? 0 : broken(err, SAY_XLSX_SHEET_PART);
}

int xlsx_open(struct arena *a, const char *bytes, size_t len, const char *sheet, struct xlsx **out, struct err *err)
{
	struct xlsx *x = calloc(1, sizeof *x);
	zip_error_t ze;
	const char *part;
	if (!x)
		abort();
	x->arena = a;
	zip_error_init(&ze);
	zip_source_t *source = zip_source_buffer_create(bytes, len, 0, &ze);
	x->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &ze) : NULL;
	if (!x->zip) {
		if (source)
			zip_source_free(source);
		zip_error_fini(&ze);
		free(x);
		return broken(err, SAY_XLSX_ZIP);
	}
	zip_error_fini(&ze);
	if (find_sheet(x, sheet, &part, err) || read_texts(x, err) || read_styles(x, err) || part_open(x, part, PART_BYTES, &x->sheet, err)) {
		xlsx_close(x);
		return -1;
	}
	*out = x;
	return 0;
}

const char *xlsx_sheet(const struct xlsx *x)
{
	return x->name;
}

/* "BC12" → 54; -1 when it is none. */
static long column_of(const char *ref)
{
	long n = 0;
	while (*ref >= 'A' && *ref <= 'Z' && n < 100000)
		n = n * 26 + (*ref++ - 'A' + 1);
	return n - 1;
}

/* A serial day number (ECMA-376, 18.17.4): day 60 of the 1900 system is a day that never was. */
static void write_date(struct xlsx *x, double serial, bool with_time)
{
	double whole = floor(serial);
	int64_t seconds = (int64_t)llround((serial - whole) * 86400), days = (int64_t)whole;
	if (seconds == 86400) {
		seconds = 0;
		days++;
	}
	days += x->since_1904 ? date_from_civil(1904, 1, 1) : date_from_civil(1899, 12, 30) + (days < 60 ? 1 : 0);
	date_write(&x->text, days);
	if (with_time && seconds)
		buf_printf(&x->text, " %02d:%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60));
}

/* What programs write of a binary number: the shortest text that means it, at the precision that sheets show. */
static void write_shortest(struct xlsx *x, double v)
{
	char shortest[512];
	snprintf(shortest, sizeof shortest, "%.15g", v);
	char *e = strpbrk(shortest, "eE");
	/* 1e-7 has its digits behind the point */
	if (e)
		snprintf(shortest, sizeof shortest, "%.*f", atoi(e + 1) < 0 ? (-atoi(e + 1) + 14 < 100 ? -atoi(e + 1) + 14 : 100) : 0, v);
	size_t n = strlen(shortest);
	while (e && strchr(shortest, '.') && n > 1 && strchr("0.", shortest[n - 1])) {
		bool point = shortest[n - 1] == '.';
		shortest[--n] = 0;
		if (point)
			break;
	}
	buf_puts(&x->text, shortest);
}

/* 1.25 → "30:00:00", as a sheet shows a span of time. */
static void write_span(struct xlsx *x, double days)
{
	int64_t seconds = (int64_t)llround(fabs(days) * 86400);
	buf_printf(&x->text, "%s%lld:%02d:%02d", days < 0 && seconds ? "-" : "", (long long)(seconds / 3600), (int)(seconds / 60 % 60),
			   (int)(seconds % 60));
}

static void write_number(struct xlsx *x, const char *text, long style)
{
	enum { MOMENTS = 10000, DAYS_MAX = 2958466 }; /* so many days are no span but a moment of which the clock is shown */
	char *end;
	double v = strtod(text, &end);
	unsigned char kind = style >= 0 && (size_t)style < x->nstyles ? x->kinds[style] : PLAIN;
	if (*end || end == text || !isfinite(v))
		buf_puts(&x->text, text);
	else if ((kind == DATE || kind == DATE_TIME || (kind == SPAN && v >= MOMENTS)) && v >= 0 && v < DAYS_MAX)
		write_date(x, v, kind != DATE);
	else if (kind == SPAN && fabs(v) < MOMENTS)
		write_span(x, v);
	else if (kind == PERCENT) {
		write_shortest(x, v * 100);
		buf_putc(&x->text, '%');
	} else if (kind > PADDED && v >= 0 && v == floor(v) && v < 1e15)
		buf_printf(&x->text, "%0*lld", kind - PADDED, (long long)v);
	else if (strpbrk(text, "eE") || strlen(text) > 16)
		write_shortest(x, v);
	else
		buf_puts(&x->text, text);
}

static int read_cell(struct xlsx *x, struct err *err)
{
	struct part *p = &x->sheet;
	char ref[16] = "", type[16] = "n", style[16] = "";
	struct buf raw = BUF_INIT;
	bool taken = false;
	int more = 1;
	short_attribute(p, "r", ref, sizeof ref);
	short_attribute(p, "t", type, sizeof type);
	short_attribute(p, "s", style, sizeof style);
	long column = *ref ? column_of(ref) : (long)x->ncells;
	if (column < (long)x->ncells || column >= IMPORT_COLUMNS)
		return broken(err, column >= IMPORT_COLUMNS ? SAY_XLSX_COLUMNS : SAY_XLSX_ORDER);
	while ((long)x->ncells < column) {
		x->starts[x->ncells] = x->text.len;
		x->cells[x->ncells++].len = 0;
		buf_putc(&x->text, 0);
	}
	if (!xmlTextReaderIsEmptyElement(p->xml))
		while ((more = part_next(p, err)) == 1 && !closes(p, "c")) {
			if (opens(p, "v") || opens(p, "t"))
				taken = !xmlTextReaderIsEmptyElement(p->xml);
			else if (closes(p, "v") || closes(p, "t"))
				taken = false;
			else if (taken && is_text(p))
				add_text(p, &raw);
			if (raw.len > IMPORT_CELL) {
				more = broken(err, SAY_XLSX_CELL);
				break;
			}
		}
	size_t start = x->starts[x->ncells] = x->text.len;
	if (more == 1 && raw.len) {
		if (strcmp(type, "s") == 0) {
			char *end;
			unsigned long long i = strtoull(raw.data, &end, 10);
			if (*end || i >= x->ntexts)
				more = broken(err, SAY_XLSX_NO_TEXT);
			else
				buf_add(&x->text, x->texts[i].text, x->texts[i].len);
		} else if (strcmp(type, "b") == 0) {
			buf_puts(&x->text, strcmp(raw.data, "1") == 0 ? "TRUE" : "FALSE");
		} else if (strcmp(type, "n") == 0) {
			write_number(x, raw.data, *style ? atol(style) : -1);
		} else if (strcmp(type, "e") != 0) { /* an error value is an empty cell */
			unescape(&raw);
			buf_add(&x->text, raw.data, raw.len);
		}
	}
	x->cells[x->ncells++].len = x->text.len - start;
	buf_putc(&x->text, 0);
	buf_destroy(&raw);
	return more == 1 ? 0 : -1;
}

int xlsx_next(struct xlsx *x, const struct csv_cell **cells, size_t *ncells, int64_t *row, struct err *err)
{
	struct part *p = &x->sheet;
	int more;
	bool in_row = false;
	buf_clear(&x->text);
	x->ncells = 0;
	while (!x->ended && (more = part_next(p, err)) != 0) {
		if (more < 0)
			return -1;
		if (opens(p, "row")) {
			char number[24];
			x->row = short_attribute(p, "r", number, sizeof number) ? strtoll(number, NULL, 10) : x->row + 1;
			in_row = !xmlTextReaderIsEmptyElement(p->xml);
		} else if (in_row && opens(p, "c")) {
			if (read_cell(x, err))
				return -1;
		} else if (closes(p, "sheetData")) {
			x->ended = true;
		} else if (closes(p, "row")) {
			in_row = false;
			bool any = false;
			for (size_t i = 0; i < x->ncells; i++)
				any = any || x->cells[i].len;
			if (!any) {
				buf_clear(&x->text);
				x->ncells = 0;
				continue;
			}
			for (size_t i = 0; i < x->ncells; i++)
				x->cells[i].text = x->text.data + x->starts[i];
			*cells = x->cells;
			*ncells = x->ncells;
			*row = x->row;
			return 1;
		}
	}
	x->ended = true;
	return 0;
}

void xlsx_close(struct xlsx *x)
{
	part_close(&x->sheet);
	if (x->zip)
		zip_discard(x->zip);
	buf_destroy(&x->text);
	free(x);
}
