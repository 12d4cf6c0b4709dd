-- The exceptions from the working week: holidays, and days off that are worked. `workdays(n)` counts by them.
section "work_day" {
  label = "Calendar exception", plural = "Work calendar", title = "{day}", calendar = true,

  date    "day"     { required = true, unique = true },
  boolean "working" { default = false, help = "Worked although it is a day off by the week" },
  text    "reason"  {},

  list "by_day" { label = "By day", columns = { "day", "working", "reason" }, sort = { "day" } },
}
