-- table.move over the whole range of integers.
-- expect: script_limit
table.move({}, 1, 1000000000, 2)
