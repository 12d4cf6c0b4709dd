/* session: who is signed in: sessions by cookie, API tokens, passwords, and the throttling of guesses (SAFETY 9, 11, 14).
 *
 * Secrets are stored hashed (argon2id for passwords, SHA-256 for random session ids and tokens). What was looked up is remembered for less than a
 * second, so that signing out and deactivation reach every worker within one. Not here: HTTP headers and cookies (edge/auth), roles (actor). */
#ifndef OST_SERVE_SESSION_H
#define OST_SERVE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct pg;
struct registry;

enum session_kind { SESSION_COOKIE, SESSION_TOKEN, SESSION_BASIC };

struct session {
	enum session_kind kind;
	int64_t user_id;
	char csrf[44];  /* of cookie sessions: what write requests must repeat; "" otherwise */
	bool read_only; /* a token with the scope "read" alone */
	char lang[3];   /* the user's own language ("ru"), "" when none was chosen */
};

/* Bytes of a secret's text: 32 random bytes in URL-safe base64 and a NUL. */
enum { SESSION_SECRET = 44 };

/* Checks login and password and opens a session; its secret goes to `secret`. ERR_BAD_CREDENTIALS (same text and time whether the login exists or not), ERR_TOO_MANY. */
int session_login(struct pg *pg, const struct registry *reg, struct arena *a, const char *login, const char *password, const char *address,
				  const char *agent, struct session *out, char secret[SESSION_SECRET], struct err *err);
/* The session of a cookie's secret; ERR_UNAUTHORIZED. */
int session_find(struct pg *pg, const struct registry *reg, struct arena *a, const char *secret, struct session *out, struct err *err);
/* The token's session; ERR_UNAUTHORIZED. */
int session_find_token(struct pg *pg, const struct registry *reg, struct arena *a, const char *token, struct session *out, struct err *err);
/* Login and password of one request (Basic): as session_login, but without a session; a right answer is remembered for a minute in this process. */
int session_basic(struct pg *pg, const struct registry *reg, struct arena *a, const char *login, const char *password, const char *address,
				  struct session *out, struct err *err);
/* Forgets what this process remembers of the session's user: the next request looks again. */
void session_forget(const struct session *session);
/* Forgets users as soon as any process announces a change (NOTIFY ostov_session): a hint that makes the half second shorter. In a fiber, once. */
int session_watch(struct pg *pg, struct err *err);
/* Ends the session. */
int session_logout(struct pg *pg, struct arena *a, const char *secret, struct err *err);
/* Changes the own password and ends the user's other sessions. ERR_INVALID with target "old" or "new". */
int session_change_password(struct pg *pg, struct arena *a, int64_t user_id, const char *keep_secret, const char *old, const char *password,
							struct err *err);
/* Makes a token ("ost_…", shown once); days 1 to 3650. */
int session_make_token(struct pg *pg, struct arena *a, int64_t user_id, const char *name, int64_t days, bool read_only, int64_t *id,
					   char token[SESSION_SECRET + 4], struct err *err);
/* Revokes the user's own token; ERR_NOT_FOUND. */
int session_revoke_token(struct pg *pg, struct arena *a, int64_t user_id, int64_t id, struct err *err);
/* argon2id (19 MiB, two passes) of a password, in `a`; runs in the thread pool when called in a fiber. */
int session_hash_password(struct arena *a, const char *password, const char **hash, struct err *err);
/* ERR_INVALID (target "password") when too short or too long: 8 to 200 characters. */
int session_check_password(const char *password, struct err *err);

#endif
