#include "cli/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "pg/pg_private.h"

enum {
	POLL_MS = 100,
	CPU_LIMIT_MS = 500, /* of a web worker's own processor time without a tick */
	WALL_LIMIT_MS = 10000,
	START_LIMIT_MS = 60000, /* until a worker serves */
	DRAIN_LIMIT_MS = 11000, /* a little more than a worker gives itself */
	YOUNG_MS = 1000,        /* one that died sooner is restarted with a pause */
	PAUSE_MIN_MS = 100,
	PAUSE_MAX_MS = 5000,
	NEVER_READY_DEATHS = 3, /* of each worker, before anything ever served: then the environment is at fault */
	BACKLOG = 1024
};

#define ROOM_LEAST (128ULL << 20)  /* bytes on the disk of the private cluster, or nothing is written */
#define ROOM_ENOUGH (160ULL << 20) /* until there are so many again */

/* One place for a worker; the process in it changes. */
struct place {
	struct worker_config config;
	pid_t pid;           /* 0 while none runs */
	uint64_t started;    /* monotonic ms */
	uint64_t restart_at; /* while none runs */
	unsigned pause;      /* ms before the next restart */
	int deaths;          /* in a row, before serving */
	uint64_t ticks;      /* last seen */
	uint64_t tick_wall;  /* when they last changed */
	uint64_t tick_cpu;   /* the worker's processor time then, ms */
	bool killed;         /* by the watchdog */
};

struct run {
	struct supervisor *s;
	struct place *places;
	int nplaces;
	bool was_ready, stopping, hasty;
	uint64_t stop_began;
	uint64_t cluster_at; /* when to restart the cluster, 0 none */
	unsigned cluster_pause;
	uint64_t last_poll;
	_Atomic int *disk_short; /* in the memory that the workers share */
};

/* Milliseconds from `then` to `now`; what began after this turn's reading of the clock is 0 old. */
static uint64_t since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

/* ---- the socket ---- */

int supervisor_listen(const char *address, int *port, struct err *err)
{
	char host[256];
	const char *colon = strrchr(address, ':');
	if (!colon || colon == address || (size_t)(colon - address) >= sizeof host || !colon[1])
		return err_set(err, ERR_INVALID, "'%s' is no HOST:PORT", address);
	char *end;
	unsigned long number = strtoul(colon + 1, &end, 10);
	if (*end || colon[1] < '0' || colon[1] > '9' || number > 65535)
		return err_set(err, ERR_INVALID, "'%s' is no port: 1 to 65535, or 0 for any that is free", colon + 1);
	snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
	char *name = host;
	size_t n = strlen(host);
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = 0;
		name++;
	}
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *list = NULL;
	int bad = getaddrinfo(name, colon + 1, &hints, &list);
	if (bad)
		return err_set(err, ERR_ENVIRONMENT, "cannot listen on '%s': %s", address, gai_strerror(bad));
	int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* inherited by what is accepted */
	}
	if (fd < 0 || bind(fd, list->ai_addr, list->ai_addrlen) || listen(fd, BACKLOG)) {
		if (errno == EADDRINUSE)
			err_set(err, ERR_ENVIRONMENT, "another program listens on %s already", address);
		else
			err_set(err, ERR_ENVIRONMENT, "cannot listen on %s: %m", address);
		if (fd >= 0)
			close(fd);
		freeaddrinfo(list);
		return -1;
	}
	freeaddrinfo(list);
	struct sockaddr_storage bound;
	socklen_t len = sizeof bound;
	if (port && getsockname(fd, (struct sockaddr *)&bound, &len) == 0)
		*port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port : ((struct sockaddr_in *)&bound)->sin_port);
	return fd;
}

/* ---- children ---- */

int supervisor_child(const struct supervisor *s, pid_t parent, int signal_of_death)
{
	/* the flock stays with the supervisor alone, or it would outlive it in its workers */
	if (s->cluster && s->cluster->lock_fd >= 0) {
		close(s->cluster->lock_fd);
		s->cluster->lock_fd = -1;
	}
	if (s->drop && (setgroups(0, NULL) || setgid(s->gid) || setuid(s->uid)))
		return -1;
	/* after setuid, which clears it */
	prctl(PR_SET_PDEATHSIG, signal_of_death);
	return getppid() == parent ? 0 : -1;
}

static void place_start(struct run *r, struct place *p)
{
	struct worker_beat *beat = p->config.beat;
	atomic_store(&beat->ticks, 0);
	atomic_store(&beat->state, WORKER_STARTING);
	atomic_store(&beat->busy, 0);
	atomic_store(&beat->connections, 0);
	atomic_store(&beat->generation, 0);
	atomic_store(&beat->kind, p->config.kind);
	fflush(NULL); /* or the child would print it again */
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		/* Ctrl-C reaches the whole group, but the supervisor alone decides */
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_DFL);
		signal(SIGCHLD, SIG_DFL);
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (supervisor_child(r->s, parent, SIGTERM)) {
			log_error("a worker cannot become user %d", (int)r->s->uid);
			_exit(3);
		}
		if (p->config.kind == WORKER_JOB && p->config.listen_fd < 0 && r->s->worker.listen_fd >= 0)
			close(r->s->worker.listen_fd);
		int status = p->config.kind == WORKER_WEB ? r->s->web_run(&p->config) : r->s->job_run(&p->config);
		fflush(NULL);
		_exit(status);
	}
	p->started = p->tick_wall = clock_monotonic_ms();
	p->ticks = p->tick_cpu = 0;
	p->killed = false;
	if (pid < 0) {
		log_error("no worker can be started: %m");
		p->restart_at = p->started + PAUSE_MAX_MS;
		return;
	}
	p->pid = pid;
	atomic_store(&beat->pid, (int)pid);
}

