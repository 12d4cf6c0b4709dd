-- An error object whose __tostring never ends.
-- expect: script_error
error(setmetatable({}, { __tostring = function() while true do end end }))
