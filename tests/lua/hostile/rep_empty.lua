-- Nothing, repeated 10^12 times with a separator.
-- expect: script_limit
string.rep("", 1000000000000, ",")
