#include "pg/pg_private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "pg/pg_private_files.h"

enum {
	START_MS = 120000, /* until the server answers: recovery after a crash included */
	OTHER_MS = 60000,  /* until another process's server answers: its initdb included */
	STOP_MS = 10000,
	ORPHAN_MS = 15000, /* for a server whose owner was killed and that is on its way out */
	RETRY_MS = 10000,  /* while shared memory of a killed postmaster is still in use */
	POLL_US = 20000
};

/* ---- children ---- */

/* In the child: becomes the cluster's user. The order matters: setuid clears the signal of a dying parent. */
static void child_become(const struct pg_private *p, pid_t parent, int out_fd)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP)
			signal(s, SIG_DFL);
	setsid();
	if (p->drop && (setgroups(0, NULL) || setgid(p->gid) || setuid(p->uid)))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGINT);
	if (getppid() != parent)
		_exit(126);
	umask(077);
	if (chdir("/"))
		_exit(126);
	int null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(out_fd, 1);
	dup2(out_fd, 2);
	closefrom(3);
	/* a cluster of ours is not steered by the environment of whoever started us */
	static const char *const names[] = {"PGDATA",    "PGHOST",    "PGPORT",     "PGUSER",    "PGDATABASE",
										"PGOPTIONS", "PGSERVICE", "PGPASSWORD", "PGPASSFILE"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unsetenv(names[i]);
	setenv("LC_ALL", "C", 1);
	setenv("HOME", "/", 1);
}

/* Starts argv with its output in a new file at `log`; the pid, or -1. */
static pid_t child_start(const struct pg_private *p, char *const argv[], const char *log)
{
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	if (p->drop && fchown(fd, p->uid, p->gid)) {
		close(fd);
		return -1;
	}
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		child_become(p, parent, fd);
		execv(argv[0], argv);
		_exit(127);
	}
	close(fd);
	return pid;
}

/* The last line of a file that says something, for a message. */
static const char *last_line(struct arena *a, const char *path)
{
	char *text = private_file_read(a, path, 65536);
	if (!text)
		return "no output";
	size_t n = strlen(text);
	while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = 0;
	char *line = strrchr(text, '\n');
	/* a hint follows what it belongs to */
	while (line && (strncmp(line + 1, "HINT", 4) == 0 || strncmp(line + 1, "\t", 1) == 0)) {
		*line = 0;
		line = strrchr(text, '\n');
	}
	return line ? line + 1 : text;
}

