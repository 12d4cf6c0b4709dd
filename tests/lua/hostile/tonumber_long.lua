-- Reading a long text as a number, over and over.
-- expect: script_limit
local s = string.rep(" ", 1000000) .. "1"
while true do tonumber(s) end
