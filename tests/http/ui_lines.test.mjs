// What a form's question answers of the lines of details while they are typed: states, values, faults by the key of each line, within rights; and what a
// lookup of a line offers. SAFETY 26. time-limit: 180
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { hasDatabase, startServer } from '../support/ostov.mjs'
import { supplyWrite } from '../support/supply.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
let app
const p = {}
const id = {}
before(async () => {
  if (skip) return
  app = await startServer({ config: supplyWrite(path.join(scratch, 'supply')) })
  for (const login of ['anna', 'boris', 'vera', 'oleg', 'root']) p[login] = await app.signIn(login, 'ostov-demo', { 'Accept-Language': 'en' })
  for (const [section, name] of [['supplier', 'name'], ['product', 'name'], ['batch', 'number']])
    for (const [row, key] of app.sql(`SELECT ${name}, id FROM app.${section}`)) id[row] = Number(key)
})
after(() => app?.stop())

const ok = (r, status = 200) => (assert.equal(r.status, status, r.text), r.json)
const form = async (body, who = p.anna) => ok(await who.post('/ui/form/purchase', body))
/** The answer of one line: of the only one, or of the key. */
const line = (answer, key) => (key ? answer.lines.lines.find((l) => l.key === key) : (assert.equal(answer.lines.lines.length, 1), answer.lines.lines[0]))
const one = async (values, parent = {}, more = {}, who = p.anna) => line(await form({ values: { ...parent, 'lines@delta': [{ '@ostov.key': 'new1', ...values }] }, ...more }, who))
const purchase = async (values = {}, lines = [{ product_id: id['Доска'], quantity: 3 }]) =>
  ok(await p.anna.post('/api/purchase', { name: 'Весна', supplier_id: id['Север'], terms: 'prepaid', ...values, 'lines@delta': lines }), 201)
const linesOf = (made) => app.sql(`SELECT id FROM app.purchase_line WHERE purchase = ${made.id} ORDER BY id`).map(([key]) => Number(key))
const offered = async (body, field = 'product', who = p.anna) => ok(await who.post(`/ui/lookup/purchase_line/${field}`, { q: '', ...body })).items.map((i) => i.title).sort()

test('a new line of a new record: defaults, initial, fill, formula, titles, states, by its key', { skip }, async () => {
  const fresh = await one({}, { wanted_on: '2031-05-01' })
  assert.equal(fresh.key, 'new1')
  assert.equal(fresh.may, true)
  assert.deepEqual([fresh.values.quantity, fresh.values.due_on], [1, '2031-05-01'])
  assert.ok(!('purchase_id' in fresh.values), 'a record that is not there has no number')
  assert.deepEqual(fresh.fields.discount, { required: false, readonly: false, hidden: false })
  assert.deepEqual(fresh.fields.reason, { required: false, readonly: false, hidden: true })
  assert.deepEqual(fresh.fields.price, { required: false, readonly: false, hidden: false })
  assert.ok(!('quantity' in fresh.fields), 'what no rule speaks of is as /ui/meta says')
  const nails = await one({ product_id: id['Гвозди'], quantity: 4, '@ostov.changed': ['product'] }, { supplier_id: id['Юг'], terms: 'deferred' })
  assert.deepEqual([nails.values.price, nails.values.total], [2.5, 20])
  assert.deepEqual([nails.fields.price.readonly, nails.fields.discount.hidden], [true, true])
  const sold = await one({ product_id: id['Доска'], quantity: 2, price: 90, discount: 20 })
  assert.deepEqual([sold.values.total, sold.fields.reason.required, sold.fields.reason.hidden], [144, true, false])
  assert.ok(!('price' in sold.values), 'what was typed wins over the fill')
})

