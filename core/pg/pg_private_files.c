#include "pg/pg_private_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "pg/pg_private.h"

#define STATE_DIR "/var/lib/ostov"
#define DEBIAN_DIR "/usr/lib/postgresql"
#define POINTER "cluster-elsewhere"

char *private_file_read(struct arena *a, const char *path, size_t limit)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st)) {
		close(fd);
		return NULL;
	}
	off_t from = st.st_size > (off_t)limit ? st.st_size - (off_t)limit : 0;
	char *text = arena_alloc(a, limit + 1);
	ssize_t n = pread(fd, text, limit, from);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return text;
}

int private_file_write(const char *path, const char *text, uid_t uid, gid_t gid)
{
	char fresh[PATH_MAX];
	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh) {
		errno = ENAMETOOLONG;
		return -1;
	}
	unlink(fresh);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	size_t len = strlen(text);
	bool ok = write(fd, text, len) == (ssize_t)len && (geteuid() != 0 || fchown(fd, uid, gid) == 0) && fsync(fd) == 0;
	if (close(fd) || !ok || rename(fresh, path)) {
		unlink(fresh);
		return -1;
	}
	return 0;
}

int private_dir_make(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	if (mkdir(path, mode) && errno != EEXIST)
		return -1;
	struct stat st;
	/* in a folder that all may write to somebody else could have made it, or a link, before us */
	if (lstat(path, &st))
		return -1;
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return -1;
	}
	if (geteuid() == 0) {
		if (st.st_uid != uid && st.st_uid != 0) {
			errno = EPERM;
			return -1;
		}
		if (lchown(path, uid, gid))
			return -1;
	} else if (st.st_uid != geteuid()) {
		errno = EPERM;
		return -1;
	}
	return chmod(path, mode);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

