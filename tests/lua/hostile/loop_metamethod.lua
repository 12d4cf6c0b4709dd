-- A metamethod that never ends.
-- expect: script_limit
local t = setmetatable({}, {
	__index = function()
		while true do end
	end,
})
return t.x