static const char *place_name(const struct place *p, char out[24])
{
	snprintf(out, 24, "%s %d", p->config.kind == WORKER_WEB ? "web" : "job", p->config.index + 1);
	return out;
}

static void place_died(struct run *r, struct place *p, int status)
{
	uint64_t now = clock_monotonic_ms();
	char name[24];
	bool served = atomic_load(&p->config.beat->state) != WORKER_STARTING;
	p->pid = 0;
	atomic_store(&p->config.beat->pid, 0);
	if (r->stopping)
		return;
	if (WIFSIGNALED(status))
		log_warn("worker %s ended by signal %d (%s)%s", place_name(p, name), WTERMSIG(status), strsignal(WTERMSIG(status)),
				 p->killed ? ", the watchdog's" : "");
	else
		log_warn("worker %s ended with status %d", place_name(p, name), WEXITSTATUS(status));
	/* one that served is back within the second, however often it is killed; one that cannot start has time */
	if (served) {
		p->deaths = 0;
		p->pause = 0;
		p->restart_at = now + (since(now, p->started) < YOUNG_MS ? PAUSE_MIN_MS : 0);
		return;
	}
	p->deaths++;
	p->restart_at = now + p->pause;
	p->pause = p->pause ? p->pause * 2 : PAUSE_MIN_MS;
	if (p->pause > PAUSE_MAX_MS)
		p->pause = PAUSE_MAX_MS;
}

/* ---- the watchdog ---- */

