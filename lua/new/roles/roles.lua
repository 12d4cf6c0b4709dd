-- Nothing is allowed that no grant allows; rights are the union of the grants of all roles that a person holds.
-- The role "administrator" is there already: it manages users.
role "employee" { label = "Employee" }
role "manager"  { label = "Manager", includes = { "employee" } }

allow "employee" { on = "request", create = true, read = "author == me or executor == me",
                   update = "author == me and stage == 'new' or executor == me", delete = "author == me and stage == 'new'" }
allow "employee" { on = "user", read = true, fields = { "name", "email", "active" } }

allow "manager"  { on = "request", read = true, update = true }

allow "administrator" { on = "request", read = true }
