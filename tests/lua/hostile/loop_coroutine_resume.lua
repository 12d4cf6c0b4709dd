-- Coroutines resumed for ever, errors dropped.
-- expect: script_limit
while true do
	local co = coroutine.create(function()
		while true do end
	end)
	coroutine.resume(co)
end
