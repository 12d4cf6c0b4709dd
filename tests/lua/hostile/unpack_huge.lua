-- More values than a stack takes.
-- expect: script_error
table.unpack({}, 1, 10000000)
