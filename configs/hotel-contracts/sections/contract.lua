-- A contract, from the first draft to its end date. What was signed on a state tender comes from the
-- open register with `register_number` and lives on a path of its own.
section "contract" {
  label = "Contract", plural = "Contracts", title = "{number} · {account.name}",

  autonumber "number"       { pattern = "C-{yyyy}-{seq:5}", search = true },
  text       "subject"      { search = true, help = "What the contract is about, in one line" },
  choice     "route"        {
    value "short"    { colour = "green" },
    value "full"     { colour = "blue" },
    value "external" { colour = "purple" },
    label = "Approval route", required = true, default = "full",
  },
  choice     "object"       { value "hotel" {}, value "business_centre" {} },
  lookup     "account"      { label = "Counterparty", to = "account", required = true, create = true, on_delete = "restrict" },
  lookup     "contact"      { label = "Contact person", to = "contact", create = true, on_delete = "clear", where = "account == record.account" },
  lookup     "legal_entity" { label = "Our legal entity", to = "legal_entity", on_delete = "restrict" },
  lookup     "initiator"    { to = "user", initial = "me", readonly = true, on_delete = "restrict", index = true },
  lookup     "external_approver" { to = "user", on_delete = "restrict", where = "active", index = true,
                                   hidden = "route ~= 'external'", required = "route == 'external'",
                                   help = "The partner's person: sees the contract as soon as it is submitted" },
  lookup     "watchers"     { to = "user", many = true, where = "active", help = "Who else follows this contract" },

  tab "terms" {
    group "payment" {
      money "amount" { min = 0 },
      date  "starts_on" {},
    },
    date "ends_on"  { required = "register_number == nil", index = true,
                      check = "starts_on == nil or ends_on > starts_on", message = "A contract ends after it starts" },
    date "renew_on" { label = "Offer renewal on", fill = "ends_on - months(1)", help = "A month before the end, unless agreed otherwise" },
    text "note"     { long = true, required = "amount > 1000000", help = "Required above 1 000 000" },
    file "scan"     { label = "Signed copy", readonly = "stage == 'active'" },
    text "barcode"  { unique = true, search = true, help = "The sticker on the paper original: anybody finds it on the shelf" },
  },

  tab "payments" {
    detail  "payments" { label = "Planned payments", section = "planned_payment", by = "contract", owned = true },
    rollup  "planned"  { label = "Planned in all", "sum(payments, amount)" },
    rollup  "paid"     { "sum(payments, amount, paid_on ~= nil)" },
    rollup  "overdue"  { "sum(payments, amount, paid_on == nil and due_on < today())" },
    formula "left"     { label = "Left to pay", type = "money", "amount - paid" },
  },

  tab "register" {
    label = "State register",
    text    "register_number" { unique = true, search = true },
    text    "register_status" { hidden = "register_number == nil" },
    date    "posted_on"       { hidden = "register_number == nil" },
    date    "updated_on"      { label = "Updated in the register on", hidden = "register_number == nil" },
    text    "platform"        { label = "Trading platform", hidden = "register_number == nil" },
    group "item" {
      label = "Item of the purchase",
      text    "item_name"     { long = true, hidden = "register_number == nil" },
      text    "item_code"     { hidden = "register_number == nil" },
      text    "item_units"    { label = "Unit of measure", hidden = "register_number == nil" },
      decimal "item_quantity" { label = "Quantity", scale = 3, min = 0, hidden = "register_number == nil" },
      money   "unit_price"    { min = 0, hidden = "register_number == nil" },
      money   "initial_price" { min = 0, hidden = "register_number == nil", help = "The highest price that the tender allowed" },
    },
    boolean "restricted"      { label = "Restrictions on bidders", hidden = "register_number == nil" },
    text    "register_path"   { label = "Page within the register", hidden = "register_number == nil" },
    formula "register_link"   { label = "Open in the register", type = "url",
                                "iif(register_path == nil, nil, 'https://zakupki.gov.ru' .. register_path)" },
  },

  unique { "account", "number" },

  stages {
    stage "draft"    {},
    stage "approval" { label = "In approval", freeze = true },
    -- where the paper lies is nobody's secret: the office files it before the contract can be closed
    stage "active"   {
      required = { "amount" },
      task "filed"  { label = "Signed copy is in the folder of {account.name}", required = true, who = "role('office')" },
      task "handed" { label = "The counterparty has its own signed copy", who = "initiator" },
    },
    stage "expired"  { final = true },
    stage "rejected" { final = true },

    move "submit"   { from = "draft", to = "approval", allow = "initiator == me", when = "ends_on > today()", message = "The end date has passed" },
    move "activate" { from = "approval", to = "active", allow = "has_role('ceo')" },
    move "return"   { label = "Return to draft", from = "approval", to = "draft", allow = "has_role('ceo')", comment = true },
    move "reject"   { from = "approval", to = "rejected", allow = "has_role('ceo')", comment = true },
    move "expire"   { label = "Close as expired", from = "active", to = "expired", allow = "has_role('office') or has_role('ceo')",
                      when = "ends_on <= today()", message = "The end date has not come yet" },
  },

  stages "register" {
    label = "State register", when = "register_number ~= nil",
    stage "registered" {},
    stage "performed"  { final = true },
    stage "terminated" { final = true },

    move "perform"   { label = "Mark as performed", from = "registered", to = "performed", allow = "has_role('office')" },
    move "terminate" { label = "Mark as terminated", from = "registered", to = "terminated", allow = "has_role('office')", comment = true },
  },

  list "open"        { label = "In work", columns = { "number", "account", "object", "amount", "ends_on", "initiator", "stage" },
                       where = "stage not in {'expired', 'rejected', 'performed', 'terminated'}", sort = { "-created_at" } },
  list "mine"        { columns = { "number", "account", "subject", "amount", "ends_on", "stage" },
                       where = "initiator == me", sort = { "-created_at" } },
  list "in_approval" { columns = { "number", "account", "route", "amount", "initiator", "created_at" },
                       where = "stage == 'approval'", sort = { "created_at" } },
  list "expiring"    { label = "Ending soon", columns = { "ends_on", "number", "account", "initiator", "amount" },
                       where = "stage == 'active' and ends_on <= today() + months(2)", sort = { "ends_on" } },
  list "unpaid"      { label = "With overdue payments", columns = { "number", "account", "amount", "paid", "overdue", "left" },
                       where = "stage == 'active' and any(payments, paid_on == nil and due_on < today())", sort = { "number" } },
  list "from_register" { label = "From the state register", columns = { "register_number", "account", "amount", "posted_on", "platform", "register_status" },
                       where = "register_number ~= nil", sort = { "-posted_on" } },
}
