-- __close is dropped: the variable cannot be closed.
-- expect: script_error
local t <close> = setmetatable({}, { __close = function() while true do end end })
return t
