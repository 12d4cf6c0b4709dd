-- Functions without end, errors caught.
-- expect: script_limit
local all = {}
while true do
	pcall(function()
		all[#all + 1] = function() return all end
	end)
end
