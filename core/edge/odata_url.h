/* odata_url: an address below /api and its query options become a plan.
 *
 * Everything lives in the arena; names resolve in what the actor may read. Not here: executing (odata.c), $filter's grammar (odata_filter). */
#ifndef OST_EDGE_ODATA_URL_H
#define OST_EDGE_ODATA_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meta/registry.h"
#include "serve/plan.h"

struct http_request;
struct odata_shape;

enum odata_kind {
	ODATA_SERVICE,   /* /api/ */
	ODATA_METADATA,  /* /api/$metadata */
	ODATA_BATCH,     /* /api/$batch */
	ODATA_SET,       /* /api/deal */
	ODATA_SET_COUNT, /* /api/deal/$count */
	ODATA_ONE,       /* /api/deal(17) */
	ODATA_PART,      /* /api/deal(17)/x: a navigation (perhaps with /$count), a property or an action */
	ODATA_TASKS,     /* /api/deal(17)/tasks: rows of its checklists */
	ODATA_TASK       /* /api/deal(17)/tasks(5), perhaps with an action behind it */
};

struct odata_address {
	enum odata_kind kind;
	struct section *section;
	int64_t key;
	int64_t task;     /* of ODATA_TASK */
	const char *part; /* of ODATA_PART; of ODATA_TASK the action, or NULL */
	bool part_count;  /* …/$count behind it */
};

/* Reads the path behind "/api". ERR_NOT_FOUND for a section that the actor sees nothing of, too. */
int odata_address_parse(struct arena *a, const struct registry *reg, const struct actor *actor, const char *path, struct odata_address *out,
						struct err *err);

/* What the options say beside the plan. */
struct odata_options {
	bool count;           /* $count=true */
	int64_t count_bound;  /* of Prefer, 0 exact */
	struct value *inputs; /* of a $skiptoken, index 0 free */
	size_t ninputs;
	bool paged;                /* $top or $skip was given */
	struct odata_shape *shape; /* of the query, or NULL */
};

/* Reads the query options of the request into the plan. */
int odata_options_parse(struct http_request *r, struct plan *p, struct odata_options *out, struct err *err);
/* The same of a query whose shape was read: literals and $skip that the shape leaves open become the plan's open values. */
int odata_options_parse_shape(struct http_request *r, struct plan *p, struct odata_shape *shape, struct odata_options *out,
							  struct err *err);

#endif
