-- The organisation's own companies: in whose name contracts are signed and letters received.
section "legal_entity" {
  label = "Legal entity", plural = "Legal entities", title = "{name}",

  text   "code"    { required = true, unique = true, help = "A short name for imports, such as hotel" },
  text   "name"    { required = true, search = true },
  text   "inn"     { label = "INN", unique = true, search = true, help = "Taxpayer's number, 10 digits" },
  text   "kpp"     { label = "KPP" },
  text   "ogrn"    { label = "OGRN" },
  text   "address" { long = true },
  lookup "director" { to = "user", on_delete = "clear", where = "active" },
}
