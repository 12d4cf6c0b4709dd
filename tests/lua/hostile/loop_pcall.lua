-- An endless loop that catches whatever stops it.
-- expect: script_limit
while true do
	pcall(function()
		while true do end
	end)
end
