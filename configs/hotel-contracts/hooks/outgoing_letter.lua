-- Whoever sent a letter is reminded on its control date to see whether the answer came.
on "outgoing_letter.stage_entered" "remind_of_the_answer" (function(record, ctx)
  if record.stage == "sent" and record.control_on then
    ctx:create("activity", {
      kind = "reminder",
      subject = record.number .. " · " .. record.subject,
      account = record.addressee,
      owner = record.executor,
      due = record.control_on,
    })
  end
end)
