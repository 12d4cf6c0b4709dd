-- One row for each `role` of the configuration; `apply` keeps the rows, people only refer to them.
section "role" {
  label = "Role", plural = "Roles", title = "{label}", history = true,

  text "code"  { readonly = true, unique = true },
  text "label" { label = "Name", readonly = true, search = true },
}
