-- Tables without end.
-- expect: script_limit
local all = {}
while true do all[#all + 1] = { {}, {}, {} } end
