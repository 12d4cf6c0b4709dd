-- xpcall is not there: its handler cannot be interrupted.
-- expect: script_error
xpcall(error, function()
	while true do end
end)
