-- __gc is dropped: the collector runs nothing of the script.
-- expect: ok
for _ = 1, 1000 do
	setmetatable({}, { __gc = function() while true do end end })
end
