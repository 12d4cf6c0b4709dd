#include "edge/ui_setting.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "edge/json.h"
#include "pg/pg.h"
#include "serve/actor.h"

enum { MAX_KEY = 120, MAX_VALUE = 64 * 1024, MAX_SETTINGS = 2000 };

static bool key_valid(const char *key)
{
	size_t n = strlen(key);
	if (!n || n > MAX_KEY)
		return false;
	for (const char *p = key; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-:", *p))
			return false;
	return true;
}

static int read_setting(struct http_request *r, struct app_request *q, const char *key, struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	pg_params_int(r->arena, &p, q->actor->id);
	pg_params_text(r->arena, &p, PG_TEXT, key);
	if (pg_read(q->pg, PG_LANE_FAST, r->arena, "SELECT value FROM ostov.setting WHERE user_id = $1 AND key = $2", &p, &rows, err))
		return -1;
	if (!pg_rows_count(rows))
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_SETTING);
	pg_rows_json(rows, &r->out, 0, 0);
	http_reply_json(r, 200);
	return 0;
}

/* The number of settings of one user is bounded: a new key past the bound is refused, known ones are written for ever. */
static int write_setting(struct http_request *r, struct app_request *q, const char *key, struct err *err)
{
	struct json *value;
	struct pg_params p = {0};
	struct pg_tx *tx;
	struct pg_rows *rows;
	if (!http_is_json(r))
		return err_say(err, ERR_MEDIA_TYPE, q->actor->lang, SAY_SEND_JSON);
	if (r->body_len > MAX_VALUE)
		return err_say(err, ERR_TOO_LARGE, q->actor->lang, SAY_SETTING_SIZE);
	if (json_read(r->arena, r->body, r->body_len, &value, err))
		return -1;
	pg_params_int(r->arena, &p, q->actor->id);
	pg_params_text(r->arena, &p, PG_TEXT, key);
	pg_params_text(r->arena, &p, PG_JSONB, arena_strndup(r->arena, r->body, r->body_len));
	pg_params_int(r->arena, &p, MAX_SETTINGS);
	if (pg_room(q->pg, err) || pg_tx_open(q->pg, PG_LANE_TX, &tx, err))
		return -1;
	if (pg_tx_run(tx, r->arena,
				  "INSERT INTO ostov.setting (user_id, key, value) SELECT $1, $2, $3 WHERE (SELECT count(*) FROM ostov.setting WHERE "
				  "user_id = $1 AND key <> $2) < $4"
				  " ON CONFLICT (user_id, key) DO UPDATE SET value = excluded.value",
				  &p, &rows, err)) {
		pg_tx_rollback(tx);
		return -1;
	}
	int64_t written = pg_rows_affected(rows);
	if (pg_tx_commit(tx, err))
		return -1;
	if (!written)
		return err_say(err, ERR_CONFLICT, q->actor->lang, SAY_SETTING_COUNT);
	http_reply_empty(r, 204);
	return 0;
}

int ui_setting(struct http_request *r, struct app_request *q, const char *key, struct err *err)
{
	if (!key_valid(key))
		return err_say(err, ERR_NOT_FOUND, q->actor->lang, SAY_NO_SETTING);
	if (r->method == HTTP_GET || r->method == HTTP_HEAD)
		return read_setting(r, q, key, err);
	if (r->method == HTTP_PUT)
		return write_setting(r, q, key, err);
	return http_refuse_method(r, "GET, HEAD, PUT", err);
}
