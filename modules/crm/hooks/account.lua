-- Requisites are copied from letterheads and mistyped; a wrong length is noticed at once.

local function digits(text, ...)
  if not string.find(text, "^%d+$") then
    return false
  end
  for _, length in ipairs({ ... }) do
    if #text == length then
      return true
    end
  end
  return false
end

on "account.before_save" "requisites_have_their_length" (function(record, ctx)
  if record.inn and not digits(record.inn, 10, 12) then
    ctx:refuse("inn", "An INN has 10 digits, 12 for a sole trader")
  end
  if record.kpp and not string.find(record.kpp, "^%d%d%d%d%w%w%d%d%d$") then
    ctx:refuse("kpp", "A KPP has 9 characters")
  end
  if record.ogrn and not digits(record.ogrn, 13, 15) then
    ctx:refuse("ogrn", "An OGRN has 13 digits, 15 for a sole trader")
  end
end)
