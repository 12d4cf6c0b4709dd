-- Whom we deal with: companies and state bodies, their people, what was agreed with them and when.
module "crm" { label = "Customers", version = "1.0.0", core = "1", depends = { org = "1" } }
