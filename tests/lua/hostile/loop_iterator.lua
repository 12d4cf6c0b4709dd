-- An iterator that never ends.
-- expect: script_limit
for _ in function() return 1 end do end
