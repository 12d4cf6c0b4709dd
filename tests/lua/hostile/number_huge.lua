-- Digits without end.
-- expect: script_error
local _, ctx = ...
local m = ctx:money(10)
for _ = 1, 1000 do m = m * m end
