#include "edge/auth.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/say.h"
#include "edge/app.h"
#include "edge/http.h"
#include "meta/registry.h"
#include "pg/pg.h"
#include "serve/session.h"

static const char cookie_name[] = "ostov_session";

static bool writes(enum http_method m)
{
	return m != HTTP_GET && m != HTTP_HEAD && m != HTTP_OPTIONS;
}

static int basic(struct http_request *r, struct app_request *q, const char *coded, struct err *err)
{
	unsigned char plain[1024];
	size_t len;
	if (!r->secure && !r->local)
		return err_tell(err, ERR_UNAUTHORIZED, SAY_BASIC_CLEAR);
	if (sodium_base642bin(plain, sizeof plain - 1, coded, strlen(coded), " ", &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return err_tell(err, ERR_UNAUTHORIZED, SAY_AUTHORIZATION);
	plain[len] = 0;
	char *colon = strchr((char *)plain, ':');
	if (!colon || strlen((char *)plain) != len)
		return err_tell(err, ERR_UNAUTHORIZED, SAY_AUTHORIZATION);
	*colon = 0;
	return session_basic(q->pg, q->reg, r->arena, (char *)plain, colon + 1, r->peer, &q->session, err);
}

bool auth_own_origin(const struct http_request *r)
{
	const char *origin = http_header(r, "Origin"), *host = http_header(r, "Host");
	if (!origin)
		return true;
	if (strcasecmp(origin, http_base_url(r->server)) == 0)
		return true;
	const char *slashes = strstr(origin, "://");
	return slashes && host && strcasecmp(slashes + 3, host) == 0;
}

int auth_identify(struct http_request *r, struct app_request *q, struct err *err)
{
	const char *authorization = http_header(r, "Authorization");
	if (authorization) {
		int failed;
		if (strncasecmp(authorization, "Bearer ", 7) == 0)
			failed = session_find_token(q->pg, q->reg, r->arena, authorization + 7 + strspn(authorization + 7, " "), &q->session, err);
		else if (strncasecmp(authorization, "Basic ", 6) == 0)
			failed = basic(r, q, authorization + 6 + strspn(authorization + 6, " "), err);
		else
			failed = err_tell(err, ERR_UNAUTHORIZED, SAY_AUTHORIZATION_KIND);
		if (failed)
			return -1;
		/* a browser may have kept the password */
		if (strncasecmp(authorization, "Basic ", 6) == 0 && writes(r->method) && !auth_own_origin(r))
			return err_tell(err, ERR_CSRF, SAY_CSRF);
		if (q->session.read_only && writes(r->method))
			return err_tell(err, ERR_FORBIDDEN, SAY_TOKEN_READS);
		return 0;
	}
	const char *secret = http_cookie(r, cookie_name);
	if (!secret)
		return 0;
	if (session_find(q->pg, q->reg, r->arena, secret, &q->session, err)) {
		if (!err || err->code != ERR_UNAUTHORIZED)
			return -1;
		err_init(err, err->arena);
		memset(&q->session, 0, sizeof q->session);
		return 0;
	}
	q->secret = secret;
	if (writes(r->method) && strcmp(r->path, "/auth/login") != 0) {
		const char *sent = http_header(r, "X-CSRF-Token");
		size_t n = strlen(q->session.csrf);
		if (!auth_own_origin(r) || !sent || strlen(sent) != n || sodium_memcmp(sent, q->session.csrf, n) != 0)
			return err_tell(err, ERR_CSRF, SAY_CSRF);
	}
	return 0;
}

/* The body as a JSON object; the arena frees it. */
static void drop_json(void *json)
{
	json_decref(json);
}

static json_t *body_object(struct http_request *r, struct err *err)
{
	if (!http_is_json(r)) {
		err_tell(err, ERR_MEDIA_TYPE, SAY_SEND_JSON);
		return NULL;
	}
	json_error_t e;
	json_t *j = json_loadb(r->body, r->body_len, JSON_REJECT_DUPLICATES, &e);
	if (!j || !json_is_object(j)) {
		json_decref(j);
		err_tell(err, ERR_SYNTAX, SAY_BODY_OBJECT);
		return NULL;
	}
	arena_defer(r->arena, drop_json, j);
	return j;
}

static const char *body_text(json_t *j, const char *name, struct err *err)
{
	const char *s = json_string_value(json_object_get(j, name));
	if (!s) {
		err_tell(err, ERR_INVALID, SAY_MUST_BE_TEXT, name);
		err_target(err, name);
	}
	return s;
}

static const char *setting(struct http_request *r, struct app_request *q, const char *key)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	struct err err;
	err_init(&err, r->arena);
	pg_params_int(r->arena, &p, q->session.user_id);
	pg_params_text(r->arena, &p, PG_TEXT, key);
	if (pg_read(q->pg, PG_LANE_FAST, r->arena, "SELECT value #>> '{}' FROM ostov.setting WHERE user_id = $1 AND key = $2", &p, &rows,
				&err) ||
		!pg_rows_count(rows))
		return NULL;
	return pg_rows_text(rows, 0, 0);
}

/* {"user":{…},"csrf":"…"} of the signed-in user. */
static int write_me(struct http_request *r, struct app_request *q, struct err *err)
{
	struct registry *reg = q->reg;
	struct arena *a = r->arena;
	struct field *roles = section_find(reg->user, "roles");
	struct pg_params p = {0};
	struct pg_rows *rows;
	pg_params_int(a, &p, q->session.user_id);
	const char *sql =
		arena_printf(a,
					 "SELECT u.id, u.%s, u.%s, ARRAY(SELECT r.%s FROM %s l JOIN %s r ON r.id = l.target WHERE l.record = u.id ORDER BY 1) "
					 "FROM %s u WHERE u.id = $1",
					 section_find(reg->user, "login")->expr.column, section_find(reg->user, "name")->expr.column,
					 section_find(reg->role, "code")->expr.column, roles->expr.link, reg->role->expr.sql, reg->user->expr.sql);
	if (pg_read(q->pg, PG_LANE_FAST, a, sql, &p, &rows, err))
		return -1;
	if (!pg_rows_count(rows))
		return err_tell(err, ERR_UNAUTHORIZED, SAY_SIGN_IN);
	const char *theme = setting(r, q, "theme"), *lang = q->session.lang[0] ? q->session.lang : r->lang == LANG_RU ? "ru" : "en";
	struct value list = pg_rows_value(rows, a, 0, 3);
	struct buf *b = &r->out;
	buf_puts(b, "{\"user\":{\"id\":");
	pg_rows_json(rows, b, 0, 0);
	buf_puts(b, ",\"login\":");
	pg_rows_json(rows, b, 0, 1);
	buf_puts(b, ",\"name\":");
	pg_rows_json(rows, b, 0, 2);
	buf_printf(b, ",\"language\":\"%s\",\"theme\":", lang);
	buf_json(b, theme ? theme : "system", strlen(theme ? theme : "system"));
	buf_puts(b, ",\"roles\":");
	if (list.kind == VALUE_LIST)
		value_json(b, &list);
	else
		buf_puts(b, "[]");
	buf_puts(b, "},\"csrf\":");
	buf_json(b, q->session.csrf, strlen(q->session.csrf));
	buf_putc(b, '}');
	http_reply_json(r, 200);
	return 0;
}

static void set_cookie(struct http_request *r, const char *secret)
{
	bool secure = r->secure || strncmp(http_base_url(r->server), "https://", 8) == 0;
	http_set_header(r, "Set-Cookie",
					arena_printf(r->arena, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", cookie_name, secret ? secret : "",
								 secret ? "; Max-Age=2592000" : "; Max-Age=0", secure ? "; Secure" : ""));
}

static int login(struct http_request *r, struct app_request *q, struct err *err)
{
	char secret[SESSION_SECRET];
	if (!auth_own_origin(r))
		return err_tell(err, ERR_CSRF, SAY_CSRF);
	json_t *j = body_object(r, err);
	const char *name = j ? body_text(j, "login", err) : NULL, *password = name ? body_text(j, "password", err) : NULL;
	if (!password)
		return -1;
	if (session_login(q->pg, q->reg, r->arena, name, password, r->peer, http_header(r, "User-Agent"), &q->session, secret, err))
		return -1;
	set_cookie(r, arena_strdup(r->arena, secret));
	return write_me(r, q, err);
}

static int logout(struct http_request *r, struct app_request *q, struct err *err)
{
	if (q->secret && session_logout(q->pg, r->arena, q->secret, err))
		return -1;
	set_cookie(r, NULL);
	http_reply_empty(r, 204);
	return 0;
}

static int change_password(struct http_request *r, struct app_request *q, struct err *err)
{
	json_t *j = body_object(r, err);
	const char *old = j ? body_text(j, "old", err) : NULL, *new = old ? body_text(j, "new", err) : NULL;
	if (!new || session_change_password(q->pg, r->arena, q->session.user_id, q->secret, old, new, err))
		return -1;
	http_reply_empty(r, 204);
	return 0;
}

static int save_setting(struct http_request *r, struct app_request *q, const char *key, const char *text, struct err *err)
{
	struct pg_params p = {0};
	struct pg_tx *tx;
	struct pg_rows *rows;
	pg_params_int(r->arena, &p, q->session.user_id);
	pg_params_text(r->arena, &p, PG_TEXT, key);
	pg_params_text(r->arena, &p, PG_TEXT, text);
	if (pg_tx_open(q->pg, PG_LANE_TX, &tx, err))
		return -1;
	if (pg_tx_run(tx, r->arena,
				  "INSERT INTO ostov.setting (user_id, key, value) VALUES ($1, $2, to_jsonb($3::text)) ON CONFLICT (user_id, key) DO "
				  "UPDATE SET value = excluded.value",
				  &p, &rows, err)) {
		pg_tx_rollback(tx);
		return -1;
	}
	/* the other workers speak the new language at once, too */
	struct pg_params who = {0};
	pg_params_int(r->arena, &who, q->session.user_id);
	if (pg_tx_run(tx, r->arena, "SELECT pg_notify('ostov_session', $1::int8::text)", &who, &rows, err)) {
		pg_tx_rollback(tx);
		return -1;
	}
	return pg_tx_commit(tx, err);
}

static int change_me(struct http_request *r, struct app_request *q, struct err *err)
{
	static const struct {
		const char *key, *allowed[4];
	} known[] = {{"language", {"ru", "en", NULL}}, {"theme", {"light", "dark", "system", NULL}}};
	json_t *j = body_object(r, err);
	if (!j)
		return -1;
	const char *key;
	json_t *v;
	json_object_foreach(j, key, v)
	{
		const char *text = json_string_value(v);
		size_t k = 0, n = 0;
		while (k < 2 && strcmp(known[k].key, key) != 0)
			k++;
		if (k == 2) {
			err_tell(err, ERR_UNKNOWN_FIELD, SAY_NOTHING_TO_CHANGE, key);
			return err_target(err, key);
		}
		while (text && known[k].allowed[n] && strcmp(known[k].allowed[n], text) != 0)
			n++;
		if (!text || !known[k].allowed[n]) {
			err_tell(err, ERR_INVALID, SAY_SETTING_VALUE, key);
			return err_target(err, key);
		}
	}
	/* all of it is right: now it is written */
	json_object_foreach(j, key, v)
	{
		const char *text = json_string_value(v);
		if (save_setting(r, q, key, text, err))
			return -1;
		if (strcmp(key, known[0].key) == 0)
			memcpy(q->session.lang, text, 3);
	}
	session_forget(&q->session);
	return write_me(r, q, err);
}

/* "scopes": ["read"] or ["all"], which is what a token has that says nothing. */
static int token_scope(json_t *scopes, bool *read_only, struct err *err)
{
	const char *scope = json_array_size(scopes) == 1 ? json_string_value(json_array_get(scopes, 0)) : NULL;
	*read_only = scope && strcmp(scope, "read") == 0;
	if (!scopes || *read_only || (scope && strcmp(scope, "all") == 0))
		return 0;
	err_tell(err, ERR_INVALID, SAY_SETTING_VALUE, "scopes");
	return err_target(err, "scopes");
}

static int make_token(struct http_request *r, struct app_request *q, struct err *err)
{
	json_t *j = body_object(r, err), *v;
	const char *name = j ? body_text(j, "name", err) : NULL, *key;
	char token[SESSION_SECRET + 4];
	bool read_only;
	int64_t id;
	if (!name)
		return -1;
	json_object_foreach(j, key, v)
	{
		/* a token that is not as it was asked for would be trusted with more */
		if (strcmp(key, "name") == 0 || strcmp(key, "days") == 0 || strcmp(key, "scopes") == 0)
			continue;
		err_tell(err, ERR_UNKNOWN_FIELD, SAY_UNKNOWN_FIELD, key);
		return err_target(err, key);
	}
	json_t *days = json_object_get(j, "days");
	if (token_scope(json_object_get(j, "scopes"), &read_only, err) ||
		session_make_token(q->pg, r->arena, q->session.user_id, name, days ? json_integer_value(days) : 365, read_only, &id, token, err))
		return -1;
	buf_printf(&r->out, "{\"id\":%lld,\"token\":\"%s\"}", (long long)id, token);
	http_reply_json(r, 201);
	return 0;
}

static int tokens(struct http_request *r, struct app_request *q, const char *rest, struct err *err)
{
	enum { COLUMNS = 6 };
	struct arena *a = r->arena;
	if ((r->method == HTTP_GET || r->method == HTTP_HEAD) && !*rest) {
		struct pg_params p = {0};
		struct pg_rows *rows;
		static const char *const names[COLUMNS] = {"id", "name", "created_at", "expires_at", "last_used_at", "scopes"};
		pg_params_int(a, &p, q->session.user_id);
		if (pg_read(
				q->pg, PG_LANE_FAST, a,
				"SELECT id, name, created_at, expires_at, last_used_at, scopes FROM ostov.token WHERE user_id = $1 AND revoked_at IS NULL "
				"ORDER BY id DESC LIMIT 200",
				&p, &rows, err))
			return -1;
		buf_puts(&r->out, "{\"value\":[");
		for (size_t i = 0; i < pg_rows_count(rows); i++) {
			buf_puts(&r->out, i ? ",{" : "{");
			for (size_t k = 0; k < COLUMNS; k++) {
				buf_printf(&r->out, "%s\"%s\":", k ? "," : "", names[k]);
				pg_rows_json(rows, &r->out, i, k);
			}
			buf_putc(&r->out, '}');
		}
		buf_puts(&r->out, "]}");
		http_reply_json(r, 200);
		return 0;
	}
	if (r->method == HTTP_POST && !*rest)
		return make_token(r, q, err);
	if (r->method == HTTP_DELETE && *rest == '(') {
		char *end;
		long long id = strtoll(rest + 1, &end, 10);
		if (strcmp(end, ")") != 0 || end == rest + 1)
			return err_tell(err, ERR_NOT_FOUND, SAY_NO_TOKEN);
		if (session_revoke_token(q->pg, a, q->session.user_id, id, err))
			return -1;
		http_reply_empty(r, 204);
		return 0;
	}
	return http_refuse_method(r, *rest ? "DELETE" : "GET, HEAD, POST", err);
}

/* The methods of an address below /auth; NULL: there is nothing. */
static const char *methods(const char *what)
{
	static const struct {
		const char *what, *methods;
	} known[] = {{"/me", "GET, HEAD, PATCH"}, {"/password", "POST"}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(known[i].what, what) == 0)
			return known[i].methods;
	return NULL;
}

void auth_handle(struct http_request *r)
{
	struct app_request *q = r->user_data;
	struct err err;
	err_init(&err, r->arena);
	const char *what = r->path + strlen("/auth");
	int failed;
	if (strcmp(what, "/login") == 0 && r->method == HTTP_POST)
		failed = login(r, q, &err);
	else if (strcmp(what, "/logout") == 0 && r->method == HTTP_POST)
		failed = logout(r, q, &err);
	else if (strcmp(what, "/login") == 0 || strcmp(what, "/logout") == 0)
		failed = http_refuse_method(r, "POST", &err);
	else if (!q->session.user_id)
		failed = err_tell(&err, ERR_UNAUTHORIZED, SAY_SIGN_IN);
	else if (strcmp(what, "/me") == 0 && (r->method == HTTP_GET || r->method == HTTP_HEAD))
		failed = write_me(r, q, &err);
	else if (strcmp(what, "/me") == 0 && r->method == HTTP_PATCH)
		failed = change_me(r, q, &err);
	else if (strcmp(what, "/password") == 0 && r->method == HTTP_POST)
		failed = q->session.kind == SESSION_COOKIE ? change_password(r, q, &err) : err_tell(&err, ERR_FORBIDDEN, SAY_PASSWORD_OWN);
	else if (strncmp(what, "/tokens", 7) == 0 && (!what[7] || what[7] == '('))
		failed = q->session.kind == SESSION_COOKIE ? tokens(r, q, what + 7, &err) : err_tell(&err, ERR_FORBIDDEN, SAY_TOKENS_OWN);
	else if (methods(what))
		failed = http_refuse_method(r, methods(what), &err);
	else
		failed = err_tell(&err, ERR_NOT_FOUND, SAY_NO_RESOURCE);
	if (failed && !q->session.user_id && err.code == ERR_UNAUTHORIZED)
		http_challenge(r);
	if (failed)
		http_reply_err(r, &err);
}
