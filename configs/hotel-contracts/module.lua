-- A hotel and office landlord: contracts with their approval, incoming and outgoing letters.
module "hotel_contracts" {
  label = "Hotel contracts", version = "1.0.0", core = "1",
  depends = { org = "1", crm = "1" },
  zone = "Europe/Moscow", currency = "RUB", week = { 1, 2, 3, 4, 5 },
}
