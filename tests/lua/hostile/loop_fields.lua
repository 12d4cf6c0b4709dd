-- Fields of its own record for ever: each is read in less than a microsecond of the platform's own code.
-- expect: script_limit
local record = ...
for i = 1, 1000000000 do
  local x = record.script
end
