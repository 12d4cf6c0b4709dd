-- A payment that a contract foresees: a line of the contract, with the contract's rights.
section "planned_payment" {
  label = "Planned payment", plural = "Planned payments", title = "{reference}",

  lookup "contract"  { to = "contract", required = true, on_delete = "cascade" },
  date   "due_on"    { label = "To be paid by", required = true, index = true },
  money  "amount"    { required = true, min = 0 },
  text   "purpose"   {},
  text   "reference" { unique = true, label = "Payment reference", help = "Stands in the bank order, so that the statement finds the line" },
  date   "paid_on"   { check = "paid_on <= today()", message = "A payment is marked when it has come" },
}
