-- There is no debug.
-- expect: script_error
debug.sethook()
