-- What this folder is. `ostov check` proves it, `ostov serve` runs it; the language is described in
-- docs/implementers/configuration.md. Shared modules are named in depends, such as { org = "1" }
-- for departments and their heads, { crm = "1" } for counterparties.
module "NAME" {
  label = "LABEL", version = "0.1.0", core = "1",
  zone = "Europe/Moscow", currency = "RUB", week = { 1, 2, 3, 4, 5 },
}
