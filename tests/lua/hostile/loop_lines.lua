-- What asks the platform and waits for nothing.
-- expect: script_limit
local record, ctx = ...
while true do
  local x = ctx.user and ctx.user.login or record.sum
end
