-- A hook that creates what calls the hook again.
-- expect: script_error
local _, ctx = ...
ctx:create("probe", { script = "create_endless" })
