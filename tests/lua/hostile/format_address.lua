-- Addresses are not shown.
-- expect: script_error
string.format("%10p", {})
