-- Trailing spaces sought the slow way.
-- expect: script_limit
string.gsub(string.rep(" ", 100000) .. "x", "%s+$", "")
