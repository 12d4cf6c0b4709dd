-- A replacement that never ends, caught.
-- expect: script_limit
pcall(string.gsub, "abc", ".", function()
	while true do end
end)
