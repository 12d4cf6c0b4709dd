data "request" { key = "subject",
  { subject = "A lamp for the meeting room", kind = "purchase", cost = "1500.00", author = "boris", executor = "anna", stage = "work" },
  { subject = "The door of room 12 sticks", kind = "repair", author = "boris", note = "It scrapes over the floor" },
  { subject = "Where are last year's reports kept?", kind = "question", author = "anna" },
}
