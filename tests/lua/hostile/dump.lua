-- string.dump is not there.
-- expect: script_error
string.dump(function() end)
