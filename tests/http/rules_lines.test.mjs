// Rules that name lines and rollups are judged by what the write makes of them: required, fill, the path, the right to update, hooks; written with the record or one line alone.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { hasDatabase, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const config = `module "sums" { label = "Sums", version = "1.0.0", core = "1", language = "ru" }
section "bill" { label = "Bill", title = "{name}",
  text "name" { required = true }, text "note" { required = "double > 200" }, lookup "seconds" { to = "user", many = true, required = "count(lines) > 2" },
  money "due" { fill = "total * 2" }, text "seen" {},
  detail "lines" { section = "bill_line", by = "bill", owned = true }, detail "visits" { section = "visit", by = "bill" },
  rollup "total" { "sum(lines, amount)" }, formula "double" { type = "money", "total * 2" }, rollup "visited" { "count(visits)" },
  text "guest" { required = "visited > 0" },
  stages "big" { when = "total > 5000", stage "huge" {}, stage "huge_end" { final = true }, move "end_huge" { from = "huge", to = "huge_end" } },
  stages { stage "small" {}, stage "small_end" { final = true }, move "end_small" { from = "small", to = "small_end" } },
}
section "bill_line" { label = "Line", lookup "bill" { to = "bill", required = true, on_delete = "cascade" }, money "amount" {} }
section "visit" { label = "Visit", lookup "bill" { to = "bill" }, text "name" {} }
section "order" { label = "Order", integer "most" { check = "most == nil or sum(positions, sum(parts, weight)) <= most", message = "Too heavy" }, check = "not any(positions, any(parts, weight == 13))", message = "Thirteen",
  text "note" { required = "count(positions, any(parts, weight > 50)) > 0" }, integer "volume" { check = "sum(positions, volume) <= volume", message = "Too large" }, detail "positions" { section = "position", by = "order", owned = true } }
