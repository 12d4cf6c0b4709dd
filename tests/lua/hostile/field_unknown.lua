-- An unknown field is named.
-- expect: script_error
local record = ...
return record.nothing
