-- What an organisation knows about its people.
extend "user" {
  lookup "department" { to = "department", on_delete = "restrict", after = "name" },
  text   "position"   { search = true, after = "department" },
  lookup "mentor"     { to = "user", on_delete = "clear", where = "active and id ~= record.id", after = "position",
                        help = "Joins the approvals of a trainee; leave empty to switch off" },
  phone  "phone"      { after = "email" },
}