test('the field edited last fills the others again, whatever was filled before', { skip }, async () => {
  const typed = { product_id: id['Кирпич'], quantity: 1, price: 100 }
  assert.ok(!('price' in (await one(typed)).values))
  assert.equal((await one({ ...typed, '@ostov.changed': ['product_id'] })).values.price, 30)
  assert.ok(!('price' in (await one({ ...typed, '@ostov.changed': ['product', 'price'] })).values), 'edited too: it stays')
  assert.ok(!('price' in (await one({ ...typed, '@ostov.changed': ['quantity', 'nothing', 7] })).values))
  // filled and not typed: it does not travel back and is told again, whatever was edited
  const nails = await one({ product_id: id['Гвозди'], quantity: 4, '@ostov.changed': ['quantity'] })
  assert.deepEqual([nails.values.price, nails.values.total, nails.fields.price.readonly], [2.5, 10, true])
})

test('stored lines: untouched, changed, removed, with the record as it is typed', { skip }, async () => {
  const made = await purchase({}, [{ product_id: id['Доска'], quantity: 3 }, { product_id: id['Гвозди'], quantity: 10, discount: 5 }, { product_id: id['Доска'], quantity: 1 }])
  const [a, b, c] = linesOf(made)
  const asked = (lines, values = {}) => form({ id: made.id, values: { ...values, 'lines@delta': lines } })
  const still = await asked([{ id: a, '@ostov.key': String(a) }, { id: b, '@ostov.key': String(b) }])
  assert.deepEqual(still.lines.lines.map((l) => l.key), [String(a), String(b)])
  assert.deepEqual([line(still, String(a)).fields.reason.hidden, line(still, String(b)).fields.reason.hidden], [true, false])
  assert.deepEqual([line(still, String(a)).fields.price.readonly, line(still, String(b)).fields.price.readonly], [false, true])
  assert.deepEqual(line(still, String(a)).values, { total: 300 }, 'a formula that looks at the record is always told')
  // the record is typed over: its terms hide a field of all lines, its supplier changes their formulas
  const other = await asked([{ id: a, '@ostov.key': String(a) }, { id: b, quantity: 20, '@ostov.key': String(b), '@ostov.changed': ['quantity'] },
    { id: c, '@removed': { reason: 'deleted' }, '@ostov.key': String(c) }], { terms: 'deferred', supplier_id: id['Юг'] })
  assert.deepEqual(other.lines.lines.map((l) => [l.key, l.values.total, l.fields.discount.hidden]), [[String(a), 600, true], [String(b), 95, true]])
  assert.equal(other.values.units, 23, 'rollups count the lines as they are typed')
  // its rules look at them
  const many = await asked([{ product_id: id['Доска'], quantity: 200, '@ostov.key': 'new1' }])
  assert.deepEqual([many.fields.remark.required, many.values.units], [true, 214])
  assert.deepEqual((await asked([{ product_id: id['Доска'], quantity: 1000000 }])).errors, [{ target: null, message: 'Too many for one purchase' }])
  // what its lines fill is filled again when a line was edited last
  const filled = (changed, weight) => form({ id: made.id, values: { weight, 'lines@delta': [{ id: a, quantity: 5 }] }, changed })
  assert.equal((await filled(['lines'], 1)).values.weight, 32)
  assert.ok(!('weight' in (await filled(['lines', 'weight'], 1)).values))
  assert.ok(!('weight' in (await filled(['name'], 1)).values))
  assert.equal((await form({ id: made.id, values: { weight: 1 }, changed: ['lines'] })).values.weight, 28, 'typed back: the line is no longer sent')
  assert.deepEqual(linesOf(made), [a, b, c], 'nothing is written')
  assert.deepEqual((await form({ id: made.id, values: {} })).lines, {})
})

test('faults stand with their line, those of a line without a key among all', { skip }, async () => {
  const r = await form({ values: { name: 'x', 'lines@delta': [
    { '@ostov.key': 'new1', product_id: id['Доска'], quantity: 1, discount: 40, reason: 'Так' }, { '@ostov.key': 'new2', quantity: 0 }, { quantity: -1 }, { '@ostov.key': 'k'.repeat(65), quantity: -1 }] } })
  assert.deepEqual(line(r, 'new1').errors, [{ target: 'discount', message: 'A discount is 30 % at most' }])
  assert.deepEqual(line(r, 'new2').errors.map((e) => e.target), ['quantity'])
  assert.deepEqual(r.errors.map((e) => e.target), ['lines/2/quantity', 'lines/3/quantity'])
  assert.equal(r.lines.lines.length, 2)
})