static int initdb_run(struct pg_private *p, const char *dir, const char *locale, const char *log)
{
	char program[PATH_MAX], arg_locale[64];
	snprintf(program, sizeof program, "%s/initdb", p->bin);
	snprintf(arg_locale, sizeof arg_locale, "--locale=%s", locale);
	char *argv[] = {program,
					"-D",
					(char *)dir,
					"-U",
					PG_PRIVATE_USER,
					"--auth=trust",
					"--encoding=UTF8",
					arg_locale,
					"--data-checksums",
					"--no-instructions",
					NULL};
	pid_t pid = child_start(p, argv, log);
	int status = 0;
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* Made under another name and renamed when complete: what a killed initdb leaves behind is never taken for a cluster. */
static int cluster_create(struct arena *a, struct pg_private *p, struct err *err)
{
	const char *fresh = arena_printf(a, "%s.new", p->data);
	const char *log = arena_printf(a, "%s/initdb.log", p->base);
	if (private_tree_remove(fresh))
		return err_set(err, ERR_ENVIRONMENT, "cannot remove '%s': %m", fresh);
	if (initdb_run(p, fresh, "C.UTF-8", log) && (private_tree_remove(fresh) || initdb_run(p, fresh, "C", log)))
		return err_set(err, ERR_ENVIRONMENT, "initdb failed: %s", last_line(a, log));
	const char *conf = arena_printf(a, "%s/postgresql.conf", fresh);
	FILE *f = fopen(conf, "a");
	if (!f || fputs("\n# Written anew at every start; what stands below it wins.\ninclude 'ostov.conf'\n", f) < 0 || fclose(f))
		return err_set(err, ERR_ENVIRONMENT, "cannot write '%s': %m", conf);
	if (private_file_write(arena_printf(a, "%s/ostov.conf", fresh), "", p->uid, p->gid) || rename(fresh, p->data))
		return err_set(err, ERR_ENVIRONMENT, "cannot make '%s': %m", p->data);
	unlink(log);
	p->created = true;
	return 0;
}

static int settings_write(struct arena *a, const struct pg_private *p, struct err *err)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE), cores = sysconf(_SC_NPROCESSORS_ONLN);
	long ram_mb = pages > 0 && page > 0 ? (long)((double)pages * (double)page / 1048576.0) : 2048;
	long shared = ram_mb / 8 < 64 ? 64 : ram_mb / 8 > 8192 ? 8192 : ram_mb / 8;
	if (ram_mb >= 2048 && shared < 256)
		shared = 256;
	/* a worker holds at most 15 connections; workers grow with the cores */
	long connections = 60 + 15 * (cores / 2 > 3 ? cores / 2 : 3);
	struct buf b = BUF_INIT;
	buf_printf(&b,
			   "# Made by `ostov serve`.\n"
			   "max_connections = %ld\n"
			   "shared_buffers = %ldMB\n"
			   "effective_cache_size = %ldMB\n"
			   "maintenance_work_mem = %ldMB\n"
			   "work_mem = 8MB\n"
			   "fsync = on\nfull_page_writes = on\nsynchronous_commit = on\n"
			   "wal_level = replica\nmax_wal_size = 2GB\nmin_wal_size = 80MB\ncheckpoint_completion_target = 0.9\nwal_compression = on\n"
			   "random_page_cost = 1.1\n"
			   "jit = off\n"
			   "password_encryption = scram-sha-256\n"
			   "timezone = 'UTC'\nlog_timezone = 'UTC'\nlc_messages = 'C'\n"
			   "logging_collector = on\nlog_directory = 'log'\nlog_filename = 'postgresql-%%a.log'\nlog_truncate_on_rotation = "
			   "on\nlog_rotation_age = 1d\n"
			   "log_min_messages = warning\nlog_line_prefix = '%%m [%%p] %%a '\n",
			   connections, shared, ram_mb / 2,
			   ram_mb / 32 < 64     ? 64
			   : ram_mb / 32 > 1024 ? 1024
									: ram_mb / 32);
	const char *path = arena_printf(a, "%s/ostov.conf", p->data);
	int bad = private_file_write(path, b.data, p->uid, p->gid);
	buf_destroy(&b);
	return bad ? err_set(err, ERR_ENVIRONMENT, "cannot write '%s': %m", path) : 0;
}

/* ---- the postmaster ---- */

static int spawn(struct pg_private *p)
{
	char program[PATH_MAX], data[PATH_MAX + 2], socket[PATH_MAX + 32], log[PATH_MAX];
	snprintf(program, sizeof program, "%s/postgres", p->bin);
	snprintf(data, sizeof data, "%s", p->data);
	snprintf(socket, sizeof socket, "unix_socket_directories=%s", p->socket);
	snprintf(log, sizeof log, "%s/start.log", p->base);
	char *argv[] = {program, "-D",        data, "-c", "listen_addresses=", "-c", socket, "-c", "unix_socket_permissions=0700",
					"-c",    "port=5432", NULL};
	p->pid = child_start(p, argv, log);
	return p->pid < 0 ? -1 : 0;
}

static bool answers(const struct pg_private *p)
{
	return PQping(p->conninfo) == PQPING_OK;
}

static int wait_ready(struct arena *a, struct pg_private *p, struct err *err)
{
	uint64_t began = clock_monotonic_ms();
	while (!answers(p)) {
		uint64_t past = clock_monotonic_ms() - began;
		if (pg_private_died(p)) {
			const char *why = last_line(a, arena_printf(a, "%s/start.log", p->base));
			if (past > RETRY_MS || !strstr(why, "shared memory"))
				return err_set(err, ERR_ENVIRONMENT, "PostgreSQL does not start: %s", why);
			usleep(200000);
			if (spawn(p))
				return err_set(err, ERR_ENVIRONMENT, "PostgreSQL cannot be started: %m");
		}
		if (past > START_MS)
			return err_set(err, ERR_ENVIRONMENT, "PostgreSQL does not answer after %d s; its log is in '%s/log'", START_MS / 1000, p->data);
		usleep(POLL_US);
	}
	return 0;
}

