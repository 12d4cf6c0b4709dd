-- A global cannot be made.
-- expect: script_error
local env = _ENV
env.leaked = "secret"