section "position" { label = "Position", lookup "order" { to = "order", required = true, on_delete = "cascade" }, detail "parts" { section = "part", by = "position", owned = true }, rollup "volume" { "sum(parts, volume)" } }
section "part" { label = "Part", lookup "position" { to = "position", required = true, on_delete = "cascade" }, integer "weight" { default = 0 }, integer "volume" { default = 0 }, text "name" {} }
role "clerk" { label = "Clerk" }
allow "clerk" { on = "order", create = true, read = true, update = true, delete = true }
allow "clerk" { on = "bill", create = true, read = true, update = "total < 1000", delete = true }
allow "clerk" { on = "visit", create = true, read = true, update = true }
allow "clerk" { on = "user", read = true, fields = { "name" } }
on "bill.before_save" "see" (function(r, ctx) r.seen = tostring(r.total) .. "/" .. tostring(r.double) .. "/" .. #r.lines end)
data "user" { key = "login", { login = "u", name = "U", password = "ostov-demo", roles = { "clerk" } } }
`

let app, u
before(async () => {
  if (skip) return
  fs.mkdirSync(path.join(scratch, 'sums'), { recursive: true })
  fs.writeFileSync(path.join(scratch, 'sums/module.lua'), config)
  app = await startServer({ config: path.join(scratch, 'sums') })
  u = await app.signIn('u', 'ostov-demo', { 'Accept-Language': 'en' })
})
after(() => app?.stop())

const bill = async (v) => {
  const r = await u.post('/api/bill', { name: 'b', ...v })
  assert.equal(r.status, 201, r.text)
  return r.json
}
const patch = (b, v) => u.patch(`/api/bill(${b.id})`, v)
const lines = async (b) => (await u.get(`/api/bill(${b.id})/lines?$orderby=id`)).json.value
const wants = (r, target) => assert.deepEqual([r.status, r.json?.error?.details?.map((d) => d.target)], [400, [target]], r.text)

test('required by a sum: when the record is made, when lines join it, when one line is written alone', { skip }, async () => {
  wants(await u.post('/api/bill', { name: 'b', lines: [{ amount: 150 }] }), 'note')
  const b = await bill({ lines: [{ amount: 60 }] })
  wants(await patch(b, { 'lines@delta': [{ amount: 50 }] }), 'note')
  const [line] = await lines(b)
  wants(await u.patch(`/api/bill_line(${line.id})`, { amount: 170 }), 'note')
  wants(await u.post('/api/bill_line', { bill_id: b.id, amount: 170 }), 'note')
  assert.equal((await lines(b)).length, 1)
  assert.equal((await patch(b, { note: 'why', 'lines@delta': [{ id: line.id, amount: 170 }] })).status, 200)
  wants(await patch(b, { note: null }), 'note')
  assert.equal((await patch(b, { note: null, 'lines@delta': [{ id: line.id, '@removed': { reason: 'deleted' } }] })).status, 200)
})

test('required by the number of lines, for several lookups too', { skip }, async () => {
  wants(await u.post('/api/bill', { name: 'b', lines: [{}, {}, {}] }), 'seconds')
  const b = await bill({ lines: [{}, {}] })
  wants(await patch(b, { 'lines@delta': [{}] }), 'seconds')
  wants(await u.post('/api/bill_line', { bill_id: b.id }), 'seconds')
  assert.equal((await patch(b, { seconds_ids: [u.user.id], 'lines@delta': [{}] })).status, 200)
  assert.equal((await u.post('/api/bill_line', { bill_id: b.id })).status, 201)
})

test('records that only point here are not refused for what this one lacks; it is asked when it is written', { skip }, async () => {
  const b = await bill({})
  assert.equal((await u.post('/api/visit', { bill_id: b.id })).status, 201)
  wants(await patch(b, { guest: '' , 'lines@delta': [{}] }), 'guest')
  assert.equal((await patch(b, { guest: 'somebody' })).status, 200)
})

test('a fill, the path of stages and hooks see the sum that the write leaves', { skip }, async () => {
  const b = await bill({ lines: [{ amount: 10 }, { amount: 20 }] })
  assert.deepEqual([b.due, b.seen, b.stage], [60, '30.00/60.00/2', 'small'])
  const [line] = await lines(b)
  let r = (await patch(b, { 'lines@delta': [{ id: line.id, amount: 11 }] })).json
  assert.deepEqual([r.due, r.seen], [62, '31.00/62.00/2'])
  r = (await patch(b, { due: 5, 'lines@delta': [{ id: line.id, '@removed': { reason: 'deleted' } }] })).json
  assert.deepEqual([r.due, r.seen], [5, '20.00/40.00/1'])
  assert.equal((await bill({ note: 'n', lines: [{ amount: 6000 }] })).stage, 'huge')
  const by = await patch(b, { note: 'n', 'lines@delta': [{ amount: 6000 }] })
  assert.equal(by.status, 400, by.text)
})

test('the right to update holds after the change too, when lines alone are changed', { skip }, async () => {
  const b = await bill({ note: 'n', lines: [{ amount: 10 }] })
  const r = await patch(b, { 'lines@delta': [{ amount: 2000 }] })
  assert.equal(r.status, 403, r.text)
  assert.equal((await lines(b)).length, 1)
})

test('a formula beyond what a column holds is the same for who reads it, for hooks and for the form', { skip }, async () => {
  const b = await bill({ note: 'n', lines: [{ amount: '9000000000000000.5' }] })
  assert.match((await u.get(`/api/bill(${b.id})`)).text, /"double":18000000000000001\.00/)
  assert.equal((await u.get(`/api/bill(${b.id})`)).json.seen, '9000000000000000.50/18000000000000001.00/1')
  assert.match((await u.post('/ui/form/bill', { values: { name: 'n', lines: [{ amount: '9000000000000000.5' }] }, changed: ['lines'] })).text, /18000000000000001\.00/)
})

const order = async (v) => {
  const r = await u.post('/api/order', v)
  assert.equal(r.status, 201, r.text)
  const positions = app.sql(`select id from app.position where "order" = ${r.json.id} order by id`).map(([id]) => Number(id))
  const parts = app.sql(`select t.id from app.part t join app.position p on p.id = t.position where p."order" = ${r.json.id} order by t.id`).map(([id]) => Number(id))
  return { id: r.json.id, positions, parts }
}
const weighs = (o) => Number(app.sql(`select coalesce(sum(t.weight), 0) from app.part t join app.position p on p.id = t.position where p."order" = ${o.id}`)[0][0])

test('a rule over lines of lines is asked when one of these is made, changed, moved or deleted alone', { skip }, async () => {
  const o = await order({ most: 10, positions: [{ parts: [{ weight: 4 }] }, { parts: [{ weight: 5 }] }] })
  const other = await order({ most: 100, positions: [{ parts: [{ weight: 7 }] }, {}] })
  wants(await u.patch(`/api/part(${o.parts[0]})`, { weight: 6 }), 'most')
  wants(await u.post('/api/part', { position_id: o.positions[1], weight: 2 }), 'most')
  wants(await u.patch(`/api/part(${other.parts[0]})`, { position_id: o.positions[0] }), 'most')
  wants(await u.patch(`/api/position(${other.positions[0]})`, { order_id: o.id }), 'most')
  wants(await u.patch(`/api/position(${o.positions[0]})`, { 'parts@delta': [{ weight: 2 }] }), 'most')
  assert.deepEqual([weighs(o), weighs(other)], [9, 7])
  const r = await u.patch(`/api/part(${o.parts[0]})`, { weight: 3, name: 'lighter' })
  assert.equal(r.status, 200, r.text)
  const thirteen = await u.patch(`/api/part(${other.parts[0]})`, { weight: 13 })
  assert.deepEqual([thirteen.status, thirteen.json.error.message], [400, 'Thirteen'], thirteen.text)
  wants(await u.patch(`/api/part(${other.parts[0]})`, { weight: 51 }), 'note')
  assert.equal((await u.patch(`/api/part(${other.parts[0]})`, { position_id: other.positions[1] })).status, 200)
  assert.deepEqual([weighs(o), weighs(other)], [8, 7])
  // what a deletion leaves behind
  const least = await order({ most: -1, positions: [{ parts: [{ weight: -1 }, { weight: 0 }] }] })
  wants(await u.delete(`/api/part(${least.parts[0]})`), 'most')
  assert.equal((await u.delete(`/api/part(${least.parts[1]})`)).status, 204)
  assert.equal(weighs(least), -1)
  assert.equal((await u.delete(`/api/order(${least.id})`)).status, 204)
})

test('so is a rule over sums that the lines keep of their own lines', { skip }, async () => {
  const o = await order({ volume: 10, positions: [{ parts: [{ volume: 4 }] }, { parts: [{ volume: 5 }] }] })
  wants(await u.patch(`/api/part(${o.parts[0]})`, { volume: 6 }), 'volume')
  wants(await u.post('/api/part', { position_id: o.positions[1], volume: 2 }), 'volume')
  assert.equal((await u.patch(`/api/part(${o.parts[0]})`, { volume: 5 })).status, 200)
  assert.equal((await u.get(`/api/position(${o.positions[0]})`)).json.volume, 5)
})

test('of two who fill one record by different lines at once the second knows of the first', { skip }, async () => {
  for (const field of ['weight', 'volume'])
    for (let i = 0; i < 10; i++) {
      const o = await order({ most: 10, volume: 10, positions: [{}, {}, {}] })
      const answers = await Promise.all(o.positions.map((position_id) => u.post('/api/part', { position_id, [field]: 6 })))
      assert.deepEqual(answers.map((r) => r.status).sort(), [201, 400, 400], answers.map((r) => r.text).join('\n'))
    }
})
