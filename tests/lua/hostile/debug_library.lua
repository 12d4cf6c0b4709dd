-- There is no debug.
-- expect: script_error
local env = _ENV
env.debug.sethook()
