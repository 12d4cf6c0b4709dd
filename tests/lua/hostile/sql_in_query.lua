-- SQL in a query's argument is a text.
-- expect: ok
local _, ctx = ...
assert(#ctx:query("probe", { where = "note == args.note", args = { note = "x' or 1=1; drop table app.probe; --" } }) == 0)
assert(#ctx:query("probe", { where = "note == args.note", args = { note = "\\' or true or '" } }) == 0)
