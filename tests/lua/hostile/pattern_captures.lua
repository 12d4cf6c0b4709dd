-- More captures than there are.
-- expect: script_error
string.find("x", string.rep("(", 40) .. string.rep(")", 40))
