-- Doubling a text, caught each time.
-- expect: script_limit
local s = "x"
while true do
	pcall(function() s = s .. s end)
end
