-- __tostring that never ends.
-- expect: script_limit
tostring(setmetatable({}, {
	__tostring = function()
		while true do end
	end,
}))
