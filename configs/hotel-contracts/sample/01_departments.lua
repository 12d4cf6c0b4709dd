-- The departments; their heads follow in 03_heads.lua, once the people are there.
data "department" { key = "code",
  { code = "management",  name = "Дирекция" },
  { code = "sales",       name = "Отдел аренды и продаж", parent = "management" },
  { code = "engineering", name = "Инженерная служба", parent = "management" },
  { code = "legal",       name = "Юридический отдел", parent = "management" },
  { code = "accounting",  name = "Бухгалтерия", parent = "management" },
  { code = "office",      name = "Канцелярия", parent = "management" },
}
