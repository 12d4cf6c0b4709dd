-- gsub within gsub within gsub.
-- expect: script_error
local function f(s) return (string.gsub(s, ".", f)) end
f("x")
