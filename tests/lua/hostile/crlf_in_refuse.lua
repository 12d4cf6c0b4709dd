-- Line ends in a refusal are told as they are, in JSON.
-- expect: invalid
local _, ctx = ...
ctx:refuse("note", "a\r\nSet-Cookie: x=1")
