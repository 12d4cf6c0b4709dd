-- A letter that came: registered by the office, assigned, answered by its control date.
section "incoming_letter" {
  label = "Incoming letter", plural = "Incoming letters", title = "{number} · {sender.name}",

  autonumber "number"          { pattern = "IN-{yyyy}-{seq:5}", search = true },
  text       "subject"         { required = true, search = true },
  lookup     "sender"          { to = "account", required = true, create = true, on_delete = "restrict" },
  lookup     "addressee"       { label = "Addressed to", to = "legal_entity", required = true, on_delete = "restrict" },
  lookup     "responsible"     { to = "user", on_delete = "restrict", where = "active", index = true },
  lookup     "copies"          { label = "Copies to", to = "user", many = true, where = "active" },

  tab "registration" {
    group "document" {
      text "document_number" { label = "Sender's number", search = true },
      date "document_date"   { label = "Sender's date", check = "document_date <= received_on", message = "A letter is not received before it is written" },
    },
    group "dates" {
      date "received_on" { required = true, initial = "today()" },
      date "control_on"  { label = "Answer by", index = true,
                           fill = "iif(sender.kind == 'state_body', received_on + days(10), received_on + days(30))",
                           check = "control_on >= received_on", message = "The control date is not before the letter came" },
    },
    file "scans"   { many = true },
    text "barcode" { unique = true, search = true, help = "The sticker on the paper original: anybody finds it on the shelf" },
  },

  tab "work" {
    lookup "contract"   { label = "About the contract", to = "contract", on_delete = "clear", where = "account == record.sender" },
    text   "resolution" { long = true, help = "What the director wants done" },
    text   "result"     { long = true, help = "What was done" },
    detail "answers"    { section = "outgoing_letter", by = "answer_to" },
  },

  stages {
    stage "registered" {},
    stage "review"     { label = "With the director" },
    stage "work"       { label = "In work", required = { "responsible", "control_on" } },
    stage "done"       { final = true, freeze = true, required = { "result" } },

    move "present" { label = "Present to the director", from = "registered", to = "review", allow = "has_role('office')" },
    move "assign"  { label = "Give into work", from = { "registered", "review" }, to = "work",
                     allow = "has_role('ceo') or has_role('executive') or has_role('office') and sender.kind == 'tenant'",
                     when = "responsible ~= nil", message = "Name the responsible person first" },
    move "finish"  { label = "Close as answered", from = "work", to = "done", allow = "responsible == me or has_role('ceo')" },
  },

  list "open"       { label = "In work", columns = { "number", "sender", "subject", "responsible", "control_on", "stage" },
                      where = "stage ~= 'done'", sort = { "control_on" } },
  list "on_control" { label = "Due within three days", columns = { "control_on", "number", "sender", "subject", "responsible" },
                      where = "stage ~= 'done' and control_on <= today() + days(3)", sort = { "control_on" } },
  list "mine"       { columns = { "control_on", "number", "sender", "subject", "stage" },
                      where = "responsible == me and stage ~= 'done'", sort = { "control_on" } },
}
