#include "edge/import_source.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "edge/import_xlsx.h"

struct import_source {
	struct xlsx *xlsx; /* NULL: csv */
	struct csv_reader csv;
	struct buf text;
};

int import_source_detect(struct arena *a, const char *bytes, size_t len, struct import_format *format, struct err *err)
{
	*format = (struct import_format){.kind = "csv", .decimal = ',', .date = IMPORT_DATE_DMY, .header_row = 1};
	if (xlsx_is(bytes, len)) {
		struct xlsx *x;
		if (xlsx_open(a, bytes, len, NULL, &x, err))
			return -1;
		format->kind = "xlsx";
		format->sheet = xlsx_sheet(x);
		xlsx_close(x);
		return 0;
	}
	struct buf text = BUF_INIT;
	int failed = import_decode(a, bytes, len, NULL, &text, &format->encoding, err);
	if (!failed)
		format->csv = import_sniff_csv(text.data ? text.data : "", text.len);
	buf_destroy(&text);
	return failed;
}

int import_source_open(struct arena *a, const char *bytes, size_t len, const struct import_format *format, struct import_source **out, struct err *err)
{
	struct import_source *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	int failed;
	if (xlsx_is(bytes, len)) {
		failed = xlsx_open(a, bytes, len, format->sheet, &s->xlsx, err);
	} else {
		const char *found;
		failed = import_decode(a, bytes, len, format->encoding, &s->text, &found, err);
		if (!failed)
			csv_create(&s->csv, s->text.data ? s->text.data : "", s->text.len, format->csv);
	}
	if (failed) {
		buf_destroy(&s->text);
		free(s);
		return -1;
	}
	*out = s;
	return 0;
}

int import_source_next(struct import_source *s, const struct csv_cell **cells, size_t *ncells, int64_t *row, struct err *err)
{
	if (s->xlsx)
		return xlsx_next(s->xlsx, cells, ncells, row, err);
	int more;
	/* a row of separators alone says nothing, as an empty row of a sheet */
	while ((more = csv_next(&s->csv, err)) == 1) {
		size_t i = 0;
		while (i < s->csv.ncells && s->csv.cells[i].len == 0)
			i++;
		if (i < s->csv.ncells)
			break;
	}
	*cells = s->csv.cells;
	*ncells = s->csv.ncells;
	*row = s->csv.row_line;
	return more;
}

void import_source_close(struct import_source *s)
{
	if (!s)
		return;
	if (s->xlsx)
		xlsx_close(s->xlsx);
	csv_destroy(&s->csv);
	buf_destroy(&s->text);
	free(s);
}
