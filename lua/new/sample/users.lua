-- Rows to try the system with: loaded once, when the server starts with sample data. All sign in with the password
-- ostov-demo. For real work start without --sample (./run: with --no-sample), and make the first administrator by `ostov user add`.
data "user" { key = "login",
  { login = "admin", name = "Administrator", password = "ostov-demo", roles = { "administrator" } },
  { login = "anna", name = "Anna Petrova", password = "ostov-demo", roles = { "manager" } },
  { login = "boris", name = "Boris Ivanov", password = "ostov-demo", roles = { "employee" } },
}
