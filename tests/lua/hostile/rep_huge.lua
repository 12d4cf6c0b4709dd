-- One text of 10^15 bytes.
-- expect: script_limit
string.rep("x", 1000000000000000)
