-- The metatable of texts is hidden, the libraries' too.
-- expect: ok
assert(getmetatable("") == nil)
assert(not pcall(setmetatable, string, {}))
assert(not pcall(rawset, string, "find", nil))
assert(not pcall(rawset, math, "pi", 3))
