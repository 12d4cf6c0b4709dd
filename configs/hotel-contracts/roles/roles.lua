-- Who is who in the company. `employee` and `head` come from the organisation's module.
role "office"         { label = "Office manager", includes = { "employee" } }
role "lawyer"         { label = "Lawyer", includes = { "employee" } }
role "accountant"     { label = "Accountant", includes = { "employee" } }
role "chief_engineer" { label = "Chief engineer", includes = { "employee" } }
role "executive"      { label = "Executive director", includes = { "employee" } }
role "deputy"         { label = "Deputy CEO", includes = { "employee" } }
role "ceo"            { label = "CEO", includes = { "employee" } }
role "partner"        { label = "External approver" }
