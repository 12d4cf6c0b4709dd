-- Dividing by zero.
-- expect: script_error
local _, ctx = ...
return ctx:money(1) / 0
