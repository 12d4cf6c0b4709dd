-- A table that holds itself, thrown.
-- expect: script_error
local t = {}
t.t = t
error(t)
