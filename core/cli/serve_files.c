#include "cli/serve_files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "cli/paths.h"
#include "pg/pg_private.h"

enum { FILES_LIMIT = 20000 };

/* nftw takes no argument of its own. */
static const char *from_dir;
static char to_dir[PATH_MAX];
static int files;

static int copy_file(const char *from, const char *to)
{
	char piece[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC), out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	ssize_t n = -1;
	while (out >= 0 && (n = read(in, piece, sizeof piece)) > 0) {
		if (write(out, piece, (size_t)n) != n) {
			n = -1;
			break;
		}
	}
	int saved = errno;
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out))
		n = -1;
	errno = saved;
	return n == 0 ? 0 : -1;
}

static int copy_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	char to[PATH_MAX];
	if (++files > FILES_LIMIT || snprintf(to, sizeof to, "%s%s", to_dir, path + strlen(from_dir)) >= (int)sizeof to) {
		errno = EFBIG;
		return -1;
	}
	if (kind == FTW_D)
		return mkdir(to, 0755);
	return kind == FTW_F ? copy_file(path, to) : 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int tree_copy(const char *from, const char *to)
{
	struct stat st;
	if (stat(from, &st))
		return 0;
	from_dir = from;
	snprintf(to_dir, sizeof to_dir, "%s", to);
	return nftw(from, copy_one, 16, FTW_PHYS);
}

int serve_files_home(struct arena *a, const char *base, uid_t uid, gid_t gid, const char **home, struct err *err)
{
	static const char *const parts[] = {"lua", "modules", "web/dist"};
	*home = paths_home();
	bool closed = false;
	struct stat st;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const char *part = arena_printf(a, "%s/%s", *home, parts[i]);
		closed |= stat(part, &st) == 0 && !pg_private_enters(uid, gid, part);
	}
	if (!closed)
		return 0;
	const char *copy = arena_printf(a, "%s/program", base);
	if (lstat(copy, &st) == 0 && nftw(copy, remove_one, 16, FTW_DEPTH | FTW_PHYS))
		return err_set(err, ERR_ENVIRONMENT, "cannot remove '%s': %m", copy);
	files = 0;
	mode_t mask = umask(022);
	int bad = mkdir(copy, 0755) || mkdir(arena_printf(a, "%s/web", copy), 0755);
	for (size_t i = 0; i < sizeof parts / sizeof *parts && !bad; i++)
		bad = tree_copy(arena_printf(a, "%s/%s", *home, parts[i]), arena_printf(a, "%s/%s", copy, parts[i]));
	umask(mask);
	if (bad)
		return err_set(err, ERR_ENVIRONMENT, "cannot copy the program's files to '%s': %m", copy);
	*home = copy;
	return 0;
}
