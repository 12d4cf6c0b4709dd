-- Joining more than a state holds.
-- expect: script_limit
local t = {}
for i = 1, 2000 do t[i] = string.rep("x", 2000) end
return table.concat(t)
