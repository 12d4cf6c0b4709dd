/* lua_hooks: the hooks of a configuration at run time, in the Lua state that belongs to a transaction's connection.
 *
 * A state holds the hooks only; it is made when the first hook runs on a connection, thrown away at a new generation and after any limit error. One unit of
 * work uses one state to its end, and tables that hooks can reach are frozen, so no request sees another's variables.
 * Budgets, sandbox: lua_sandbox.h. */
#ifndef OST_EDGE_LUA_HOOKS_H
#define OST_EDGE_LUA_HOOKS_H

/* Makes Lua the engine of this process's hooks and registers the job that runs after-commit hooks. */
void lua_hooks_setup(void);

#endif
