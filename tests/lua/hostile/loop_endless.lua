-- An endless loop.
-- expect: script_limit
while true do end
