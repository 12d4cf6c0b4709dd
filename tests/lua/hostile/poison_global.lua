-- A global cannot be made.
-- expect: script_error
leaked = "secret"
