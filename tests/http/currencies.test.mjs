// Money with a currency of its own, on a served configuration: what is refused before it is applied, rollups over lines of two currencies, formulas, filters, orders,
// hooks, imports. time-limit: 120
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { Client, databaseUrl, hasDatabase, program, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
let app
const people = {}

const declared = (more = '') => `
section "firm" { label = "Firm", title = "{name}", text "name" {}, choice "currency" { value "rub" {}, value "eur" {} }, money "credit" { currency = "currency" } }
section "invoice" { label = "Invoice", plural = "Invoices", title = "{name}",
  text "name" { label = "Name", unique = true, required = true }, lookup "firm" { to = "firm" },
  choice "currency" { label = "Currency", value "rub" {}, value "eur" {}, default = "rub" },
  money "amount" { label = "Amount", currency = "currency", min = 0 }, money "fee" { label = "Fee", currency = "currency" }, money "limit" { label = "Limit" },
  text "note" { label = "Note" },
  formula "total" { type = "money", "coalesce(amount, 0) + coalesce(fee, 0)" },
  formula "share" { type = "percent", "fee / amount * 100" },
  detail "lines" { section = "line", by = "invoice", owned = true },
  rollup "paid" { "sum(lines, sum, currency == record.currency)" },
  rollup "largest" { "max(lines, sum, record.currency == currency and sum > 0)" },
  rollup "foreign" { "count(lines, currency ~= record.currency)" },
  formula "left" { type = "money", "amount - paid" },
  check = "amount == nil or paid <= amount", message = "More is paid than agreed",
  ${more}
}
section "line" { label = "Line", title = "{currency}", lookup "invoice" { to = "invoice", required = true, on_delete = "cascade" },
  choice "currency" { value "rub" {}, value "eur" {}, required = true }, money "sum" { currency = "currency", required = true } }
role "clerk" { label = "Clerk" }
allow "clerk" { on = { "firm", "invoice" }, create = true, read = true, update = true, delete = true }
`
const hooks = `
on "invoice.before_save" "sums" (function(record, ctx)
  if record.note == "add" then
    local all = ctx:money(0)
    for _, line in ipairs(record.lines) do all = all + line.sum end
    record.note = "together " .. all
  elseif record.note == "compare" then
    record.note = record.amount > record.limit and "over" or "within"
  elseif record.note == "equal" then
    record.note = record.amount == record.limit and "the same" or "another"
  elseif record.note == "own" then
    local own = ctx:money(0)
    for _, line in ipairs(record.lines) do
      if line.currency == record.currency then own = own + line.sum * 2 - line.sum end
    end
    record.note = own .. (own == record.paid and " is paid" or " is not paid") .. ", left " .. (record.amount - own):round(1) .. ", rate " .. (record.amount / (record.limit or ctx:money(4))):round(1)
  end
end)
`
const token = (n) => 'ost_' + createHash('sha256').update(n).digest('hex').slice(0, 43)
function write(dir, more) {
  for (const d of ['sections', 'hooks']) fs.mkdirSync(path.join(dir, d), { recursive: true })
  fs.writeFileSync(path.join(dir, 'module.lua'), 'module "currencies" { label = "Currencies", version = "1.0.0", core = "1", language = "ru", currency = "RUB" }\n')
  fs.writeFileSync(path.join(dir, 'sections/all.lua'), declared(more))
  fs.writeFileSync(path.join(dir, 'hooks/all.lua'), hooks)
  return dir
}

before(async () => {
  if (skip) return
  app = await startServer({ config: write(path.join(scratch, 'currencies')), sample: false })
  for (const [login, language] of [['ann', 'en'], ['bob', 'ru']]) {
    app.sql(`INSERT INTO app."user" (login, name, active, language, created_at, changed_at) VALUES ('${login}', '${login}', true, '${language}', now(), now());
      INSERT INTO app.user__roles (record, target) SELECT u.id, r.id FROM app."user" u, app.role r WHERE u.login = '${login}' AND r.code = 'clerk';
      INSERT INTO ostov.token (hash, user_id, name, created_at, expires_at) SELECT sha256('${token(login)}'), id, 't', now(), now() + interval '1 day' FROM app."user" WHERE login = '${login}'`)
    people[login] = new Client(app.url, { Authorization: `Bearer ${token(login)}`, 'Accept-Language': language, 'If-Match': '*' })
  }
})
after(() => app?.stop())

const ok = (r, status = 200) => (assert.equal(r.status, status, r.text), r.json)
let serial = 0
const invoice = async (values = {}) => ok(await people.ann.post('/api/invoice', { name: `I${++serial}`, amount: 1000, ...values }), 201)
const two = { 'lines@delta': [{ currency: 'rub', sum: 100 }, { currency: 'eur', sum: 30 }, { currency: 'rub', sum: '20.50' }] }

test('what mixes currencies is refused by check, with a word about what to do', () => {
  const cases = [
    ['formula "x" { type = "money", "amount + limit" }', /amount and limit may be in different currencies/],
    ['formula "x" { type = "money", "amount - firm.credit" }', /amount and firm\.credit may be in different currencies/],
    ['rollup "x" { "sum(lines, sum)" }', /sum may mix currencies: each line has its own\n.*\n.*\nhint: with the condition currency == record\./],
    ['rollup "x" { "max(lines, sum, currency ~= record.currency)" }', /max may mix currencies/],
    ['rollup "x" { "sum(lines, sum, currency == record.currency or sum > 5)" }', /sum may mix currencies/],
    ['rollup "x" { "count(lines, sum > record.amount)" }', /sum and record\.amount may be in different currencies/],
    ['formula "x" { type = "money", "paid + limit" }', /paid and limit may be in different currencies/],
    ['money "x" { check = "x < amount" }', /x and amount may be in different currencies/],
    ['formula "x" { type = "money", "iif(amount > 5, amount, limit)" }', /amount and limit may be in different currencies/]
  ]
  for (const [k, [more, said]] of cases.entries()) {
    const r = spawnSync(program, ['check', write(path.join(scratch, `mixed${k}`), more + ',')], { encoding: 'utf8' })
    assert.equal(r.status, 1, more + r.stdout + r.stderr)
    assert.match(r.stdout + r.stderr, said, more)
  }
  const fine = spawnSync(program, ['check', write(path.join(scratch, 'fine'), 'formula "x" { type = "decimal", "amount / limit" }, formula "y" { type = "money", "paid * 2 + fee - 5" }, money "z" { currency = "currency", check = "z < amount and z < paid" },')], { encoding: 'utf8' })
  assert.equal(fine.status, 0, fine.stdout + fine.stderr)
})

test('a rollup takes the lines of the record\'s own currency, and follows when either changes', { skip }, async () => {
  const i = await invoice(two)
  const shown = ({ paid, largest, foreign, left, total }) => [paid, largest, foreign, left, total]
  assert.deepEqual(shown(i), [120.5, 100, 1, 879.5, 1000])
  const read = async () => shown(ok(await people.ann.get(`/api/invoice(${i.id})`)))
  assert.deepEqual(await read(), shown(i))
  assert.deepEqual(shown(ok(await people.ann.patch(`/api/invoice(${i.id})`, { currency: 'eur', fee: '0.5' }))), [30, 30, 2, 970, 1000.5])
  assert.deepEqual(await read(), [30, 30, 2, 970, 1000.5])
  const [line] = app.sql(`SELECT id FROM app.line WHERE invoice = ${i.id} ORDER BY id`)[0]
  ok(await people.ann.patch(`/api/line(${line})`, { currency: 'eur' }))
  assert.deepEqual(await read(), [130, 100, 1, 870, 1000.5])
  assert.deepEqual(shown(ok(await people.ann.patch(`/api/invoice(${i.id})`, { currency: null }))), [0, null, 3, 1000, 1000.5])
  // a form computes the same
  const form = ok(await people.ann.post('/ui/form/invoice', { id: i.id, values: { currency: 'rub' } }))
  assert.equal(form.values.paid ?? 0, 20.5)
  // a check over them
  const r = await people.bob.patch(`/api/invoice(${i.id})`, { currency: 'eur', amount: 129 })
  assert.deepEqual([r.status, r.json.error.message], [400, 'More is paid than agreed'])
  ok(await people.bob.patch(`/api/invoice(${i.id})`, { currency: 'rub', amount: 129 }))
})

test('filters: one currency and written numbers go, two do not, in words of both languages', { skip }, async () => {
  const name = `I${serial + 1}`
  await invoice({ ...two, fee: 400, limit: 70 })
  const count = async (filter) => ok(await people.ann.get(`/api/invoice?$filter=name eq '${name}' and ${filter}`)).value.length
  assert.deepEqual([await count('amount gt fee'), await count('amount gt 500'), await count('paid eq 120.5'), await count('left lt amount and total eq 1400'), await count("lines/any(l:l/sum eq 30 and l/currency eq 'eur')")], [1, 1, 1, 1, 1])
  assert.deepEqual([await count('amount lt fee'), await count("lines/any(l:l/sum eq 30 and l/currency eq 'rub')")], [0, 0])
  for (const [filter, names] of [['amount gt limit', ['amount', 'limit']], ['amount eq firm/credit', ['amount', 'firm.credit']], ['paid lt limit', ['paid', 'limit']]]) {
    const said = []
    for (const who of [people.ann, people.bob]) {
      const r = await who.get(`/api/invoice?$filter=${filter}`)
      assert.equal(r.status, 400, r.text)
      said.push(r.json.error.message)
    }
    assert.match(said[0], /may be in different currencies/)
    assert.match(said[1], /могут быть в разных валютах/)
    for (const text of said) for (const n of names) assert.ok(text.includes(n), text)
  }
  const order = ok(await people.ann.get('/api/invoice?$orderby=paid desc,amount&$select=name,paid')).value.map((i) => i.paid)
  assert.deepEqual(order, [...order].sort((a, b) => b - a))
})

test('hooks: amounts in two currencies are neither added nor compared', { skip }, async () => {
  const i = await invoice({ ...two, limit: 1000 })
  const patch = (values) => people.ann.patch(`/api/invoice(${i.id})`, values)
  for (const note of ['add']) {
    const r = await patch({ note })
    assert.deepEqual([r.status, r.json.error.code], [500, 'script_error'], r.text)
    assert.match(r.text, /amounts in (rub and eur|eur and rub) do not mix/)
  }
  // the organisation's currency is RUB, whatever the letters' case
  assert.equal(ok(await patch({ note: 'compare' })).note, 'within')
  assert.equal(ok(await patch({ note: 'equal' })).note, 'the same')
  assert.equal(ok(await patch({ note: 'own' })).note, '120.50 is paid, left 879.5, rate 1.0')
  ok(await patch({ currency: 'eur', note: 'plain' }))
  for (const note of ['compare', 'equal']) assert.match((await patch({ note })).text, /amounts in (eur and RUB|RUB and eur) do not mix/)
  assert.equal(ok(await patch({ note: 'own', limit: null })).note, '30.00 is paid, left 970.0, rate 250.0')
  // lines of one currency are added like numbers
  const same = await invoice({ 'lines@delta': [{ currency: 'eur', sum: 1 }, { currency: 'eur', sum: 2 }], note: 'add' })
  assert.equal(same.note, 'together 3.00')
})

test('an import brings amounts with their currencies, and is held to the same checks', { skip }, async () => {
  const file = path.join(scratch, 'invoices.csv')
  const load = () => {
    const r = spawnSync(program, ['import', file, '--section', 'invoice', '--key', 'name', '--user', 'ann', '--json', '--database', databaseUrl(app.database)], { encoding: 'utf8' })
    return JSON.parse(r.stdout)
  }
  const name = `I${serial + 1}`
  await invoice(two)
  fs.writeFileSync(file, `Name;Currency;Amount;Fee\nImp 1;eur;1 000,50;5\n${name};rub;120,00;\n${name};eur;120,00;\nImp 2;usd;1;\nImp 3;;7,5;\n`)
  const back = load()
  assert.deepEqual([back.created, back.updated, back.unchanged, back.rejected], [2, 1, 0, 2], JSON.stringify(back))
  assert.deepEqual(back.errors.map((e) => [e.row, e.column]), [[3, null], [5, 'Currency']])
  assert.match(back.errors[0].reason, /More is paid than agreed/)
  const rows = ok(await people.ann.get(`/api/invoice?$filter=startswith(name,'Imp') or name eq '${name}'&$orderby=name&$select=name,currency,amount,total,paid`)).value
  assert.deepEqual(rows.map((r) => [r.name, r.currency, r.amount, r.total, r.paid]), [[name, 'eur', 120, 120, 30], ['Imp 1', 'eur', 1000.5, 1005.5, 0], ['Imp 3', 'rub', 7.5, 7.5, 0]])
})
