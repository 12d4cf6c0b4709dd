-- xpcall is not there: its handler cannot be interrupted.
-- expect: script_error
local env = _ENV
env.xpcall(error, function()
	while true do end
end)
