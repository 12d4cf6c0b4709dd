-- A million bytes at once.
-- expect: script_error
string.byte(string.rep("x", 1000000), 1, -1)