/* With the lock in our hand a server on this data has no owner: it is ending, or shall end. */
static int orphan_end(struct arena *a, const struct pg_private *p, struct err *err)
{
	uint64_t end = clock_monotonic_ms() + ORPHAN_MS;
	bool asked = false;
	const char *pid_file = arena_printf(a, "%s/postmaster.pid", p->data);
	for (;;) {
		char *text = private_file_read(a, pid_file, 4096);
		pid_t pid = text ? (pid_t)atol(text) : 0;
		char cwd[PATH_MAX], real[PATH_MAX];
		ssize_t n = pid > 0 ? readlink(arena_printf(a, "/proc/%d/cwd", (int)pid), cwd, sizeof cwd - 1) : -1;
		if (n < 0)
			return 0;
		cwd[n] = 0;
		if (!realpath(p->data, real) || strcmp(cwd, real) != 0)
			return 0; /* the number belongs to another program by now: PostgreSQL itself clears the file away */
		if (!asked) {
			kill(pid, SIGINT);
			asked = true;
		}
		if (clock_monotonic_ms() > end)
			return err_set(err, ERR_ENVIRONMENT, "a PostgreSQL without owner (process %d) does not end", (int)pid);
		usleep(POLL_US);
	}
}

static int database_make(struct arena *a, const struct pg_private *p, struct err *err)
{
	const char *info = arena_printf(a, "%s dbname=postgres connect_timeout=10", p->conninfo);
	PGconn *c = PQconnectdb(info);
	int r = 0;
	if (PQstatus(c) != CONNECTION_OK) {
		r = err_set(err, ERR_ENVIRONMENT, "PostgreSQL does not let us in: %s", PQerrorMessage(c));
	} else {
		PGresult *res = PQexec(c, "SELECT 1 FROM pg_catalog.pg_database WHERE datname = '" PG_PRIVATE_USER "'");
		bool there = PQntuples(res) == 1;
		PQclear(res);
		if (!there) {
			res = PQexec(c, "CREATE DATABASE " PG_PRIVATE_USER);
			if (PQresultStatus(res) != PGRES_COMMAND_OK)
				r = err_set(err, ERR_ENVIRONMENT, "the database cannot be made: %s", PQerrorMessage(c));
			PQclear(res);
		}
	}
	PQfinish(c);
	return r;
}

/* ---- start, restart, stop ---- */

static int user_find(struct pg_private *p, struct err *err)
{
	if (geteuid() == 0) {
		const struct passwd *pw = getpwnam(PG_PRIVATE_USER);
		if (!pw) {
			err_set(err, ERR_ENVIRONMENT, "PostgreSQL does not run as root, and there is no system user '" PG_PRIVATE_USER "'");
			return err_hint(err, "useradd --system --user-group --shell /usr/sbin/nologin " PG_PRIVATE_USER);
		}
		p->uid = pw->pw_uid;
		p->gid = pw->pw_gid;
		p->drop = true;
		return 0;
	}
	p->uid = geteuid();
	p->gid = getegid();
	if (!getpwuid(p->uid))
		return err_set(err, ERR_ENVIRONMENT, "user %d has no entry in the password database; PostgreSQL needs one", (int)p->uid);
	return 0;
}

static char *quoted(struct arena *a, const char *s)
{
	struct buf b = BUF_INIT;
	buf_putc(&b, '\'');
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			buf_putc(&b, '\\');
		buf_putc(&b, *s);
	}
	buf_putc(&b, '\'');
	char *out = arena_strndup(a, b.data, b.len);
	buf_destroy(&b);
	return out;
}

/* Under the base when that is short enough for a socket's address, else in the system's place for such things. */
static int socket_choose(struct arena *a, struct pg_private *p, struct err *err)
{
	struct sockaddr_un address;
	const char *dir = arena_printf(a, "%s/run", p->base);
	if (strlen(dir) + strlen("/.s.PGSQL.5432.lock") >= sizeof address.sun_path)
		dir = arena_printf(a, "%s/ostov-%d-%s", geteuid() == 0 ? "/run" : "/tmp", (int)p->uid, private_path_hash(a, p->base));
	if (private_dir_make(dir, 0700, p->uid, p->gid))
		return err_set(err, ERR_ENVIRONMENT, "cannot use '%s' for the database's socket: %m", dir);
	p->socket = dir;
	p->conninfo = arena_printf(a, "host=%s port=5432 user=" PG_PRIVATE_USER " dbname=" PG_PRIVATE_USER, quoted(a, dir));
	return 0;
}

