-- Loading bytecode.
-- expect: script_error
load("\27Lua")()
