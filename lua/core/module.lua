-- What every configuration stands on: people, roles and files. Loaded first, always.
module "core" { label = "System", version = "1.0.0", core = "1" }
