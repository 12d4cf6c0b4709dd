-- An endless loop in a coroutine in a coroutine.
-- expect: script_limit
local function spin()
	while true do end
end
coroutine.wrap(function()
	coroutine.wrap(spin)()
end)()
