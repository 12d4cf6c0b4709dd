#include "edge/lua_state.h"

#include <lauxlib.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/fiber.h"

enum { STEP = 1000 };

struct lua_state *lua_state_of(lua_State *L)
{
	return *(struct lua_state **)lua_getextraspace(L);
}

static void *alloc(void *ud, void *p, size_t old, size_t size)
{
	struct lua_state *s = ud;
	if (!p)
		old = 0;
	if (size == 0) {
		free(p);
		s->held -= old;
		return NULL;
	}
	if (size > old) {
		size_t more = size - old;
		if (s->running && size > LUA_VALUE) {
			s->over = "memory (2 MB for one value)";
			return NULL;
		}
		if (s->running && s->held + more > LUA_MEMORY) {
			/* Lua collects and asks once more; when that does not help a pcall may catch the error, so the state itself remembers */
			if (s->refused == more)
				s->over = "memory (8 MB at a time)";
			s->refused = more;
			return NULL;
		}
		if (s->running) {
			s->fuel -= (int64_t)more;
			if (s->fuel < 0) {
				s->over = "memory (64 MB in all)";
				return NULL;
			}
		}
	}
	s->refused = 0;
	void *q = realloc(p, size);
	if (q)
		s->held += size - old;
	return q;
}

/* To the nanosecond: a field is read in less than a microsecond, and many small times are a long one. */
static int64_t elapsed_ns(const struct timespec *from, const struct timespec *to)
{
	return (int64_t)(to->tv_sec - from->tv_sec) * 1000000000 + (to->tv_nsec - from->tv_nsec);
}

static void look_at_clock(struct lua_state *s)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	s->cpu_ns -= elapsed_ns(&s->since, &now);
	s->since = now;
	if (s->cpu_ns < 0 && !s->over)
		s->over = "processor time (200 ms)";
}

void lua_state_pause(struct lua_state *s)
{
	look_at_clock(s);
	s->turn = fiber_turns();
}

/* What was worked through without waiting is the hook's own time: reading a field in a loop is no rest. */
void lua_state_resume(struct lua_state *s)
{
	if (fiber_turns() != s->turn)
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &s->since);
}

/* A yield passes pcall, coroutines, metamethods; where none is possible an error ends the C function, and the count of 1 brings the next one. */
static void hook(lua_State *L, lua_Debug *ar)
{
	struct lua_state *s = lua_state_of(L);
	(void)ar;
	if (!s->over) {
		s->left -= STEP;
		if (s->left < 0)
			s->over = "instructions (1,000,000)";
		else
			look_at_clock(s);
	}
	if (!s->over)
		return;
	lua_sethook(L, hook, LUA_MASKCOUNT, 1);
	if (lua_isyieldable(L))
		lua_yield(L, 0);
	else
		luaL_error(L, "over the budget of %s", s->over);
}

void lua_state_check(lua_State *L)
{
	struct lua_state *s = lua_state_of(L);
	if (!s->over)
		return;
	lua_sethook(L, hook, LUA_MASKCOUNT, 1);
	luaL_error(L, "over the budget of %s", s->over);
}

void lua_state_spend(lua_State *L, int64_t n)
{
	struct lua_state *s = lua_state_of(L);
	s->left -= n;
	if (s->left < 0 && !s->over)
		s->over = "instructions (1,000,000)";
	lua_state_check(L);
}

void lua_state_enter(lua_State *L)
{
	struct lua_state *s = lua_state_of(L);
	if (s->depth >= LUA_DEPTH)
		luaL_error(L, "calls are nested too deep (more than %d through C)", LUA_DEPTH);
	s->depth++;
}

void lua_state_leave(lua_State *L)
{
	lua_state_of(L)->depth--;
}

static int panic(lua_State *L)
{
	(void)L;
	abort();
}

struct lua_state *lua_state_new(void)
{
	struct lua_state *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->L = lua_newstate(alloc, s);
	if (!s->L) {
		free(s);
		return NULL;
	}
	*(struct lua_state **)lua_getextraspace(s->L) = s;
	s->scratch = arena_new_sized(1024);
	lua_atpanic(s->L, panic);
	lua_sethook(s->L, hook, LUA_MASKCOUNT, STEP); /* every thread made from this one inherits it */
	return s;
}

void lua_state_delete(struct lua_state *s)
{
	if (!s)
		return;
	s->running = NULL;
	lua_close(s->L);
	arena_delete(s->scratch);
	free(s);
}

void lua_state_refill(struct lua_state *s)
{
	s->left = LUA_STEPS;
	s->fuel = LUA_FUEL;
	s->cpu_ns = LUA_CPU_MS * INT64_C(1000000);
	s->over = NULL;
	s->depth = 0;
}

int lua_state_run(struct lua_state *s, lua_State *co, int nargs)
{
	lua_State *outer = s->running;
	int nresults, depth = s->depth;
	s->running = co;
	if (outer)
		lua_state_resume(s);
	else
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &s->since);
	int status = lua_resume(co, outer, nargs, &nresults);
	if (outer)
		lua_state_pause(s);
	s->running = outer;
	s->depth = depth;
	/* a yield is a budget's end, or a script that yields to nobody */
	if (status == LUA_YIELD && !s->over) {
		lua_settop(co, 0);
		lua_pushliteral(co, "a hook cannot yield");
		return -1;
	}
	return status == LUA_OK && !s->over ? 0 : -1;
}
