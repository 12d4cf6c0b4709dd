/* import_detect: what a file of rows is: its encoding, separator, quotes, heading, and how it writes numbers and dates.
 *
 * Everything found can be overridden by the person who imports. Pure functions over bytes and samples. */
#ifndef OST_EDGE_IMPORT_DETECT_H
#define OST_EDGE_IMPORT_DETECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/value.h"
#include "edge/import_csv.h"
#include "meta/section.h"

struct arena;
struct err;

enum import_date { IMPORT_DATE_YMD, IMPORT_DATE_DMY, IMPORT_DATE_MDY };

struct import_format {
	const char *kind;     /* "csv", "xlsx" */
	const char *encoding; /* IANA name, of csv */
	struct csv_format csv;
	char decimal; /* ',' or '.' */
	enum import_date date;
	int header_row;    /* row that names the columns, by its number in the file; an empty one: the next that is not; 0: none does */
	const char *sheet; /* of xlsx, or NULL */
	const char *zone;  /* of times without an offset; NULL: UTC */
};

/* Turns bytes into UTF-8 text. `encoding` NULL: found out and stored in *found (in `a`). ERR_UNPROCESSABLE when the bytes are none of it. */
int import_decode(struct arena *a, const char *bytes, size_t len, const char *encoding, struct buf *out, const char **found,
				  struct err *err);
/* Separator and quote style by the first rows of UTF-8 text. */
struct csv_format import_sniff_csv(const char *text, size_t len);
/* Counts one cell towards the decision about decimals and dates. */
struct import_votes {
	unsigned comma, dot, ymd, dmy, mdy;
};
void import_vote(struct import_votes *v, const char *text, size_t len);
/* The decision: comma (point where commas part the cells) and dd.mm.yyyy where nothing speaks for another. */
void import_decide(const struct import_votes *v, struct import_format *out);
/* A cell as a value for a field: blanks trimmed, numbers and dates by the format, yes and no in both languages, choices by code or label. Empty gives nil. -1 with
 * *reason (in `a`, in the language) when it is none. Lookups stay text. */
int import_value(struct arena *a, const struct field *f, const struct import_format *format, int lang, const char *text, size_t len,
				 struct value *out, const char **reason);
/* Whether the row of this number stands above the rows of values; *headed (false at first) becomes true with the heading, which is itself above them. */
bool import_above_rows(const struct import_format *format, int64_t number, bool *headed);
/* "dd.mm.yyyy" and so on. */
const char *import_date_name(enum import_date date);
/* The reverse; false when it is none. */
bool import_date_find(const char *name, enum import_date *out);

#endif
