-- Asking the database for ever.
-- expect: script_limit
local _, ctx = ...
while true do
	ctx:query("probe", { limit = 1 })
end
