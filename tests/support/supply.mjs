// A configuration whose lines have rules of every kind, for the form's tests over HTTP and in the browser: orders to suppliers with their lines.
import fs from 'node:fs'
import path from 'node:path'

const head = `msgid ""
msgstr ""
"Language: ru\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"
`

const files = {
  'module.lua': 'module "supply" { label = "Supply", version = "1.0.0", core = "1" }\n',
  'sections/all.lua': `section "supplier" { label = "Supplier", plural = "Suppliers", title = "{name}", text "name" { required = true, unique = true, search = true }, decimal "rate" { label = "Delivery rate", default = 1 } }
section "product" { label = "Product", plural = "Products", title = "{name}",
  text "name" { required = true, unique = true, search = true }, text "code" { unique = true }, money "price" {}, boolean "fixed" { label = "Fixed price" },
  lookup "supplier" { to = "supplier" } }
section "batch" { label = "Batch", plural = "Batches", title = "{number}", text "number" { required = true, unique = true, search = true }, lookup "product" { to = "product" } }
section "purchase" { label = "Purchase", plural = "Purchases", title = "{name}",
  text "name" { required = true },
  lookup "supplier" { to = "supplier" },
  choice "terms" { value "prepaid" { label = "Prepaid" }, value "deferred" { label = "Deferred" }, default = "prepaid", label = "Terms" },
  date "wanted_on" { label = "Wanted on" },
  text "remark" { required = "units > 100", label = "Remark" },
  integer "weight" { fill = "units * 2", label = "Weight, kg" },
  lookup "owner" { to = "user", initial = "me", readonly = true, label = "Owner" },
  detail "lines" { section = "purchase_line", by = "purchase", owned = true, label = "Lines" },
  check = "units <= 1000000", message = "Too many for one purchase",
  rollup "units" { "sum(lines, quantity)", label = "Units" },
  stages { stage "draft" {}, stage "sent" { freeze = true, final = true }, move "send" { from = "draft", to = "sent" } },
}
section "purchase_line" { label = "Purchase line", plural = "Purchase lines", title = "{product.name}",
  lookup  "purchase" { to = "purchase", required = true, on_delete = "cascade" },
  lookup  "product"  { to = "product", required = true, where = "supplier == record.purchase.supplier" },
  lookup  "batch"    { to = "batch", where = "product == record.product" },
  lookup  "maker"    { to = "supplier", fill = "product.supplier", label = "Maker" },
  integer "quantity" { required = true, min = 1, default = 1 },
  money   "price"    { fill = "product.price", readonly = "product.fixed" },
  percent "discount" { hidden = "purchase.terms == 'deferred'", check = "discount <= 30", message = "A discount is 30 % at most" },
  text    "reason"   { required = "discount > 10", hidden = "discount == nil or discount <= 0" },
  date    "due_on"   { initial = "purchase.wanted_on", label = "Due on" },
  text    "packing"  { required = "quantity > 500", label = "Packing" },
  formula "total"    { type = "money", "price * quantity * (100 - coalesce(discount, 0)) / 100 * coalesce(purchase.supplier.rate, 1)", label = "Total" },
  list "all" { label = "All", columns = { "product", "batch", "quantity", "price", "discount", "reason", "total" } },
}
role "buyer" { label = "Buyer" }
role "watcher" { label = "Watcher" }
role "outsider" { label = "Outsider" }
allow "buyer" { on = "purchase", create = true, read = true, update = "owner == me", delete = "owner == me" }
allow "buyer" { on = { "supplier", "product", "batch" }, read = true }
allow "buyer" { on = "user", read = true, fields = { "name", "login" } }
allow "watcher" { on = "purchase", read = true, fields = { "name", "terms" } }
allow "watcher" { on = "purchase", read = "terms == 'deferred'", fields = { "lines", "units" } }
allow "outsider" { on = "purchase", create = true, read = true, update = true, fields = { "name", "terms" } }
allow "administrator" { on = { "purchase", "supplier", "product", "batch" }, create = true, read = true, update = true, delete = true }
allow "administrator" { on = "user", read = true }
`,
  'data/all.lua': `data "supplier" { key = "name", { name = "Север", rate = 1 }, { name = "Юг", rate = 2 } }
data "product" { key = "name", { name = "Доска", code = "D-1", price = 100, supplier = "Север" }, { name = "Гвозди", code = "G-1", price = "2.5", fixed = true, supplier = "Север" },
  { name = "Рейка", code = "R-1", price = 40, supplier = "Север" }, { name = "Кирпич", code = "K-1", price = 30, supplier = "Юг" } }
data "batch" { key = "number", { number = "Д-01", product = "Доска" }, { number = "Г-01", product = "Гвозди" } }
`,
  'sample/users.lua': `data "user" { key = "login",
  { login = "anna", name = "Анна", password = "ostov-demo", roles = { "buyer" } }, { login = "boris", name = "Борис", password = "ostov-demo", roles = { "buyer" } },
  { login = "vera", name = "Вера", password = "ostov-demo", roles = { "watcher" } }, { login = "oleg", name = "Олег", password = "ostov-demo", roles = { "outsider" } },
  { login = "root", name = "Root", password = "ostov-demo", roles = { "administrator" } } }
`,
}

