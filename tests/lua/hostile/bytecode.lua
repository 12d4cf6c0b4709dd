-- Loading bytecode.
-- expect: script_error
local env = _ENV
env.load("\27Lua")()
