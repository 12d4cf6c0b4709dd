/* odata_metadata: /api/$metadata: the model as this user may read it, as CSDL 4.01 in XML or JSON (SAFETY 31).
 *
 * Sections are entity types and sets of the namespace "ostov", moves are bound actions of "ostov.act", where the container stands too. */
#ifndef OST_EDGE_ODATA_METADATA_H
#define OST_EDGE_ODATA_METADATA_H

#include <stdbool.h>

#define ODATA_MODEL "ostov"
#define ODATA_ACTIONS ODATA_MODEL ".act"

struct actor;
struct app_request;
struct arena;
struct buf;
struct err;
struct http_request;
struct registry;

/* How an answer is written. */
struct odata_format {
	const char *version; /* of the protocol, "4.0" or "4.01" */
	bool xml;            /* the model */
	bool exact;          /* IEEE754Compatible: whole numbers and decimals are texts */
};

/* Answers as `format` says. */
int odata_metadata(struct http_request *r, struct app_request *q, const struct odata_format *format, struct err *err);
/* Appends the document. `version` of CSDL, "4.0" or "4.01". */
void odata_metadata_xml(struct buf *b, struct arena *a, const struct registry *reg, const struct actor *actor, const char *version);
void odata_metadata_json(struct buf *b, struct arena *a, const struct registry *reg, const struct actor *actor);

#endif
