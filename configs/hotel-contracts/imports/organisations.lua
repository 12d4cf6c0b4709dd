-- The open register of state customers: one organisation a row.
import "organisations" {
  label = "State customers of the open register", on = "account", key = "register_number",
  columns = {
    { "responsibleOrg.regNum", to = "register_number" },
    { "responsibleOrg.fullName", to = "name" },
    { "responsibleOrg.postAddress", to = "postal_address" },
    { "responsibleOrg.address.OSM", to = "normalised_address" },
    { "responsibleOrg.long", skip = true },
    { "responsibleOrg.lat", skip = true },
  },
  set = { kind = "state_body" },
}
