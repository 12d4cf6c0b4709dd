-- A pattern with more optional parts than it may nest.
-- expect: script_error
string.find(string.rep("a", 400), string.rep("a?", 300) .. string.rep("a", 300))
