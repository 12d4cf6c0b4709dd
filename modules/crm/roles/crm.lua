-- Everybody sees whom we deal with and may add; the responsible person and the administrator change.
allow "employee" { on = { "account", "contact" }, create = true, read = true }
allow "employee" { on = "account", update = "owner == me or owner == nil or owner.department.head == me" }
allow "employee" { on = "contact", update = "account.owner == me or account.owner == nil or created_by == me",
                   delete = "account.owner == me" }

allow "employee" { on = "activity", create = true,
                   read = "owner == me or created_by == me or owner.department.head == me",
                   update = "owner == me or created_by == me", delete = "created_by == me and not done" }

allow "administrator" { on = { "account", "contact", "activity" }, create = true, read = true, update = true, delete = true }
