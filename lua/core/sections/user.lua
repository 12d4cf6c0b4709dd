-- A person who signs in. Passwords are kept apart from the record: no field holds them.
-- Modules add what they know about people with `extend "user"`.
section "user" {
  label = "User", plural = "Users", title = "{name}", history = true,

  text    "login"    { required = true, unique = true, search = true, help = "The name to sign in with" },
  text    "name"     { required = true, search = true },
  email   "email"    { search = true },
  boolean "active"   { default = true, help = "Somebody who left is switched off, never deleted" },
  choice  "language" { value "en" { label = "English" }, value "ru" { label = "Russian" } },
  lookup  "roles"    { to = "role", many = true },

  list "active"       { label = "Who works now", columns = { "name", "login", "email", "roles" }, where = "active", sort = { "name" } },
  list "switched_off" { columns = { "name", "login", "changed_at" }, where = "not active", sort = { "name" } },
}
