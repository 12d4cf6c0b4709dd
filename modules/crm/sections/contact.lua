-- A person at a counterparty.
section "contact" {
  label = "Contact", plural = "Contacts", title = "{name}",

  lookup "account"  { label = "Works at", to = "account", required = true, create = true, on_delete = "cascade" },
  text   "name"     { required = true, search = true },
  text   "position" {},
  phone  "phone"    { search = true },
  email  "email"    { search = true },
  text   "note"     { long = true },

  list "by_name" { label = "By name", columns = { "name", "account", "position", "phone", "email" }, sort = { "name" } },
}
