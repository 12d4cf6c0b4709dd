-- Nothing leads out of the state.
-- expect: script_error
for _, name in ipairs { "dofile", "loadfile", "require", "collectgarbage" } do
	assert(not pcall(function() return _ENV[name] end), name)
end
local env = _ENV
env.os.exit(0)
