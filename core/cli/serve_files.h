/* serve_files: the program's own files where the workers can read them.
 *
 * Under root workers become another user; a program that lies below a folder closed to that user (a checkout in root's home) is then copied. */
#ifndef OST_CLI_SERVE_FILES_H
#define OST_CLI_SERVE_FILES_H

#include <sys/types.h>

struct arena;
struct err;

/* The home (paths_home) as uid and gid can read it: itself, or a fresh copy of lua/, modules/ and web/dist/ below `base`. */
int serve_files_home(struct arena *a, const char *base, uid_t uid, gid_t gid, const char **home, struct err *err);

#endif
