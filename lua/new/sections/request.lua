-- A section is a kind of record: it becomes a table, a list and a page. Fields stand on the form in this order.
section "request" {
  label = "Request", plural = "Requests", title = "{number} · {subject}",

  autonumber "number"  { pattern = "R-{yyyy}-{seq:4}", search = true },
  text       "subject" { required = true, search = true },
  choice     "kind"    {
    value "question" { colour = "blue" },
    value "purchase" { colour = "orange" },
    value "repair"   { colour = "red" },
    required = true, default = "question",
  },
  -- a quoted text where a rule is expected is an expression over the record
  money      "cost"    { min = 0, hidden = "kind ~= 'purchase'", required = "kind == 'purchase'" },
  lookup     "author"  { to = "user", initial = "me", readonly = true },
  lookup     "executor" { label = "Who does it", to = "user", where = "active" },

  tab "work" {
    date "due_on" { label = "Due on", check = "due_on >= today()", message = "The day is over already" },
    text "note"   { long = true },
    file "scans"  { label = "Attachments", many = true },
    detail "steps" { section = "request_step", by = "request", owned = true },
    rollup "left"  { label = "Steps left", "count(steps, not done)" },
  },

  -- a record moves through its stages; `allow` says who may, `when` whether it is possible now
  stages {
    stage "new"  {},
    stage "work" { label = "In work", required = { "executor" } },
    stage "done" { final = true, freeze = true },
    move "take"   { label = "Take into work", from = "new", to = "work", allow = "has_role('manager') or executor == me" },
    move "back"   { label = "Give back", from = "work", to = "new", allow = "executor == me", comment = true },
    move "finish" { from = "work", to = "done", allow = "executor == me", when = "left == 0", message = "Some steps are not done" },
  },

  list "open" { label = "Not done", columns = { "number", "subject", "kind", "executor", "due_on", "stage" }, where = "stage ~= 'done'", sort = { "due_on" } },
  list "mine" { columns = { "number", "subject", "due_on", "stage" }, where = "executor == me and stage ~= 'done'", sort = { "due_on" } },
}

-- Lines that live and die with their request and take its rights: they need no grants of their own.
section "request_step" {
  label = "Step", plural = "Steps", title = "{what}",
  lookup  "request" { to = "request", required = true, on_delete = "cascade" },
  text    "what"    { label = "What to do", required = true },
  boolean "done"    { default = false },
}