test('rights: only lines of the record that the asker may see, changed only by who may', { skip }, async () => {
  const made = await purchase(), deferred = await purchase({ terms: 'deferred' }), mine = linesOf(made)[0], other = linesOf(deferred)[0]
  const asked = async (who, record, lineId, more = {}) => who.post('/ui/form/purchase', { id: record.id, values: { 'lines@delta': [{ id: lineId, '@ostov.key': 'k', ...more }] } })
  // a line of another record is none of this one
  assert.deepEqual(ok(await asked(p.anna, made, other)).lines, {})
  assert.deepEqual(ok(await asked(p.anna, made, 999999)).lines, {})
  // reads and may not write: states to show, nothing to type, and what was sent is no part of the draft
  const read = line(ok(await asked(p.boris, made, mine, { quantity: 50, discount: 20 })))
  assert.equal(read.may, false)
  assert.deepEqual([read.fields.discount.readonly, read.fields.reason.hidden, read.values.total, read.values.quantity], [true, true, 300, 3])
  assert.deepEqual(ok(await asked(p.boris, made, mine)).lines.lines[0].errors, [])
  assert.ok(!('lines' in ok(await p.boris.post('/ui/form/purchase', { id: made.id, values: { 'lines@delta': [{ '@ostov.key': 'n', quantity: 5 }] } })).lines), 'no line is begun')
  // reads the lines of some records only
  assert.equal(ok(await asked(p.vera, deferred, other)).lines.lines.length, 1)
  assert.deepEqual(ok(await asked(p.vera, made, mine)).lines, {})
  assert.doesNotMatch((await asked(p.vera, made, mine)).text, /300|total|quantity/)
  // titles are the asker's: products are not hers
  assert.equal((await asked(p.vera, deferred, other, { product_id: id['Кирпич'] })).text.includes('Доска'), false)
  // does not know of lines at all
  assert.equal((await asked(p.oleg, made, mine)).status, 400)
  // frozen: as it is stored
  ok(await p.anna.post(`/api/purchase(${made.id})/send`, {}, { 'If-Match': '*' }))
  const frozen = line(ok(await asked(p.anna, made, mine, { quantity: 50 })))
  assert.deepEqual([frozen.may, frozen.values.total, frozen.fields.price.readonly], [false, 300, true])
})

test('bounds: a thousand lines are answered, more are refused, titles come in one go', { skip }, async () => {
  const lines = (n) => Array.from({ length: n }, (_, i) => ({ '@ostov.key': `n${i}`, product_id: id['Доска'], quantity: 1, '@ostov.changed': ['product'] }))
  const r = await form({ values: { supplier_id: id['Север'], 'lines@delta': lines(1000) } })
  assert.equal(r.lines.lines.length, 1000)
  assert.ok(r.lines.lines.every((l, i) => l.key === `n${i}` && l.values.price === 100))
  assert.equal(r.values.units, 1000)
  assert.equal((await p.anna.post('/ui/form/purchase', { values: { 'lines@delta': lines(1001) } })).status, 400)
  assert.ok(r.lines.lines.every((l) => l.titles.maker === 'Север'))
  const rows = app.sql(`WITH s AS (INSERT INTO app.supplier (name, created_at, changed_at) SELECT 'S' || n, now(), now() FROM generate_series(1, 120) n RETURNING id, name)
    INSERT INTO app.product (name, supplier, created_at, changed_at) SELECT 'P' || id, id, now(), now() FROM s RETURNING id, supplier`)
  const names = new Map(app.sql(`SELECT id, name FROM app.supplier WHERE name LIKE 'S%'`))
  const many = await form({ values: { 'lines@delta': rows.map(([product]) => ({ '@ostov.key': product, product_id: Number(product), '@ostov.changed': ['product'] })) } })
  assert.deepEqual(many.lines.lines.map((l) => l.titles.maker), rows.map(([, supplier]) => names.get(supplier)))
  app.sql(`DELETE FROM app.product WHERE name LIKE 'P%'; DELETE FROM app.supplier WHERE name LIKE 'S%'`)
  const made = await purchase({ remark: 'Много' }, Array.from({ length: 400 }, () => ({ product_id: id['Гвозди'], quantity: 1 })))
  const stored = await form({ id: made.id, values: { 'lines@delta': linesOf(made).map((l) => ({ id: l, '@ostov.key': String(l) })) } })
  assert.deepEqual([stored.lines.lines.length, stored.lines.lines[399].fields.price.readonly], [400, true])
})

