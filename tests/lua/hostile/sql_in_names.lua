-- Names of sections and fields come from the definitions.
-- expect: script_error
local _, ctx = ...
ctx:query("probe; drop table app.probe", {})
