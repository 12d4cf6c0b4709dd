-- A counterparty. Only the name is required, so that it can be added in passing and completed later.
section "account" {
  label = "Counterparty", plural = "Counterparties", title = "{name}",

  text   "name"  { required = true, search = true },
  choice "kind"  {
    value "tenant"     { colour = "green" },
    value "customer"   { colour = "blue" },
    value "supplier"   { colour = "cyan" },
    value "contractor" { colour = "orange" },
    value "partner"    { colour = "purple" },
    value "state_body" { colour = "red" },
    value "other"      { colour = "grey" },
    required = true, default = "customer",
  },
  lookup "owner" { label = "Responsible", to = "user", initial = "me", on_delete = "clear", where = "active", index = true },

  tab "contacts" {
    group "reach" { label = "How to reach",
      phone "phone" { search = true },
      email "email" { search = true },
      url   "web"   { label = "Web site" },
    },
    detail "people" { section = "contact", by = "account" },
    detail "activities" { section = "activity", by = "account" },
  },

  tab "requisites" {
    group "registration" {
      text "full_name"       { long = true, search = true, help = "As in the charter" },
      text "inn"             { label = "INN", search = true, help = "Taxpayer's number: 10 digits, 12 for a sole trader" },
      text "kpp"             { label = "KPP", help = "Reason code, 9 digits" },
      text "ogrn"            { label = "OGRN", help = "State registration number: 13 digits, 15 for a sole trader" },
      text "register_number" { unique = true, search = true, help = "Number in the register of state customers" },
    },
    group "addresses" {
      text "postal_address"     { long = true },
      text "normalised_address" { long = true, help = "As the address register writes it" },
    },
    group "bank" {
      text "bank_name"    { label = "Bank" },
      text "bank_bic"     { label = "BIC" },
      text "bank_account" { label = "Settlement account" },
    },
  },

  text "note" { long = true },

  unique { "inn", "kpp" },

  list "mine"         { columns = { "name", "kind", "phone", "email", "inn" }, where = "owner == me", sort = { "name" } },
  list "tenants"      { columns = { "name", "owner", "phone", "inn" }, where = "kind == 'tenant'", sort = { "name" } },
  list "state_bodies" { columns = { "name", "register_number", "postal_address" }, where = "kind == 'state_body'", sort = { "name" } },
  list "nobodys"      { label = "Without a responsible person", columns = { "name", "kind", "created_at" }, where = "owner == nil", sort = { "-created_at" } },
}