static int other_wait(struct arena *a, struct pg_private *p, struct err *err)
{
	char *text = private_file_read(a, arena_printf(a, "%s/lock", p->base), 64);
	p->holder = text ? (pid_t)atol(text) : 0;
	uint64_t end = clock_monotonic_ms() + OTHER_MS;
	while (!answers(p)) {
		/* the holder may have gone meanwhile: then the cluster is ours to start */
		int fd = open(arena_printf(a, "%s/lock", p->base), O_RDWR | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
			p->lock_fd = fd;
			return 0;
		}
		if (fd >= 0)
			close(fd);
		if (clock_monotonic_ms() > end)
			return err_set(err, ERR_ENVIRONMENT, "process %d holds '%s', but its PostgreSQL does not answer", (int)p->holder, p->base);
		usleep(5 * POLL_US);
	}
	return 0;
}

static int lock_take(struct arena *a, struct pg_private *p, struct err *err)
{
	const char *path = arena_printf(a, "%s/lock", p->base);
	p->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (p->lock_fd < 0)
		return err_set(err, ERR_ENVIRONMENT, "cannot open '%s': %m", path);
	if (flock(p->lock_fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			return err_set(err, ERR_ENVIRONMENT, "cannot lock '%s': %m", path);
		close(p->lock_fd);
		p->lock_fd = -1;
	}
	return 0;
}

int pg_private_start(struct arena *a, const char *dir, struct pg_private *out, struct err *err)
{
	struct pg_private *p = out;
	*p = (struct pg_private){.lock_fd = -1};
	if (user_find(p, err) || pg_private_base(a, dir, &p->base, err))
		return -1;
	p->data = arena_printf(a, "%s/postgresql", p->base);
	if (socket_choose(a, p, err) || lock_take(a, p, err))
		return -1;
	if (p->lock_fd < 0 && other_wait(a, p, err))
		return -1;
	if (p->lock_fd < 0)
		return 0;
	char pid[24];
	int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
	if (ftruncate(p->lock_fd, 0) || pwrite(p->lock_fd, pid, (size_t)n, 0) != n)
		return err_set(err, ERR_ENVIRONMENT, "cannot write to '%s/lock': %m", p->base);
	if (private_bin_find(a, p->data, &p->bin, err))
		goto failed;
	struct stat st;
	if (stat(p->data, &st) && cluster_create(a, p, err))
		goto failed;
	if (orphan_end(a, p, err) || settings_write(a, p, err))
		goto failed;
	if (spawn(p)) {
		err_set(err, ERR_ENVIRONMENT, "PostgreSQL cannot be started: %m");
		goto failed;
	}
	if (wait_ready(a, p, err) || database_make(a, p, err))
		goto failed;
	return 0;
failed:
	pg_private_stop(p);
	return -1;
}

int pg_private_room(const struct pg_private *p, uint64_t *bytes)
{
	static const char *const folders[] = {"", "/pg_wal"};
	char path[PATH_MAX];
	bool known = false;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		struct statvfs st;
		if (snprintf(path, sizeof path, "%s%s", p->data, folders[i]) >= (int)sizeof path || statvfs(path, &st))
			continue;
		uint64_t room = (uint64_t)st.f_bavail * st.f_frsize;
		*bytes = known && *bytes < room ? *bytes : room;
		known = true;
	}
	return known ? 0 : -1;
}

bool pg_private_died(struct pg_private *p)
{
	if (p->pid <= 0)
		return false;
	pid_t r = waitpid(p->pid, NULL, WNOHANG);
	if (r == 0 || (r < 0 && errno == EINTR))
		return false;
	p->pid = 0;
	return true;
}

int pg_private_restart(struct pg_private *p, struct err *err)
{
	if (p->lock_fd < 0)
		return err_set(err, ERR_ENVIRONMENT, "the database belongs to another process");
	if (p->pid > 0)
		return 0;
	if (spawn(p))
		return err_set(err, ERR_ENVIRONMENT, "PostgreSQL cannot be started: %m");
	return 0;
}

void pg_private_stop(struct pg_private *p)
{
	if (p->pid > 0) {
		uint64_t began = clock_monotonic_ms();
		kill(p->pid, SIGINT);
		bool hard = false;
		while (!pg_private_died(p)) {
			uint64_t past = clock_monotonic_ms() - began;
			if (past > STOP_MS && !hard) {
				log_warn("PostgreSQL does not stop within %d s", STOP_MS / 1000);
				kill(p->pid, SIGQUIT);
				hard = true;
			} else if (past > 2 * STOP_MS) {
				break;
			}
			usleep(POLL_US / 4);
		}
	}
	if (p->lock_fd >= 0)
		close(p->lock_fd);
	p->lock_fd = -1;
}
