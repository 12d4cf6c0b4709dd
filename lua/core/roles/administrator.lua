-- Manages who may sign in and as what. Sees nothing of the business unless a module says so.
role "administrator" { label = "Administrator" }

allow "administrator" { on = "user", create = true, read = true, update = true }
allow "administrator" { on = { "role", "file" }, read = true }
