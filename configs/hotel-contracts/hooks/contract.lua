-- What a check cannot say.

on "contract.before_save" "large_sums_need_a_note" (function(record, ctx)
  if record.amount and record.amount > ctx:money(1000000) and not record.note then
    ctx:refuse("note", "A contract above 1 000 000 needs a note")
  end
end)

-- Money that came is not forgotten together with its contract.
on "contract.before_delete" "paid_contracts_stay" (function(record, ctx)
  if record.paid and record.paid > ctx:money(0) then
    ctx:refuse("paid", "A contract with payments received is not deleted")
  end
end)
