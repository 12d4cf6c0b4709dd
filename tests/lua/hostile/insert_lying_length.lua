-- A length that lies: the table functions do not ask it.
-- expect: ok
local t = setmetatable({}, { __len = function() return 1000000000000 end })
table.insert(t, 1, "x")
assert(rawlen(t) == 1)
