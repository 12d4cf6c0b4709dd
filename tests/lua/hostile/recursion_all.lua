-- Everything that nests at once: hooks, replacements, metamethods.
-- expect: script_error
local _, ctx = ...
local function by_index(n, f)
	local t = setmetatable({}, { __index = function() return by_index(n - 1, f) end })
	return n == 0 and f() or t.x
end
local function deep(n)
	if n == 0 then
		by_index(12, function() ctx:create("probe", { script = "recursion_all" }) return true end)
	else
		string.gsub("x", ".", function() deep(n - 1) end)
	end
end
deep(5)
