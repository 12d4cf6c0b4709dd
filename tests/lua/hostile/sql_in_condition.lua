-- SQL in a query's condition is no expression.
-- expect: script_error
local _, ctx = ...
ctx:query("probe", { where = "1=1; drop table app.probe" })
