-- The tree of departments. `head` decides for the people of the department and of those below it.
section "department" {
  label = "Department", plural = "Departments", title = "{name}", tree = "parent", history = true,

  text   "code"   { required = true, unique = true, search = true, help = "A short name for rules and imports, such as sales" },
  text   "name"   { required = true, search = true },
  lookup "parent" { label = "Part of", to = "department", on_delete = "restrict" },
  lookup "head"   { to = "user", on_delete = "clear", where = "active" },
  detail "people" { section = "user", by = "department" },

  list "tree" { label = "Structure", columns = { "name", "parent", "head" }, sort = { "name" } },
}