test('the description says which fields ask again: of lines and of their record', { skip }, async () => {
  const { sections } = ok(await p.anna.get('/ui/meta'))
  const live = (name) => sections[name].fields.filter((f) => f.live).map((f) => f.name).sort()
  assert.deepEqual(live('purchase_line'), ['discount', 'price', 'product', 'purchase', 'quantity'])
  assert.deepEqual(live('purchase'), ['supplier', 'terms', 'units'])
})

test('a lookup of a line offers what fits the line and its record as they are typed', { skip }, async () => {
  const made = await purchase()
  const [stored] = linesOf(made)
  const all = ['Гвозди', 'Доска', 'Кирпич', 'Рейка']
  // a new line of a new record: the supplier is typed, not stored
  assert.deepEqual(await offered({ values: {}, parent: { values: { supplier_id: id['Север'] } } }), ['Гвозди', 'Доска', 'Рейка'])
  assert.deepEqual(await offered({ values: {}, parent: { values: { supplier_id: id['Юг'] } } }), ['Кирпич'])
  assert.deepEqual(await offered({ values: {} }), all, 'nothing is known of the record yet')
  // of a stored record: as it is kept, and as it is typed over
  assert.deepEqual(await offered({ values: {}, parent: { id: made.id } }), ['Гвозди', 'Доска', 'Рейка'])
  assert.deepEqual(await offered({ values: {}, parent: { id: made.id, values: { supplier_id: id['Юг'] } } }), ['Кирпич'])
  assert.deepEqual(await offered({ id: stored, values: {} }), ['Гвозди', 'Доска', 'Рейка'], 'a stored line knows its record')
  assert.deepEqual(await offered({ id: stored, values: {}, parent: { id: made.id, values: { supplier_id: id['Юг'] } } }), ['Кирпич'])
  assert.deepEqual(await offered({ q: 'гвоз', values: {}, parent: { values: { supplier_id: id['Север'] } } }), ['Гвозди'])
  // a field of the same line
  assert.deepEqual(await offered({ values: { product_id: id['Доска'] } }, 'batch'), ['Д-01'])
  assert.deepEqual(await offered({ id: stored, values: {} }, 'batch'), ['Д-01'])
  assert.deepEqual(await offered({ id: stored, values: { product_id: id['Гвозди'] } }, 'batch'), ['Г-01'])
  assert.deepEqual(await offered({ values: {} }, 'batch'), ['Г-01', 'Д-01'], 'an empty field offers all')
  // what is offered is what is taken
  const refused = await p.anna.post('/api/purchase', { name: 'x', supplier_id: id['Юг'], 'lines@delta': [{ product_id: id['Доска'], quantity: 1 }] })
  assert.deepEqual([refused.status, refused.json.error.details.map((d) => d.target)], [400, ['lines/0/product']])
})

test('a lookup of a line tells nothing of records that the asker does not see', { skip }, async () => {
  const made = await purchase()
  const ask = (who, body) => who.post('/ui/lookup/purchase_line/product', { q: '', values: {}, ...body })
  assert.equal((await ask(p.anna, { parent: { id: 999999 } })).status, 404)
  assert.equal((await ask(p.anna, { id: 999999 })).status, 404)
  assert.equal((await ask(p.anna, { parent: { values: { nothing: 1 } } })).status, 400)
  assert.equal((await ask(p.oleg, { parent: { id: made.id } })).status, 404, 'no lines, no lookup')
  assert.equal((await ask(p.vera, { id: linesOf(made)[0] })).status, 200, 'no products: nothing is offered')
  assert.deepEqual((await ask(p.vera, { id: linesOf(made)[0] })).json, { items: [], more: false, create: false })
})
