#include "serve/session.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fiber.h"
#include "base/say.h"
#include "base/text.h"
#include "meta/registry.h"
#include "pg/pg.h"
#include "serve/actor.h"

enum {
	REMEMBER_MS = 900,    /* a looked-up session */
	BASIC_MS = 60 * 1000, /* a verified password of Basic */
	HASH_KB = 19 * 1024,
	HASH_PASSES = 2,
	HASHERS = 2,         /* argon2 at the same time in a worker: each holds HASH_KB */
	ATTEMPTS_LOGIN = 10, /* failures of one login or address in ATTEMPT_MINUTES */
	ATTEMPTS_ADDRESS = 50,
	ATTEMPT_MINUTES = 15,
	CACHE = 1024
};

/* Looked-up sessions by hash: a direct-mapped cache. */
static struct cached {
	unsigned char key[crypto_hash_sha256_BYTES];
	struct session session;
	uint64_t until_ms;
} cache[CACHE];

static unsigned hashing;
static struct fiber_queue hash_queue;

void session_forget(const struct session *session)
{
	for (size_t i = 0; i < CACHE; i++)
		if (cache[i].session.user_id == session->user_id)
			cache[i].until_ms = 0;
}

/* Another process says that something about a user changed; NULL: anything may have. */
static void on_notify(void *ctx, const char *payload)
{
	(void)ctx;
	int64_t user = payload ? strtoll(payload, NULL, 10) : 0;
	for (size_t i = 0; i < CACHE; i++)
		if (!user || cache[i].session.user_id == user)
			cache[i].until_ms = 0;
	actor_forget(user);
}

int session_watch(struct pg *pg, struct err *err)
{
	return pg_listen(pg, "ostov_session", on_notify, NULL, err);
}

static void hash_secret(const char *secret, unsigned char out[crypto_hash_sha256_BYTES])
{
	crypto_hash_sha256(out, (const unsigned char *)secret, strlen(secret));
}

