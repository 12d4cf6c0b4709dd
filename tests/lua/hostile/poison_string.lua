-- The library cannot be changed.
-- expect: script_error
string.find = function() return 1 end
