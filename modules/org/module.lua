-- Who works here: departments, people's places in them, legal entities, the working calendar.
module "org" { label = "Organisation", version = "1.0.0", core = "1" }
