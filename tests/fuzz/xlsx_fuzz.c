/* Any bytes as a workbook: as the archive itself, and as the sheet, the shared texts and the styles within an honest archive. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/arena.h"
#include "base/err.h"
#include "edge/import_xlsx.h"

static const char workbook[] = "<workbook xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"S\" r:id=\"a\"/></sheets></workbook>";
static const char relations[] = "<Relationships><Relationship Id=\"a\" Target=\"s.xml\"/></Relationships>";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const char *bytes, size_t len)
{
	struct arena *a = arena_new_sized(0);
	struct err err;
	struct xlsx *x;
	const struct csv_cell *cells;
	size_t n;
	int64_t row;
	int more = -1;
	err_init(&err, a);
	if (xlsx_open(a, bytes, len, NULL, &x, &err) == 0) {
		while ((more = xlsx_next(x, &cells, &n, &row, &err)) == 1) {
			assert(n > 0 && n <= IMPORT_COLUMNS);
			for (size_t i = 0; i < n; i++)
				assert(cells[i].text[cells[i].len] == 0);
		}
		xlsx_close(x);
	}
	assert(more == 0 || err.code == ERR_UNPROCESSABLE);
	arena_delete(a);
}

static void add(zip_t *z, const char *name, const void *bytes, size_t len)
{
	zip_int64_t i = zip_file_add(z, name, zip_source_buffer(z, bytes, len, 0), 0);
	if (i < 0)
		abort();
	zip_set_file_compression(z, (zip_uint64_t)i, ZIP_CM_STORE, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	zip_error_t ze;
	zip_stat_t st;
	read_all(bytes, size);
	/* the sheet, then behind each zero byte the shared texts and the styles */
	size_t sheet = strnlen(bytes, size), texts = sheet < size ? strnlen(bytes + sheet + 1, size - sheet - 1) : 0, at = sheet + 1 + texts;
	zip_error_init(&ze);
	zip_source_t *out = zip_source_buffer_create(NULL, 0, 0, &ze);
	zip_t *z = zip_open_from_source(out, ZIP_TRUNCATE, &ze);
	if (!z)
		abort();
	zip_source_keep(out);
	add(z, "xl/workbook.xml", workbook, sizeof workbook - 1);
	add(z, "xl/_rels/workbook.xml.rels", relations, sizeof relations - 1);
	add(z, "xl/s.xml", bytes, sheet);
	if (texts)
		add(z, "xl/sharedStrings.xml", bytes + sheet + 1, texts);
	if (at + 1 < size)
		add(z, "xl/styles.xml", bytes + at + 1, size - at - 1);
	if (zip_close(z) != 0 || zip_source_stat(out, &st) != 0 || zip_source_open(out) != 0)
		abort();
	char *archive = malloc(st.size);
	if (!archive || zip_source_read(out, archive, st.size) != (zip_int64_t)st.size)
		abort();
	zip_source_close(out);
	zip_source_free(out);
	read_all(archive, st.size);
	free(archive);
	return 0;
}
