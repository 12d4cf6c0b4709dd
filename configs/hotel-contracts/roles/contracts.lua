-- A contract is seen by who started it, the heads above, who was asked to follow it, and those whose work it is.
allow "employee" { on = "contract", create = true,
                   read = "initiator == me or initiator.department.head == me or me in watchers",
                   update = "initiator == me and stage == 'draft'",
                   delete = "initiator == me and stage == 'draft'" }

allow "head" { on = "contract", read = "under(initiator.department, me.department)" }

allow "lawyer" { on = "contract", read = true }
allow "lawyer" { on = "contract", update = true, fields = { "note", "watchers" } }

allow "accountant" { on = "contract", read = "stage ~= 'draft'" }
allow "accountant" { on = "contract", update = "stage in {'active', 'expired'}", fields = { "payments" } }

allow "chief_engineer" { on = "contract", read = "stage ~= 'draft' and initiator.department.code == 'engineering'" }
allow "executive"      { on = "contract", read = "stage ~= 'draft' and initiator.department.code == 'sales'" }
allow "deputy"         { on = "contract", read = "stage ~= 'draft'" }

allow "office" { on = "contract", read = true }
allow "office" { on = "contract", update = true, fields = { "barcode", "scan", "watchers" } }

allow "ceo" { on = "contract", create = true, read = true, update = true }

-- The administrator brings in registers, and puts right what they brought.
allow "administrator" { on = "contract", create = true, read = true }
allow "administrator" { on = "contract", update = "register_number ~= nil" }

-- An outsider sees what was sent to him, and of it what he has to judge.
allow "partner" { on = "contract", read = "external_approver == me and stage ~= 'draft'",
                  fields = { "number", "subject", "route", "object", "account", "initiator", "external_approver",
                             "amount", "starts_on", "ends_on", "scan" } }
allow "partner" { on = "account", read = "any(contracts, external_approver == me and stage ~= 'draft')", fields = { "name" } }
allow "partner" { on = "user", read = "id == me.id or any(started_contracts, external_approver == me and stage ~= 'draft')",
                  fields = { "name", "email", "phone" } }

-- The chief executive sees what everybody has to do; a head sees it of his people.
allow "ceo" { on = "activity", read = true }
