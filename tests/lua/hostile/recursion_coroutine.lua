-- A coroutine within a coroutine without end.
-- expect: script_error
local function f() coroutine.wrap(f)() end
f()
