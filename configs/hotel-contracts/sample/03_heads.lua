data "department" { key = "code",
  { code = "management",  head = "ceo" },
  { code = "sales",       head = "head" },
  { code = "engineering", head = "chief_engineer" },
  { code = "legal",       head = "lawyer" },
  { code = "accounting",  head = "accountant" },
  { code = "office",      head = "office" },
}

data "legal_entity" { key = "code",
  { code = "hotel",  name = "ООО «Гостиница „Кедр“»", inn = "0077010011", kpp = "007701001", ogrn = "0027700000011",
    address = "109000, г. Москва, ул. Кедровая, д. 1", director = "ceo" },
  { code = "centre", name = "ООО «Деловой центр „Кедровый квартал“»", inn = "0077010022", kpp = "007701001", ogrn = "0027700000022",
    address = "109000, г. Москва, ул. Кедровая, д. 3, стр. 2", director = "ceo" },
}
