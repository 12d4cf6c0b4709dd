-- What is to be done with a counterparty, or was done: a call, a meeting, a letter, a reminder.
section "activity" {
  label = "Activity", plural = "Activities", title = "{subject}",

  choice   "kind"    {
    value "call"     { colour = "green" },
    value "meeting"  { colour = "purple" },
    value "mail"     { label = "Letter or message", colour = "blue" },
    value "reminder" { colour = "orange" },
    required = true, default = "call",
  },
  text     "subject" { required = true, search = true },
  lookup   "account" { label = "With whom", to = "account", create = true, on_delete = "cascade" },
  lookup   "contact" { label = "Contact person", to = "contact", on_delete = "clear", where = "account == record.account" },
  lookup   "owner"   { label = "Who does it", to = "user", required = true, initial = "me", where = "active", on_delete = "restrict" },
  date     "due"     { label = "Due on", index = true },
  datetime "starts_at" { hidden = "kind not in {'call', 'meeting'}" },
  duration "lasts"   { hidden = "kind not in {'call', 'meeting'}" },
  boolean  "done"    { default = false },
  text     "result"  { long = true, required = "done and kind ~= 'reminder'" },

  list "my_open"  { label = "My open ones", columns = { "due", "kind", "subject", "account", "contact" }, where = "owner == me and not done", sort = { "due" } },
  list "overdue"  { columns = { "due", "kind", "subject", "account", "owner" }, where = "not done and due < today()", sort = { "due" } },
  list "all_done" { label = "Done", columns = { "due", "kind", "subject", "account", "owner" }, where = "done", sort = { "-due" } },
}
