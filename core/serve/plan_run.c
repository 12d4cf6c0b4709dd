/* plan_run: a compiled plan meets the database: statements, pages, JSON. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/date.h"
#include "base/err.h"
#include "base/say.h"
#include "base/text.h"
#include "serve/plan_private.h"

enum { EXPECTED = 64 * 1024 }; /* bytes of an answer that are taken at once */

/* The rows of one child statement, sorted by parent as they came. */
struct lines {
	struct pg_rows *rows;
	struct lines *children; /* of the child's own collections */
	struct {
		int64_t parent;
		size_t from, to;
	} * groups;
	size_t ngroups;
};

static int fetch(struct plan_query *q, struct pg *pg, enum pg_lane lane, struct arena *a, const struct pg_bindings *b,
				 struct pg_rows **rows, struct lines **children, struct err *err);

static int fetch_child(struct plan_child *c, const struct pg_rows *parents, struct pg *pg, enum pg_lane lane, struct arena *a,
					   const struct pg_bindings *b, struct lines *out, struct err *err)
{
	size_t n = pg_rows_count(parents), have = 0;
	struct value *ids = arena_array(a, struct value, n ? n : 1);
	for (size_t i = 0; i < n; i++)
		if (!pg_rows_null(parents, i, c->parent_column))
			ids[have++] = value_int(pg_rows_int(parents, i, c->parent_column));
	if (!have)
		return 0;
	struct value list = {.kind = VALUE_LIST};
	list.list.items = ids;
	list.list.count = have;
	struct pg_bindings mine = *b;
	mine.inputs = &list;
	mine.ninputs = 1;
	if (fetch(&c->query, pg, lane, a, &mine, &out->rows, &out->children, err))
		return -1;
	size_t rows = pg_rows_count(out->rows);
	out->groups = arena_alloc(a, sizeof *out->groups * (have + 1));
	for (size_t i = 0; i < rows; i++) {
		int64_t parent = pg_rows_int(out->rows, i, 0);
		if (!out->ngroups || out->groups[out->ngroups - 1].parent != parent) {
			if (out->ngroups == have)
				break; /* the same parent twice in the ids: its lines repeat */
			out->groups[out->ngroups].parent = parent;
			out->groups[out->ngroups++].from = i;
		}
		out->groups[out->ngroups - 1].to = i + 1;
	}
	return 0;
}

static int fetch(struct plan_query *q, struct pg *pg, enum pg_lane lane, struct arena *a, const struct pg_bindings *b,
				 struct pg_rows **rows, struct lines **children, struct err *err)
{
	struct pg_params params = {0};
	pg_sql_bind(&q->sql, a, b, &params);
	if (pg_read(pg, lane, a, q->text, &params, rows, err))
		return -1;
	*children = q->children.count ? arena_array(a, struct lines, q->children.count) : NULL;
	for (size_t i = 0; i < q->children.count; i++)
		if (fetch_child(q->children.items[i], *rows, pg, lane, a, b, &(*children)[i], err))
			return -1;
	return 0;
}

static void write_row(const struct plan_query *q, const struct pg_rows *rows, const struct lines *children, size_t row, struct buf *out);

static void write_lines(const struct plan_child *c, const struct lines *l, const struct pg_rows *rows, size_t row, struct buf *out)
{
	size_t from = 0, to = 0;
	if (l->rows && !pg_rows_null(rows, row, c->parent_column)) {
		int64_t parent = pg_rows_int(rows, row, c->parent_column);
		for (size_t i = 0; i < l->ngroups; i++)
			if (l->groups[i].parent == parent) {
				from = l->groups[i].from;
				to = l->groups[i].to;
				break;
			}
	}
	bool more = to - from > (size_t)c->query.top;
	if (more)
		to = from + (size_t)c->query.top;
	buf_putc(out, '[');
	for (size_t i = from; i < to; i++) {
		if (i > from)
			buf_putc(out, ',');
		write_row(&c->query, l->rows, l->children, i, out);
	}
	buf_putc(out, ']');
	if (more)
		buf_printf(out, ",\"%s@ostov.more\":true", c->name);
}

/* 17 as "17", [3,4] as ["3","4"]. */
static void write_exact(const struct pg_rows *rows, struct buf *out, size_t row, unsigned column)
{
	struct buf plain = BUF_INIT;
	pg_rows_json(rows, &plain, row, column);
	for (const char *p = plain.data; *p;) {
		size_t n = strcspn(p, "[],");
		if (n && *p != 'n') {
			buf_putc(out, '"');
			buf_add(out, p, n);
			buf_putc(out, '"');
		} else {
			buf_add(out, p, n);
		}
		p += n;
		if (*p)
			buf_putc(out, *p++);
	}
	buf_destroy(&plain);
}

