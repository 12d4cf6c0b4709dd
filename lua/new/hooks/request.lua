-- A hook is Lua that runs in the server at a named place. What a declaration can say is better declared.
on "request.before_save" "repairs_say_what_is_broken" (function(record, ctx)
  if record.kind == "repair" and not record.note then
    ctx:refuse("note", "Say what is broken")
  end
end)