static void make_secret(char out[SESSION_SECRET])
{
	unsigned char bytes[32];
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(out, SESSION_SECRET, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static struct cached *cache_slot(const unsigned char key[crypto_hash_sha256_BYTES])
{
	unsigned i;
	memcpy(&i, key, sizeof i);
	return &cache[i % CACHE];
}

static bool cache_find(const unsigned char *key, struct session *out)
{
	struct cached *c = cache_slot(key);
	if (c->until_ms < clock_monotonic_ms() || memcmp(c->key, key, sizeof c->key) != 0)
		return false;
	*out = c->session;
	return true;
}

static void cache_put(const unsigned char *key, const struct session *session, uint64_t ms)
{
	struct cached *c = cache_slot(key);
	memcpy(c->key, key, sizeof c->key);
	c->session = *session;
	c->until_ms = clock_monotonic_ms() + ms;
}

static void cache_drop(const unsigned char *key)
{
	struct cached *c = cache_slot(key);
	if (memcmp(c->key, key, sizeof c->key) == 0)
		c->until_ms = 0;
}

/* SQL of the user's language: the own choice, else what the administrator set. */
static const char *language_sql(const struct registry *reg, struct arena *a)
{
	struct field *language = section_find(reg->user, "language");
	return arena_printf(a, "coalesce((SELECT value #>> '{}' FROM ostov.setting WHERE user_id = u.id AND key = 'language'), %s%s, '')",
						language ? "u." : "", language ? language->expr.column : "''");
}

static void language_set(struct session *session, const struct pg_rows *rows, size_t col)
{
	const char *lang = pg_rows_text(rows, 0, col);
	if (lang && strlen(lang) == 2)
		memcpy(session->lang, lang, 3);
}

/* Runs one writing statement in a transaction of its own. */
static int write_one(struct pg *pg, struct arena *a, const char *sql, const struct pg_params *params, struct pg_rows **rows,
					 struct err *err)
{
	struct pg_tx *tx;
	struct pg_rows *mine;
	if (pg_tx_open(pg, PG_LANE_TX, &tx, err))
		return -1;
	if (pg_tx_run(tx, a, sql, params, rows ? rows : &mine, err)) {
		pg_tx_rollback(tx);
		return -1;
	}
	return pg_tx_commit(tx, err);
}

struct hash_work {
	const char *password, *hash; /* hash NULL: make one */
	char made[crypto_pwhash_STRBYTES];
	int result;
};

static void hash_run(void *arg)
{
	struct hash_work *w = arg;
	if (w->hash)
		w->result = crypto_pwhash_str_verify(w->hash, w->password, strlen(w->password));
	else
		w->result = crypto_pwhash_str_alg(w->made, w->password, strlen(w->password), HASH_PASSES, (size_t)HASH_KB * 1024,
										  crypto_pwhash_ALG_ARGON2ID13);
}

/* Takes one of the places of HASHERS. Who guesses keeps it from the look at what failed before until the failure is noted: however many guess at once, no more than these
 * are beyond the limit. */
static int hash_enter(struct err *err)
{
	while (fiber_self() && hashing >= HASHERS)
		if (fiber_queue_wait(&hash_queue, 5000))
			return err_tell(err, ERR_UNAVAILABLE, SAY_SIGN_IN_BUSY);
	hashing++;
	return 0;
}

static void hash_leave(void)
{
	hashing--;
	fiber_queue_wake(&hash_queue);
}

static void hash_work(struct hash_work *w)
{
	if (fiber_self())
		fiber_work(hash_run, w);
	else
		hash_run(w);
}

static int hash_do(struct hash_work *w, struct err *err)
{
	if (hash_enter(err))
		return -1;
	hash_work(w);
	hash_leave();
	return 0;
}

int session_check_password(const char *password, struct err *err)
{
	size_t len = strlen(password), n = text_valid(password, len) ? text_length(password, len) : 0;
	if (n >= 8 && n <= 200)
		return 0;
	err_tell(err, ERR_INVALID, SAY_PASSWORD_LENGTH);
	return err_target(err, "password");
}

int session_hash_password(struct arena *a, const char *password, const char **hash, struct err *err)
{
	struct hash_work w = {.password = password};
	if (sodium_init() < 0)
		return err_set(err, ERR_INTERNAL, "libsodium does not start");
	if (hash_do(&w, err))
		return -1;
	if (w.result)
		return err_set(err, ERR_INTERNAL, "no memory to hash a password");
	*hash = arena_strdup(a, w.made);
	return 0;
}

/* A hash that no password fits, so that an unknown login costs the same time. */
static const char *decoy(void)
{
	static char made[crypto_pwhash_STRBYTES];
	if (!made[0]) {
		char secret[SESSION_SECRET];
		make_secret(secret);
		struct hash_work w = {.password = secret};
		hash_run(&w);
		memcpy(made, w.made, sizeof made);
	}
	return made;
}

static int throttle(struct pg *pg, struct arena *a, const char *login, const char *address, struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	pg_params_text(a, &p, PG_TEXT, arena_printf(a, "login:%s", login));
	pg_params_text(a, &p, PG_TEXT, arena_printf(a, "address:%s", address));
	pg_params_int(a, &p, ATTEMPT_MINUTES);
	if (pg_read(pg, PG_LANE_FAST, a,
				"SELECT count(*) FILTER (WHERE key = $1), count(*) FILTER (WHERE key = $2) FROM ostov.login_attempt WHERE key IN ($1, $2) "
				"AND at > "
				"clock_timestamp() - make_interval(mins => $3::int)",
				&p, &rows, err))
		return -1;
	if (pg_rows_int(rows, 0, 0) >= ATTEMPTS_LOGIN || pg_rows_int(rows, 0, 1) >= ATTEMPTS_ADDRESS)
		return err_tell(err, ERR_TOO_MANY, SAY_SIGN_IN_LATER);
	return 0;
}

static int note_failure(struct pg *pg, struct arena *a, const char *login, const char *address, struct err *err)
{
	struct pg_params p = {0};
	pg_params_text(a, &p, PG_TEXT, arena_printf(a, "login:%s", login));
	pg_params_text(a, &p, PG_TEXT, arena_printf(a, "address:%s", address));
	return write_one(pg, a,
					 "WITH old AS (DELETE FROM ostov.login_attempt WHERE at < clock_timestamp() - interval '1 day') "
					 "INSERT INTO ostov.login_attempt (key, at) VALUES ($1, clock_timestamp()), ($2, clock_timestamp())",
					 &p, NULL, err);
}

/* The same with a place to hash. */
static int verify_placed(struct pg *pg, const struct registry *reg, struct arena *a, const char *login, const char *password,
						 const char *address, struct session *out, struct err *err)
{
	struct field *login_field = section_find(reg->user, "login"), *active = section_find(reg->user, "active");
	struct pg_params p = {0};
	struct pg_rows *rows;
	if (throttle(pg, a, login, address, err))
		return -1;
	pg_params_text(a, &p, PG_TEXT, login);
	const char *sql =
		arena_printf(a, "SELECT u.id, c.hash, %s FROM %s u JOIN ostov.credential c ON c.user_id = u.id WHERE u.%s = $1 AND u.%s",
					 language_sql(reg, a), reg->user->expr.sql, login_field->expr.column, active->expr.column);
	if (pg_read(pg, PG_LANE_FAST, a, sql, &p, &rows, err))
		return -1;
	bool known = pg_rows_count(rows) == 1;
	struct hash_work w = {.password = password, .hash = known ? pg_rows_text(rows, 0, 1) : decoy()};
	hash_work(&w);
	if (known && w.result == 0) {
		memset(out, 0, sizeof *out);
		out->user_id = pg_rows_int(rows, 0, 0);
		language_set(out, rows, 2);
		return 0;
	}
	if (note_failure(pg, a, login, address, err))
		return -1;
	return err_tell(err, ERR_BAD_CREDENTIALS, SAY_BAD_CREDENTIALS);
}

/* Verifies login and password; out->user_id of an active user. */
static int verify(struct pg *pg, const struct registry *reg, struct arena *a, const char *login, const char *password, const char *address,
				  struct session *out, struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, ERR_INTERNAL, "libsodium does not start");
	if (strlen(login) > 200 || strlen(password) > 1000 || !text_valid(login, strlen(login)))
		return err_tell(err, ERR_BAD_CREDENTIALS, SAY_BAD_CREDENTIALS);
	/* who is refused anyway waits for nobody */
	if (throttle(pg, a, login, address, err) || hash_enter(err))
		return -1;
	int failed = verify_placed(pg, reg, a, login, password, address, out, err);
	hash_leave();
	return failed;
}

int session_login(struct pg *pg, const struct registry *reg, struct arena *a, const char *login, const char *password, const char *address,
				  const char *agent, struct session *out, char secret[SESSION_SECRET], struct err *err)
{
	if (verify(pg, reg, a, login, password, address, out, err))
		return -1;
	unsigned char key[crypto_hash_sha256_BYTES];
	out->kind = SESSION_COOKIE;
	make_secret(secret);
	make_secret(out->csrf);
	hash_secret(secret, key);
	struct pg_params p = {0};
	pg_params_bytes(a, &p, key, sizeof key);
	pg_params_int(a, &p, out->user_id);
	pg_params_bytes(a, &p, out->csrf, strlen(out->csrf));
	pg_params_text(a, &p, PG_TEXT, address);
	pg_params_text(a, &p, PG_TEXT, agent ? arena_strndup(a, agent, strnlen(agent, 300)) : "");
	return write_one(pg, a,
					 "INSERT INTO ostov.session (id, user_id, csrf, created_at, seen_at, expires_at, address, agent) VALUES ($1, $2, $3, "
					 "clock_timestamp(), "
					 "clock_timestamp(), clock_timestamp() + interval '30 days', $4, $5)",
					 &p, NULL, err);
}

int session_find(struct pg *pg, const struct registry *reg, struct arena *a, const char *secret, struct session *out, struct err *err)
{
	unsigned char key[crypto_hash_sha256_BYTES];
	if (strlen(secret) != SESSION_SECRET - 1)
		return err_tell(err, ERR_UNAUTHORIZED, SAY_SIGN_IN);
	hash_secret(secret, key);
	if (cache_find(key, out))
		return 0;
	struct pg_params p = {0};
	struct pg_rows *rows;
	pg_params_bytes(a, &p, key, sizeof key);
	/* seen_at moves every five minutes at most: twelve idle hours end a session */
	const char *sql = arena_printf(
		a,
		"SELECT s.user_id, s.csrf, s.seen_at < clock_timestamp() - interval '5 minutes', %s FROM ostov.session s JOIN %s u ON u.id = "
		"s.user_id "
		"WHERE s.id = $1 AND s.expires_at > clock_timestamp() AND s.seen_at > clock_timestamp() - interval '12 hours' AND u.%s",
		language_sql(reg, a), reg->user->expr.sql, section_find(reg->user, "active")->expr.column);
	if (pg_read(pg, PG_LANE_FAST, a, sql, &p, &rows, err))
		return -1;
	if (pg_rows_count(rows) == 0)
		return err_tell(err, ERR_UNAUTHORIZED, SAY_SIGN_IN);
	memset(out, 0, sizeof *out);
	out->kind = SESSION_COOKIE;
	out->user_id = pg_rows_int(rows, 0, 0);
	size_t len;
	const char *csrf = pg_rows_bytes(rows, 0, 1, &len);
	if (len < sizeof out->csrf)
		memcpy(out->csrf, csrf, len);
	language_set(out, rows, 3);
	if (pg_rows_bool(rows, 0, 2) && write_one(pg, a, "UPDATE ostov.session SET seen_at = clock_timestamp() WHERE id = $1", &p, NULL, err))
		return -1;
	cache_put(key, out, REMEMBER_MS);
	return 0;
}

int session_find_token(struct pg *pg, const struct registry *reg, struct arena *a, const char *token, struct session *out, struct err *err)
{
	unsigned char key[crypto_hash_sha256_BYTES];
	if (strlen(token) != SESSION_SECRET + 3 || strncmp(token, "ost_", 4) != 0)
		return err_tell(err, ERR_UNAUTHORIZED, SAY_TOKEN_INVALID);
	hash_secret(token, key);
	if (cache_find(key, out))
		return 0;
	struct pg_params p = {0};
	struct pg_rows *rows;
	pg_params_bytes(a, &p, key, sizeof key);
	const char *sql = arena_printf(a,
								   "SELECT t.user_id, t.scopes = ARRAY['read'], t.last_used_at IS NULL OR t.last_used_at < "
								   "clock_timestamp() - interval '5 minutes', t.id, %s FROM "
								   "ostov.token t JOIN %s u ON u.id = t.user_id WHERE t.hash = $1 AND t.revoked_at IS NULL AND "
								   "t.expires_at > clock_timestamp() AND u.%s",
								   language_sql(reg, a), reg->user->expr.sql, section_find(reg->user, "active")->expr.column);
	if (pg_read(pg, PG_LANE_FAST, a, sql, &p, &rows, err))
		return -1;
	if (pg_rows_count(rows) == 0)
		return err_tell(err, ERR_UNAUTHORIZED, SAY_TOKEN_INVALID);
	memset(out, 0, sizeof *out);
	out->kind = SESSION_TOKEN;
	out->user_id = pg_rows_int(rows, 0, 0);
	out->read_only = pg_rows_bool(rows, 0, 1);
	language_set(out, rows, 4);
	if (pg_rows_bool(rows, 0, 2)) {
		struct pg_params id = {0};
		pg_params_int(a, &id, pg_rows_int(rows, 0, 3));
		if (write_one(pg, a, "UPDATE ostov.token SET last_used_at = clock_timestamp() WHERE id = $1", &id, NULL, err))
			return -1;
	}
	cache_put(key, out, REMEMBER_MS);
	return 0;
}

int session_basic(struct pg *pg, const struct registry *reg, struct arena *a, const char *login, const char *password, const char *address,
				  struct session *out, struct err *err)
{
	/* the key is random per process: a memory dump does not give a quick hash of the password */
	static unsigned char salt[crypto_generichash_KEYBYTES];
	static bool salted;
	unsigned char key[crypto_hash_sha256_BYTES];
	if (!salted) {
		randombytes_buf(salt, sizeof salt);
		salted = true;
	}
	const char *both = arena_printf(a, "%zu:%s:%s", strlen(login), login, password);
	crypto_generichash(key, sizeof key, (const unsigned char *)both, strlen(both), salt, sizeof salt);
	if (cache_find(key, out)) {
		/* the password was right within the last minute; the user may have been switched off or given another one since */
		struct pg_params p = {0};
		struct pg_rows *rows;
		pg_params_int(a, &p, out->user_id);
		pg_params_int(a, &p, BASIC_MS / 1000);
		const char *sql = arena_printf(a,
									   "SELECT 1 FROM %s u JOIN ostov.credential c ON c.user_id = u.id WHERE u.id = $1 AND u.%s AND "
									   "c.changed_at < clock_timestamp() - make_interval(secs => $2::int)",
									   reg->user->expr.sql, section_find(reg->user, "active")->expr.column);
		if (pg_read(pg, PG_LANE_FAST, a, sql, &p, &rows, err))
			return -1;
		if (pg_rows_count(rows) == 1)
			return 0;
		cache_drop(key);
	}
	if (verify(pg, reg, a, login, password, address, out, err))
		return -1;
	out->kind = SESSION_BASIC;
	cache_put(key, out, BASIC_MS);
	return 0;
}

int session_logout(struct pg *pg, struct arena *a, const char *secret, struct err *err)
{
	unsigned char key[crypto_hash_sha256_BYTES];
	struct pg_params p = {0};
	hash_secret(secret, key);
	cache_drop(key);
	pg_params_bytes(a, &p, key, sizeof key);
	return write_one(pg, a,
					 "WITH gone AS (DELETE FROM ostov.session WHERE id = $1 RETURNING user_id) SELECT pg_notify('ostov_session', "
					 "user_id::text) FROM gone",
					 &p, NULL, err);
}

int session_change_password(struct pg *pg, struct arena *a, int64_t user_id, const char *keep_secret, const char *old, const char *password,
							struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	if (session_check_password(password, err))
		return err_target(err, "new");
	pg_params_int(a, &p, user_id);
	if (pg_read(pg, PG_LANE_FAST, a, "SELECT hash FROM ostov.credential WHERE user_id = $1", &p, &rows, err))
		return -1;
	struct hash_work w = {.password = old, .hash = pg_rows_count(rows) ? pg_rows_text(rows, 0, 0) : decoy()};
	const char *who = arena_printf(a, "#%lld", (long long)user_id);
	if (hash_enter(err))
		return -1;
	int failed = throttle(pg, a, who, who, err);
	if (!failed) {
		hash_work(&w);
		failed = (w.result || !pg_rows_count(rows)) && note_failure(pg, a, who, who, err);
	}
	hash_leave();
	if (failed)
		return -1;
	if (w.result || !pg_rows_count(rows)) {
		err_tell(err, ERR_INVALID, SAY_OLD_PASSWORD);
		return err_target(err, "old");
	}
	const char *hash;
	if (session_hash_password(a, password, &hash, err))
		return -1;
	unsigned char key[crypto_hash_sha256_BYTES];
	hash_secret(keep_secret ? keep_secret : "", key);
	pg_params_text(a, &p, PG_TEXT, hash);
	pg_params_bytes(a, &p, key, sizeof key);
	if (write_one(
			pg, a,
			"WITH gone AS (DELETE FROM ostov.session WHERE user_id = $1 AND id <> $3), new AS (UPDATE ostov.credential SET hash = $2, "
			"changed_at = clock_timestamp() WHERE user_id = $1 RETURNING user_id) SELECT pg_notify('ostov_session', user_id::text) FROM "
			"new",
			&p, NULL, err))
		return -1;
	session_forget(&(struct session){.user_id = user_id});
	return 0;
}

int session_make_token(struct pg *pg, struct arena *a, int64_t user_id, const char *name, int64_t days, bool read_only, int64_t *id,
					   char token[SESSION_SECRET + 4], struct err *err)
{
	unsigned char key[crypto_hash_sha256_BYTES];
	struct pg_params p = {0};
	struct pg_rows *rows;
	size_t len = strlen(name);
	if (!len || len > 200) {
		err_tell(err, ERR_INVALID, SAY_TOKEN_NAME);
		return err_target(err, "name");
	}
	if (days < 1 || days > 3650) {
		err_tell(err, ERR_INVALID, SAY_TOKEN_DAYS);
		return err_target(err, "days");
	}
	memcpy(token, "ost_", 4);
	make_secret(token + 4);
	hash_secret(token, key);
	pg_params_bytes(a, &p, key, sizeof key);
	pg_params_int(a, &p, user_id);
	pg_params_text(a, &p, PG_TEXT, name);
	pg_params_int(a, &p, days);
	pg_params_text(a, &p, PG_TEXT, read_only ? "read" : "all");
	if (write_one(pg, a,
				  "INSERT INTO ostov.token (hash, user_id, name, scopes, created_at, expires_at) VALUES ($1, $2, $3, ARRAY[$5], "
				  "clock_timestamp(), "
				  "clock_timestamp() + make_interval(days => $4::int)) RETURNING id",
				  &p, &rows, err))
		return -1;
	*id = pg_rows_int(rows, 0, 0);
	return 0;
}

int session_revoke_token(struct pg *pg, struct arena *a, int64_t user_id, int64_t id, struct err *err)
{
	struct pg_params p = {0};
	struct pg_rows *rows;
	pg_params_int(a, &p, user_id);
	pg_params_int(a, &p, id);
	if (write_one(pg, a,
				  "WITH gone AS (UPDATE ostov.token SET revoked_at = clock_timestamp() WHERE user_id = $1 AND id = $2 AND revoked_at IS "
				  "NULL RETURNING user_id) "
				  "SELECT pg_notify('ostov_session', user_id::text) FROM gone",
				  &p, &rows, err))
		return -1;
	if (!pg_rows_count(rows))
		return err_tell(err, ERR_NOT_FOUND, SAY_NO_TOKEN);
	session_forget(&(struct session){.user_id = user_id});
	return 0;
}
