/* odata_metadata: /api/$metadata: the model as this user may read it, as CSDL 4.01 in XML or JSON (SAFETY 31).
 *
 * Sections are entity types and sets of the namespace "ostov", moves are bound actions of "ostov.act", where the container stands too. */
#ifndef OST_EDGE_ODATA_METADATA_H
#define OST_EDGE_ODATA_METADATA_H

struct actor;
struct app_request;
struct arena;
struct buf;
struct err;
struct http_request;
struct registry;

/* Answers in the format that $format or Accept asks for; XML when neither says. */
int odata_metadata(struct http_request *r, struct app_request *q, struct err *err);
/* Appends the document. */
void odata_metadata_xml(struct buf *b, struct arena *a, const struct registry *reg, const struct actor *actor);
void odata_metadata_json(struct buf *b, struct arena *a, const struct registry *reg, const struct actor *actor);

#endif