static void write_row(const struct plan_query *q, const struct pg_rows *rows, const struct lines *children, size_t row, struct buf *out)
{
	for (size_t i = 0; i < q->ops.count; i++) {
		const struct plan_op *op = &q->ops.items[i];
		switch (op->kind) {
		case OP_TEXT: buf_add(out, op->text, op->len); break;
		case OP_CELL: pg_rows_json(rows, out, row, op->column); break;
		case OP_EXACT: write_exact(rows, out, row, op->column); break;
		case OP_DURATION:
			if (pg_rows_null(rows, row, op->column)) {
				buf_puts(out, "null");
			} else {
				buf_putc(out, '"');
				duration_write(out, pg_rows_int(rows, row, op->column));
				buf_putc(out, '"');
			}
			break;
		case OP_ETAG:
			buf_puts(out, "\"W/\\\"");
			buf_int(out, pg_rows_int(rows, row, op->column));
			buf_puts(out, "\\\"\"");
			break;
		case OP_OPEN:
			if (pg_rows_null(rows, row, op->column)) {
				buf_puts(out, "null");
				i += op->skip;
			}
			break;
		case OP_COLLECTION: write_lines(q->children.items[op->child], &children[op->child], rows, row, out); break;
		}
	}
}

static const char *encode_token(struct arena *a, const char *text)
{
	size_t len = strlen(text), n = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *out = arena_alloc(a, n);
	sodium_bin2base64(out, n, (const unsigned char *)text, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return out;
}

/* A position: phase and the values of the order as JSON, in URL-safe base64. */
static const char *make_token(const struct plan_query *q, struct arena *a, const struct pg_rows *rows, size_t row, bool nulls)
{
	struct buf b = BUF_INIT;
	buf_printf(&b, "[%d", nulls ? 1 : 0);
	for (size_t i = 0; i < q->norders; i++) {
		struct value v = pg_rows_value(rows, a, row, q->order_columns[i]);
		buf_putc(&b, ',');
		/* texts of every kind, so that decimals and times come back digit for digit */
		if (v.kind == VALUE_NIL) {
			buf_puts(&b, "null");
		} else if (v.kind == VALUE_TIME || v.kind == VALUE_INT || v.kind == VALUE_DATE) {
			buf_int(&b, v.i);
		} else if (v.kind == VALUE_BOOL) {
			buf_puts(&b, v.b ? "true" : "false");
		} else {
			buf_json(&b, v.text.s, v.text.len);
		}
	}
	buf_putc(&b, ']');
	const char *out = encode_token(a, b.data);
	buf_destroy(&b);
	return out;
}

/* One JSON text at *at as raw bytes of the arena, unescaped. */
static bool token_text(struct arena *a, const char **at, const char **out, size_t *len)
{
	const char *p = *at + 1;
	char *to = arena_alloc(a, strlen(p) + 1), *w = to;
	for (; *p && *p != '"'; p++) {
		if (*p != '\\') {
			*w++ = *p;
			continue;
		}
		p++;
		if (*p == 'u') {
			char hex[5] = {0};
			for (int i = 0; i < 4 && p[1]; i++)
				hex[i] = *++p;
			w += text_encode((uint32_t)strtoul(hex, NULL, 16), w);
		} else if (*p == 'n' || *p == 't' || *p == 'r') {
			*w++ = *p == 'n' ? '\n' : *p == 't' ? '\t' : '\r';
		} else if (*p) {
			*w++ = *p;
		} else {
			return false;
		}
	}
	if (*p != '"')
		return false;
	*at = p + 1;
	*out = to;
	*len = (size_t)(w - to);
	return text_valid(to, *len);
}

static bool token_value(struct arena *a, const struct plan_order *o, const char **at, struct value *v)
{
	enum pg_type type = o->id ? PG_INT8 : field_pg_type(o->last);
	if (strncmp(*at, "null", 4) == 0) {
		*v = value_nil();
		*at += 4;
		return true;
	}
	if (strncmp(*at, "true", 4) == 0 || strncmp(*at, "false", 5) == 0) {
		*v = value_bool(**at == 't');
		*at += **at == 't' ? 4 : 5;
		return type == PG_BOOL;
	}
	if (**at == '"') {
		const char *s;
		size_t len;
		if (!token_text(a, at, &s, &len))
			return false;
		*v = type == PG_NUMERIC ? value_dec(s, len) : value_text(s, len);
		return type == PG_TEXT || (type == PG_NUMERIC && len && strspn(s, "-0123456789.") == len);
	}
	char *end;
	int64_t i = strtoll(*at, &end, 10);
	if (end == *at)
		return false;
	*at = end;
	*v = type == PG_TIMESTAMPTZ ? value_time(i) : type == PG_DATE ? value_date(i) : value_int(i);
	return type == PG_INT8 || type == PG_TIMESTAMPTZ || type == PG_DATE || type == PG_INT4;
}

int plan_token_phase(const char *token, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	/* "[0," and "[1," in base64 */
	if (len < 4 || strspn(token, letters) < len || memcmp(token, "Wz", 2) != 0 || token[3] != 's')
		return -1;
	return token[2] == 'A' ? 0 : token[2] == 'E' ? 1 : -1;
}

int plan_token_values(const struct plan *p, struct arena *a, const char *token, struct value **inputs, size_t *ninputs, struct err *err)
{
	size_t n = strlen(token), len;
	char *text = arena_alloc(a, n + 1);
	if (n > 4096 ||
		sodium_base642bin((unsigned char *)text, n, token, n, NULL, &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 || len < 4 ||
		text[0] != '[' || (text[1] != '0' && text[1] != '1'))
		return err_tell(err, ERR_SYNTAX, SAY_SKIPTOKEN);
	text[len] = 0;
	const char *at = text + 2;
	struct value *v = arena_array(a, struct value, p->orders.count + 1);
	for (size_t i = 0; i < p->orders.count; i++) {
		if (*at++ != ',' || !token_value(a, &p->orders.items[i], &at, &v[i + 1]))
			return err_tell(err, ERR_SYNTAX, SAY_SKIPTOKEN);
	}
	if (strcmp(at, "]") != 0)
		return err_tell(err, ERR_SYNTAX, SAY_SKIPTOKEN);
	*inputs = v;
	*ninputs = p->orders.count + 1;
	return 0;
}

int plan_token(struct plan *p, const char *token, struct value **inputs, size_t *ninputs, struct err *err)
{
	/* the order must be complete before its values can be read */
	static const char *const id[] = {"id"};
	bool has_id = false;
	for (size_t i = 0; i < p->orders.count; i++)
		has_id = has_id || p->orders.items[i].id;
	if (!has_id) {
		if (p->orders.count == PLAN_ORDERS)
			p->orders.count--;
		if (plan_order(p, id, 1, plan_key_desc(p), err))
			return -1;
	}
	if (plan_token_values(p, p->arena, token, inputs, ninputs, err))
		return -1;
	p->after = true;
	p->after_nulls = plan_token_phase(token, strlen(token)) == 1;
	return 0;
}

int plan_run(struct plan_query *q, struct pg *pg, enum pg_lane lane, struct arena *a, const struct pg_bindings *b, struct buf *out,
			 struct plan_page *page, struct err *err)
{
	struct pg_rows *rows, *rest = NULL;
	struct lines *children, *rest_children = NULL;
	if (fetch(q, pg, lane, a, b, &rows, &children, err))
		return -1;
	size_t n = pg_rows_count(rows), top = (size_t)q->top;
	if (q->rest && n <= top) {
		struct pg_bindings mine = *b;
		struct value inputs[] = {b->ninputs ? b->inputs[0] : value_nil(), value_nil(), value_int(q->id_desc ? INT64_MAX : 0)};
		mine.inputs = inputs;
		mine.ninputs = sizeof inputs / sizeof *inputs;
		if (fetch(q->rest, pg, lane, a, &mine, &rest, &rest_children, err))
			return -1;
	}
	size_t all = n + (rest ? pg_rows_count(rest) : 0);
	memset(page, 0, sizeof *page);
	page->more = !q->one && all > top;
	page->rows = page->more ? top : all;
	size_t from = out->len;
	buf_room(out, (q->bytes < EXPECTED ? q->bytes : EXPECTED) + 256);
	for (size_t i = 0; i < page->rows; i++) {
		if (i)
			buf_putc(out, ',');
		if (i < n)
			write_row(q, rows, children, i, out);
		else
			write_row(q->rest, rest, rest_children, i - n, out);
	}
	q->bytes = out->len - from;
	if (q->one && n)
		page->version = pg_rows_int(rows, 0, q->version_column);
	if (q->one || !q->keyset)
		return 0;
	if (page->more && page->rows > n) {
		page->token = make_token(q->rest, a, rest, page->rows - 1 - n, true);
	} else if (page->more && !rest) {
		size_t last = page->rows - 1;
		page->token = make_token(q, a, rows, last, q->first_nullable && pg_rows_null(rows, last, q->order_columns[0]));
	} else if (page->more || (q->after && !q->after_nulls && q->first_nullable)) {
		/* the rows with a value are at their end; those without follow */
		page->more = true;
		page->token = encode_token(a, q->id_desc ? "[1,null,9223372036854775807]" : "[1,null,0]");
	}
	return 0;
}
