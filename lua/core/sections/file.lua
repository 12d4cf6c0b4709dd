-- What is known about an uploaded file; its body is stored beside. Written by the file service alone.
-- Records show their files by their own rights: reading this section is for the administrator's overview.
section "file" {
  label = "File", plural = "Files", title = "{name}",

  text    "name"       { readonly = true, search = true },
  integer "size"       { readonly = true, help = "In bytes" },
  text    "media_type" { readonly = true },
  text    "sha256"     { label = "SHA-256", readonly = true },
}
