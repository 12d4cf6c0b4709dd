-- A hook cannot yield.
-- expect: script_error
coroutine.yield()
