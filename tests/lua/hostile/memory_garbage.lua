-- Little at a time, much in all.
-- expect: script_limit
for _ = 1, 100000 do
	local _ = string.rep("x", 100000)
end
