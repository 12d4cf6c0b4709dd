-- A letter that we send: written by the executor, agreed by the checker, closed when the answer came.
section "outgoing_letter" {
  label = "Outgoing letter", plural = "Outgoing letters", title = "{number} · {addressee.name}",

  autonumber "number"     { pattern = "OUT-{yyyy}-{seq:5}", search = true },
  text       "subject"    { required = true, search = true },
  lookup     "addressee"  { label = "To whom", to = "account", required = true, create = true, on_delete = "restrict" },
  lookup     "sender"     { label = "From", to = "legal_entity", required = true, on_delete = "restrict" },
  lookup     "executor"   { to = "user", required = true, initial = "me", on_delete = "restrict", where = "active", index = true },
  lookup     "checker"    { label = "Who agrees", to = "user", on_delete = "restrict", where = "active and id ~= record.executor.id", index = true },

  tab "letter" {
    date "dated_on"   { label = "Date", required = true, initial = "today()" },
    date "control_on" { label = "Answer expected by", index = true,
                        check = "control_on >= dated_on", message = "The answer is not expected before the letter" },
    text "body"       { label = "Text", long = true },
    text "remarks"    { label = "Checker's remarks", long = true },
    file "scans"      { many = true },
    text "barcode"    { unique = true, search = true, help = "The sticker on the paper copy: anybody finds it on the shelf" },
  },

  tab "answer" {
    lookup "contract"    { label = "About the contract", to = "contract", on_delete = "clear", where = "account == record.addressee" },
    lookup "answer_to"   { label = "In answer to", to = "incoming_letter", on_delete = "clear", where = "sender == record.addressee" },
    date   "answered_on" { check = "answered_on >= dated_on", message = "The answer did not come before the letter" },
  },

  stages {
    stage "draft"     {},
    stage "check"     { label = "Being agreed", required = { "checker" } },
    stage "sent"      {},
    stage "closed"    { final = true, freeze = true },
    stage "cancelled" { final = true },

    move "submit" { label = "Ask to agree", from = "draft", to = "check", allow = "executor == me",
                    when = "checker ~= nil", message = "Name who agrees the letter" },
    move "agree"  { label = "Agree and send", from = "check", to = "sent", allow = "checker == me" },
    move "return" { label = "Return for correction", from = "check", to = "draft", allow = "checker == me", comment = true },
    move "close"  { from = "sent", to = "closed", allow = "executor == me or has_role('office')",
                    when = "control_on == nil or answered_on ~= nil", message = "Enter when the answer came" },
    move "cancel" { from = { "draft", "check" }, to = "cancelled", allow = "executor == me", comment = true },
  },

  list "open"    { label = "In work", columns = { "number", "addressee", "subject", "executor", "control_on", "stage" },
                   where = "stage not in {'closed', 'cancelled'}", sort = { "-created_at" } },
  list "to_agree" { label = "For me to agree", columns = { "number", "addressee", "subject", "executor", "dated_on" },
                   where = "checker == me and stage == 'check'", sort = { "dated_on" } },
  list "awaited" { label = "Awaiting an answer", columns = { "control_on", "number", "addressee", "subject", "executor" },
                   where = "stage == 'sent' and control_on ~= nil and answered_on == nil", sort = { "control_on" } },
}