const russian = [
  ['module.supply', 'Supply', 'Снабжение'],
  ['role.buyer', 'Buyer', 'Закупщик'], ['role.watcher', 'Watcher', 'Наблюдатель'], ['role.outsider', 'Outsider', 'Посторонний'],
  ['supplier', 'Supplier', 'Поставщик'], ['supplier', 'Suppliers', 'Поставщики'], ['supplier.name', 'Name', 'Название'], ['supplier.rate', 'Delivery rate', 'Надбавка за доставку'],
  ['product', 'Product', 'Товар'], ['product', 'Products', 'Товары'], ['product.name', 'Name', 'Название'], ['product.code', 'Code', 'Код'], ['product.price', 'Price', 'Цена'],
  ['product.fixed', 'Fixed price', 'Цена твёрдая'], ['product.supplier', 'Supplier', 'Поставщик'],
  ['batch', 'Batch', 'Партия'], ['batch', 'Batches', 'Партии'], ['batch.number', 'Number', 'Номер'], ['batch.product', 'Product', 'Товар'],
  ['purchase', 'Purchase', 'Закупка'], ['purchase', 'Purchases', 'Закупки'], ['purchase.name', 'Name', 'Название'], ['purchase.supplier', 'Supplier', 'Поставщик'],
  ['purchase.terms', 'Terms', 'Оплата'], ['purchase.terms.prepaid', 'Prepaid', 'Вперёд'], ['purchase.terms.deferred', 'Deferred', 'С отсрочкой'],
  ['purchase.wanted_on', 'Wanted on', 'Нужно к'], ['purchase.remark', 'Remark', 'Примечание'], ['purchase.weight', 'Weight, kg', 'Вес, кг'],
  ['purchase.owner', 'Owner', 'Ответственный'], ['purchase', 'Too many for one purchase', 'Слишком много для одной закупки'],
  ['purchase.lines', 'Lines', 'Строки'], ['purchase.units', 'Units', 'Всего штук'],
  ['purchase.stage.draft', 'Draft', 'Черновик'], ['purchase.stage.sent', 'Sent', 'Отправлена'], ['purchase.send', 'Send', 'Отправить'],
  ['purchase_line', 'Purchase line', 'Строка закупки'], ['purchase_line', 'Purchase lines', 'Строки закупки'],
  ['purchase_line.list.all', 'All', 'Все'], ['purchase_line.purchase', 'Purchase', 'Закупка'], ['purchase_line.product', 'Product', 'Товар'], ['purchase_line.batch', 'Batch', 'Партия'], ['purchase_line.maker', 'Maker', 'Изготовитель'],
  ['purchase_line.quantity', 'Quantity', 'Количество'], ['purchase_line.price', 'Price', 'Цена'], ['purchase_line.discount', 'Discount', 'Скидка'],
  ['purchase_line.packing', 'Packing', 'Упаковка'], ['purchase_line.reason', 'Reason', 'Основание'], ['purchase_line.due_on', 'Due on', 'Срок'], ['purchase_line.total', 'Total', 'Итого'],
  ['purchase_line.discount', 'A discount is 30 % at most', 'Скидка не больше 30 %'],
]

/** Writes the configuration into a folder and gives its path. */
export function supplyWrite(dir) {
  const all = { ...files, 'po/ru.po': head + russian.map(([path, id, text]) => `\nmsgctxt "${path}"\nmsgid "${id}"\nmsgstr "${text}"\n`).join('') }
  for (const [name, text] of Object.entries(all)) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
    fs.writeFileSync(path.join(dir, name), text)
  }
  return dir
}