int private_tree_remove(const char *path)
{
	struct stat st;
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -1;
	return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *private_path_hash(struct arena *a, const char *path)
{
	uint64_t h = 0xCBF29CE484222325u;
	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 0x100000001B3u;
	return arena_printf(a, "%016" PRIx64, h);
}

/* ---- where ---- */

static int dirs_make(const char *path)
{
	char part[PATH_MAX];
	if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (char *s = part + 1; *s; s++) {
		if (*s != '/')
			continue;
		*s = 0;
		if (mkdir(part, 0755) && errno != EEXIST)
			return -1;
		*s = '/';
	}
	return mkdir(part, 0755) && errno != EEXIST ? -1 : 0;
}

bool pg_private_enters(uid_t uid, gid_t gid, const char *dir)
{
	if (geteuid() != 0)
		return access(dir, X_OK) == 0;
	pid_t pid = fork();
	if (pid == 0) {
		if (setgroups(0, NULL) || setgid(gid) || setuid(uid))
			_exit(2);
		_exit(access(dir, X_OK) == 0 ? 0 : 1);
	}
	int status = 0;
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int pg_private_base(struct arena *a, const char *dir, const char **base, struct err *err)
{
	char real[PATH_MAX];
	if (dirs_make(dir) || !realpath(dir, real))
		return err_set(err, ERR_ENVIRONMENT, "cannot use the data folder '%s': %m", dir);
	const struct passwd *pw = geteuid() == 0 ? getpwnam(PG_PRIVATE_USER) : NULL;
	uid_t uid = pw ? pw->pw_uid : geteuid();
	gid_t gid = pw ? pw->pw_gid : getegid();
	struct stat st;
	/* a folder of our own inside: the data folder itself may be anybody's */
	const char *inside = arena_printf(a, "%s/cluster", real), *pointer = arena_printf(a, "%s/" POINTER, real);
	if (stat(inside, &st) == 0 || (stat(pointer, &st) && pg_private_enters(uid, gid, real))) {
		if (private_dir_make(inside, 0755, uid, gid))
			return err_set(err, ERR_ENVIRONMENT, "cannot use '%s' for the database: %m", inside);
		*base = inside;
		return 0;
	}
	char *there = private_file_read(a, pointer, PATH_MAX);
	if (there) {
		there[strcspn(there, "\n")] = 0;
	} else {
		there = arena_printf(a, STATE_DIR "/%s", private_path_hash(a, real));
		if (private_file_write(pointer, arena_printf(a, "%s\n", there), 0, 0))
			return err_set(err, ERR_ENVIRONMENT, "cannot write '%s': %m", pointer);
	}
	if (there[0] != '/' || dirs_make(there) || private_dir_make(there, 0755, uid, gid))
		return err_set(err, ERR_ENVIRONMENT, "cannot use '%s' for the database: %m", there);
	*base = there;
	return 0;
}

static bool base_holds(struct arena *a, const char *base)
{
	struct stat st;
	if (stat(arena_printf(a, "%s/postgresql", base), &st) == 0)
		return true;
	int fd = open(arena_printf(a, "%s/lock", base), O_RDONLY | O_CLOEXEC);
	bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	if (fd >= 0)
		close(fd);
	return held;
}

bool pg_private_there(struct arena *a, const char *dir)
{
	char *elsewhere = private_file_read(a, arena_printf(a, "%s/" POINTER, dir), PATH_MAX);
	if (elsewhere)
		elsewhere[strcspn(elsewhere, "\n")] = 0;
	return base_holds(a, arena_printf(a, "%s/cluster", dir)) || (elsewhere && elsewhere[0] == '/' && base_holds(a, elsewhere));
}

/* ---- which programs ---- */

static bool has_server(const char *dir)
{
	char path[PATH_MAX];
	return snprintf(path, sizeof path, "%s/initdb", dir) < (int)sizeof path && access(path, X_OK) == 0 &&
		   snprintf(path, sizeof path, "%s/postgres", dir) < (int)sizeof path && access(path, X_OK) == 0;
}

static char *command_line(struct arena *a, const char *command)
{
	FILE *f = popen(command, "re");
	char line[PATH_MAX];
	char *got = f && fgets(line, sizeof line, f) ? arena_strndup(a, line, strcspn(line, "\n")) : NULL;
	if (f)
		pclose(f);
	return got;
}

/* Major version of the programs in a folder, 0 unknown. */
static int version_of(struct arena *a, const char *dir)
{
	const char *s = strrchr(dir, '/');
	if (s && strncmp(dir, DEBIAN_DIR "/", strlen(DEBIAN_DIR) + 1) == 0)
		return atoi(dir + strlen(DEBIAN_DIR) + 1);
	if (strchr(dir, '\''))
		return 0;
	s = command_line(a, arena_printf(a, "'%s/postgres' --version 2>/dev/null", dir));
	s = s ? strpbrk(s, "0123456789") : NULL;
	return s ? atoi(s) : 0;
}

int private_bin_find(struct arena *a, const char *data, const char **bin, struct err *err)
{
	char *text = private_file_read(a, arena_printf(a, "%s/PG_VERSION", data), 32);
	int wanted = text ? atoi(text) : 0, best = 0;
	const char *found = NULL;
	DIR *d = opendir(DEBIAN_DIR);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		int version = atoi(e->d_name);
		const char *dir = arena_printf(a, DEBIAN_DIR "/%s/bin", e->d_name);
		if (version > best && (!wanted || version == wanted) && has_server(dir)) {
			best = version;
			found = dir;
		}
	}
	if (d)
		closedir(d);
	static const char *const others[] = {"pg_config --bindir 2>/dev/null", "dirname \"$(command -v postgres)\" 2>/dev/null"};
	for (size_t i = 0; i < sizeof others / sizeof *others && !found; i++) {
		const char *dir = command_line(a, others[i]);
		if (dir && has_server(dir) && (!wanted || version_of(a, dir) == wanted))
			found = dir;
	}
	if (!found) {
		if (wanted) {
			err_set(err, ERR_ENVIRONMENT, "the database in '%s' belongs to PostgreSQL %d, which is not installed", data, wanted);
			return err_hint(err, "apt-get install postgresql-%d", wanted);
		}
		err_set(err, ERR_ENVIRONMENT, "no PostgreSQL server is installed");
		return err_hint(err, "apt-get install postgresql, or name a server with --database");
	}
	*bin = found;
	return 0;
}
