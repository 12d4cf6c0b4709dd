-- __close put into the metatable afterwards does not count.
-- expect: script_error
local mt = {}
local t = setmetatable({}, mt)
mt.__close = function() while true do end end
local c <close> = t
return c
