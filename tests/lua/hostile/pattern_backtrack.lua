-- A pattern that backtracks without end.
-- expect: script_limit
string.find(string.rep("a", 30000), ".-.-.-.-b")
