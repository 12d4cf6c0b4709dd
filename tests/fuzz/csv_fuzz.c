/* Any bytes as a file of rows: its encoding, separator and quotes are found, its rows read; what is written of a cell reads back as that cell. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "edge/import_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void reads_back(const struct csv_cell *cell, struct csv_format format)
{
	struct csv_reader *r = malloc(sizeof *r);
	struct buf b = BUF_INIT;
	struct err err;
	if (!r)
		abort();
	err_init(&err, NULL);
	csv_write_cell(&b, cell->text, cell->len, format);
	buf_putc(&b, format.separator);
	buf_puts(&b, "end\r\n");
	csv_create(r, b.data, b.len, format);
	assert(csv_next(r, &err) == 1);
	assert(r->ncells == 2 && r->cells[0].len == cell->len && memcmp(r->cells[0].text, cell->text, cell->len) == 0);
	csv_destroy(r);
	free(r);
	buf_destroy(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new_sized(0);
	struct import_source *s;
	struct import_format format;
	struct import_votes votes = {0};
	const struct csv_cell *cells;
	struct err err;
	size_t n;
	int64_t row, last = 0;
	err_init(&err, a);
	if (size > 4 && memcmp(data, "PK\3\4", 4) == 0) {
		arena_delete(a);
		return -1;
	}
	if (import_source_detect(a, (const char *)data, size, &format, &err) == 0 && import_source_open(a, (const char *)data, size, &format, &s, &err) == 0) {
		int more;
		while ((more = import_source_next(s, &cells, &n, &row, &err)) == 1) {
			assert(n > 0 && n <= IMPORT_COLUMNS && row > last);
			last = row;
			for (size_t i = 0; i < n; i++) {
				static const enum field_type types[] = {FIELD_TEXT, FIELD_INTEGER, FIELD_MONEY, FIELD_BOOLEAN, FIELD_DATE, FIELD_DATETIME};
				struct value v;
				const char *reason;
				assert(cells[i].text[cells[i].len] == 0);
				import_vote(&votes, cells[i].text, cells[i].len);
				import_decide(&votes, &format);
				for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
					struct field f = {.type = types[k], .label = {{"F", "П"}}};
					reason = NULL;
					assert((import_value(a, &f, &format, LANG_RU, cells[i].text, cells[i].len, &v, &reason) == 0) == (reason == NULL));
				}
				reads_back(&cells[i], format.csv);
			}
		}
		assert(more == 0 || err.code == ERR_UNPROCESSABLE);
		import_source_close(s);
	} else {
		assert(err.code == ERR_UNPROCESSABLE);
	}
	arena_delete(a);
	return 0;
}
