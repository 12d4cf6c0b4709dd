-- Everybody who works here is an employee; a head answers for a department.
role "employee" { label = "Employee" }
role "head"     { label = "Head of department", includes = { "employee" } }

allow "employee" { on = { "department", "legal_entity", "work_day", "role" }, read = true }
allow "employee" { on = "user", read = true, fields = { "name", "email", "phone", "department", "position", "mentor", "active" } }
allow "employee" { on = "user", read = "id == me.id", update = "id == me.id", fields = { "phone", "language" } }
allow "employee" { on = "user", read = "id == me.id", fields = { "login", "roles" } }

allow "head" { on = "user", update = "under(department, me.department)", fields = { "mentor" } }

allow "administrator" { on = { "department", "legal_entity", "work_day" }, create = true, read = true, update = true, delete = true }
