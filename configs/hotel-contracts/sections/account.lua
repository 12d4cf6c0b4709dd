-- The counterparty's card shows what we have with it.
extend "account" {
  change "owner" { label = "Manager" },

  tab "documents" {
    detail "contracts"        { section = "contract", by = "account" },
    detail "incoming_letters" { section = "incoming_letter", by = "sender" },
    detail "outgoing_letters" { section = "outgoing_letter", by = "addressee" },
  },
}

extend "user" {
  detail "started_contracts" { section = "contract", by = "initiator" },
}