/* Processor time of the main thread in ms: the thread pool may compute as long as the loop turns. */
static bool cpu_of(pid_t pid, uint64_t *ms)
{
	char path[64], text[1024];
	snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	const char *s = strrchr(text, ')'); /* the name before it may hold anything */
	unsigned long user, kernel;
	if (!s || sscanf(s + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
		return false;
	*ms = (uint64_t)(user + kernel) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
	return true;
}

static void place_watch(struct place *p, uint64_t now, bool overslept)
{
	if (!p->pid || p->killed)
		return;
	int state = atomic_load(&p->config.beat->state);
	char name[24];
	if (state == WORKER_STARTING) {
		if (since(now, p->started) > START_LIMIT_MS) {
			log_error("worker %s does not serve after %d s", place_name(p, name), START_LIMIT_MS / 1000);
			p->killed = true;
			kill(p->pid, SIGKILL);
		}
		return;
	}
	/* job workers use blocking libraries: they are not expected to tick */
	if (state != WORKER_SERVING || p->config.kind != WORKER_WEB)
		return;
	uint64_t ticks = atomic_load(&p->config.beat->ticks), cpu = p->tick_cpu;
	bool known = cpu_of(p->pid, &cpu);
	/* when we ourselves slept (a suspended machine) nobody's clock says anything */
	if (ticks != p->ticks || overslept) {
		p->ticks = ticks;
		p->tick_wall = now;
		p->tick_cpu = cpu;
		return;
	}
	const char *why = known && since(cpu, p->tick_cpu) > CPU_LIMIT_MS ? "of processor time"
					  : since(now, p->tick_wall) > WALL_LIMIT_MS      ? "of waiting"
																	  : NULL;
	if (why) {
		log_error("worker %s hangs (%d ms %s without a tick): killed", place_name(p, name),
				  (int)(why[3] == 'p' ? cpu - p->tick_cpu : since(now, p->tick_wall)), why);
		p->killed = true;
		kill(p->pid, SIGKILL);
	}
}

static void cluster_watch(struct run *r, uint64_t now)
{
	enum { CLUSTER_PAUSE_MIN = 100, CLUSTER_PAUSE_MAX = 5000 };
	struct pg_private *c = r->s->cluster;
	if (!c || c->lock_fd < 0)
		return;
	if (pg_private_died(c)) {
		log_error("PostgreSQL ended unexpectedly: started again");
		r->cluster_at = now + r->cluster_pause;
		r->cluster_pause = r->cluster_pause ? r->cluster_pause * 2 : CLUSTER_PAUSE_MIN;
		if (r->cluster_pause > CLUSTER_PAUSE_MAX)
			r->cluster_pause = CLUSTER_PAUSE_MAX;
	} else if (c->pid && r->cluster_at && since(now, r->cluster_at) > 10 * CLUSTER_PAUSE_MAX) {
		r->cluster_at = r->cluster_pause = 0;
	}
	if (!c->pid && now >= r->cluster_at) {
		struct err err;
		err_init(&err, NULL);
		r->cluster_at = now;
		if (pg_private_restart(c, &err)) {
			log_error("%s", err.message);
			r->cluster_at = now + CLUSTER_PAUSE_MAX;
		}
	}
}

/* Writing stops while there is room for what is on its way: a write-ahead log that cannot grow stops PostgreSQL, and reading with it. */
static void disk_watch(struct run *r)
{
	uint64_t room;
	if (!r->s->cluster || r->s->cluster->lock_fd < 0 || pg_private_room(r->s->cluster, &room))
		return;
	bool was = atomic_load(r->disk_short), now = room < (was ? ROOM_ENOUGH : ROOM_LEAST);
	if (now == was)
		return;
	atomic_store(r->disk_short, now);
	if (now)
		log_error("%llu MB are free on the disk of the database: nothing is written to it until there are %llu",
				  (unsigned long long)room >> 20, ROOM_ENOUGH >> 20);
	else
		log_info("the disk of the database has room again: it is written to");
}

/* ---- the run ---- */

static void reap(struct run *r)
{
	for (int i = 0; i < r->nplaces; i++) {
		struct place *p = &r->places[i];
		int status;
		/* each by its number: a cluster and helpers are children, too */
		if (p->pid && waitpid(p->pid, &status, WNOHANG) == p->pid)
			place_died(r, p, status);
	}
}

static void stop_begin(struct run *r, int number)
{
	if (r->stopping) {
		r->hasty = true;
	} else {
		log_info("%s: stopping", number == SIGINT ? "interrupted" : "told to stop");
		r->stopping = true;
		r->stop_began = clock_monotonic_ms();
		/* no further connection is taken by the kernel once the workers' copies are closed, too */
		if (r->s->worker.listen_fd >= 0)
			close(r->s->worker.listen_fd);
		r->s->worker.listen_fd = -1;
	}
	for (int i = 0; i < r->nplaces; i++)
		if (r->places[i].pid)
			kill(r->places[i].pid, r->hasty ? SIGKILL : SIGTERM);
}

static bool all_serve(const struct run *r)
{
	for (int i = 0; i < r->nplaces; i++)
		if (!r->places[i].pid || atomic_load(&r->places[i].config.beat->state) == WORKER_STARTING)
			return false;
	return true;
}

/* True when the run is over; *status is then its result. */
static bool turn(struct run *r, int *status)
{
	uint64_t now = clock_monotonic_ms();
	bool overslept = now - r->last_poll > 10 * POLL_MS;
	r->last_poll = now;
	reap(r);
	if (r->stopping) {
		bool any = false;
		for (int i = 0; i < r->nplaces; i++)
			any = any || r->places[i].pid;
		if (any && since(now, r->stop_began) > DRAIN_LIMIT_MS && !r->hasty)
			stop_begin(r, SIGTERM);
		return !any;
	}
	cluster_watch(r, now);
	disk_watch(r);
	int hopeless = 0;
	for (int i = 0; i < r->nplaces; i++) {
		struct place *p = &r->places[i];
		if (!p->pid && now >= p->restart_at && (r->was_ready || p->deaths < NEVER_READY_DEATHS))
			place_start(r, p);
		place_watch(p, now, overslept);
		hopeless += !p->pid && p->deaths >= NEVER_READY_DEATHS;
	}
	if (!r->was_ready && hopeless) {
		log_error("the workers do not start");
		*status = 3;
		stop_begin(r, SIGTERM);
	} else if (!r->was_ready && all_serve(r)) {
		r->was_ready = true;
		if (r->s->ready)
			r->s->ready(r->s->ctx);
	}
	return false;
}

int supervisor_run(struct supervisor *s)
{
	struct run r = {.s = s, .nplaces = s->web + s->job};
	size_t size = sizeof(struct worker_beat) * (size_t)r.nplaces + sizeof(_Atomic int);
	struct worker_beat *beats = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	r.places = calloc((size_t)r.nplaces, sizeof *r.places);
	if (beats == MAP_FAILED || !r.places) {
		log_error("no memory for %d workers", r.nplaces);
		free(r.places);
		return 3;
	}
	r.disk_short = (_Atomic int *)(beats + r.nplaces);
	for (int i = 0; i < r.nplaces; i++) {
		struct worker_config *c = &r.places[i].config;
		*c = s->worker;
		c->disk_short = r.disk_short;
		c->kind = i < s->web ? WORKER_WEB : WORKER_JOB;
		c->index = i < s->web ? i : i - s->web;
		if (c->kind == WORKER_JOB)
			c->listen_fd = -1;
		c->beat = &beats[i];
		c->beats = beats;
		c->nbeats = r.nplaces;
	}
	sigset_t set, old;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, &old);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	int status = 0;
	r.last_poll = clock_monotonic_ms();
	while (!turn(&r, &status)) {
		struct timespec wait = {0, POLL_MS * 1000000L};
		int number = sigtimedwait(&set, NULL, &wait);
		if (number == SIGTERM || number == SIGINT)
			stop_begin(&r, number);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	munmap(beats, size);
	free(r.places);
	return status;
}
