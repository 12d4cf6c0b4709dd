-- A format wider than formats may be.
-- expect: script_error
string.format("%999999999d", 1)
