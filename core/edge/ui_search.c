#include "edge/ui_search.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "serve/plan.h"

enum { OF_EACH = 5, MAX_GROUPS = 20, MAX_WORDS = 200, LIMIT_MS = 2000 };

int ui_search(struct http_request *r, struct app_request *q, struct err *err)
{
	const char *words = http_query(r, "q");
	struct buf *b = &r->out;
	size_t groups = 0;
	if (r->method != HTTP_GET && r->method != HTTP_HEAD)
		return http_refuse_method(r, "GET, HEAD", err);
	if (words && strlen(words) > MAX_WORDS) {
		err_say(err, ERR_INVALID, q->actor->lang, SAY_SEARCH_LONG);
		return err_target(err, "q");
	}
	if (words && !words[strspn(words, " \t")])
		words = NULL;
	buf_puts(b, "{\"groups\":[");
	for (size_t i = 0; words && i < q->reg->nsections && groups < MAX_GROUPS; i++) {
		struct section *s = q->reg->sections[i];
		struct plan *p;
		struct pg_bindings bindings;
		struct pg_rows *rows;
		struct err invisible;
		err_init(&invisible, r->arena);
		/* lines are found through their parent, files through their record */
		if (s->owner || s == q->reg->file || plan_create(r->arena, q->reg, q->actor, s, &p, &invisible) || !plan_searches(p))
			continue;
		p->titles = true;
		p->search = words;
		p->top = OF_EACH;
		plan_bindings(q->reg, q->actor, &bindings);
		if (plan_rows(p, q->pg, PG_LANE_FAST, r->arena, &bindings, &rows, err))
			return -1;
		size_t n = pg_rows_count(rows) > OF_EACH ? OF_EACH : pg_rows_count(rows);
		if (!n)
			continue;
		const char *label = label_get(&s->plural, q->actor->lang);
		buf_printf(b, "%s{\"section\":\"%s\",\"label\":", groups++ ? "," : "", s->expr.name);
		buf_json(b, label, strlen(label));
		buf_puts(b, ",\"items\":[");
		for (size_t k = 0; k < n; k++) {
			buf_printf(b, "%s{\"id\":%lld,\"title\":", k ? "," : "", (long long)pg_rows_int(rows, k, 0));
			pg_rows_json(rows, b, k, 1);
			buf_putc(b, '}');
		}
		buf_puts(b, "]}");
		/* what was found by now is better than nothing in the end */
		if (clock_monotonic_ms() - r->started_ms > LIMIT_MS)
			break;
	}
	buf_puts(b, "]}");
	http_reply_json(r, 200);
	return 0;
}
