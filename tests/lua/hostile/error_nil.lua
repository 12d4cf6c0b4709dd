-- nil thrown.
-- expect: script_error
error(nil)
