-- Letters: the office keeps the journal, the responsible person answers, directors see all.
allow "office" { on = { "incoming_letter", "outgoing_letter" }, create = true, read = true }
allow "office" { on = "incoming_letter", update = "stage ~= 'done'", delete = "stage == 'registered'" }
allow "office" { on = "outgoing_letter", update = "stage == 'sent'", fields = { "answered_on", "barcode", "scans" } }

allow "ceo"       { on = { "incoming_letter", "outgoing_letter" }, create = true, read = true, update = true }
allow "executive" { on = "incoming_letter", read = true }
allow "executive" { on = "incoming_letter", update = "stage in {'registered', 'review'}", fields = { "responsible", "copies", "control_on", "resolution" } }
allow "deputy"    { on = { "incoming_letter", "outgoing_letter" }, read = true }
allow "lawyer"    { on = "incoming_letter", read = "sender.kind in {'state_body', 'contractor', 'supplier'}" }

allow "employee" { on = "incoming_letter", read = "responsible == me or me in copies or responsible.department.head == me" }
allow "employee" { on = "incoming_letter", update = "responsible == me and stage == 'work'", fields = { "result", "scans", "contract" } }

allow "employee" { on = "outgoing_letter", create = true,
                   read = "executor == me or checker == me or executor.department.head == me",
                   update = "executor == me and stage == 'draft'", delete = "executor == me and stage == 'draft'" }
allow "employee" { on = "outgoing_letter", update = "checker == me and stage == 'check'", fields = { "remarks" } }
allow "employee" { on = "outgoing_letter", update = "executor == me and stage == 'sent'", fields = { "answered_on", "scans", "contract", "answer_to" } }

allow "administrator" { on = { "incoming_letter", "outgoing_letter" }, read = true }
