// More of the configuration language on a served configuration: what is assigned, what hooks after commit see, roles of two modules, lines in their order. time-limit: 600
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { hasDatabase, program, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const files = {
  'below/module.lua': `module "below" { label = "Below", version = "1.0.0", core = "1" }
role "staff" {} role "auditor" {}
section "note" { text "what" {} }
allow "staff" { on = "note", create = true, read = true }
`,
  // what has no Russian yet is shown in English, and keeps nobody from working
  'below/po/ru.po': `msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

msgctxt "note"
msgid "Note"
msgstr "Заметка"
`,
  'top/module.lua': 'module "top" { label = "Top", version = "1.0.0", core = "1", language = "ru", depends = { below = "1" }, zone = "Europe/Moscow" }',
  'top/sections/drug.lua': `section "drug" {
  text "name" {}, text "phone" {}, decimal "dose" { scale = 1 },
  integer "whole" { initial = "15 / 2" }, integer "half" { fill = "dose / 2" }, integer "hooked" {}, money "cents" { initial = "0 - 0.005" },
  formula "shown" { type = "integer", "dose + 0.5" },
  formula "lined" { type = "integer", "count(lines)" }, datetime "at" {}, formula "on" { type = "date", "date_of(at)" }, text "told" { fill = "'at ' .. at" }, boolean "late" { fill = "date_of(at) == nil" },
  boolean "closed" {}, text "sealed" { readonly = "closed" },
  lookup "shelf" { to = "shelf", where = "size >= sum(record.lines, pos) and not any(record.lines, pos > 50)" },
  detail "lines" { section = "line", by = "drug", owned = true },
  rollup "parts" { "sum(lines, parts_of)" }, text "why" { required = "parts > 10" },
  stages { stage "new" {}, stage "old" { final = true }, move "age" { from = "new", to = "old" } },
}
section "line" { lookup "drug" { to = "drug", on_delete = "cascade" }, integer "pos" {}, lookup "shelf" { to = "shelf", where = "size >= max(record.drug.lines, pos) and size > record.pos" },
  detail "parts" { section = "part", by = "line", owned = true }, rollup "parts_of" { "sum(parts, twice)" }, integer "filled" { fill = "count(parts)" } }
section "part" { lookup "line" { to = "line", on_delete = "cascade" }, integer "size" { check = "size <= line.pos", message = "Too big" }, integer "twice" { fill = "size * 2" } }
section "shelf" { text "name" {}, integer "size" {} }
allow "staff" { on = "shelf", read = true }
role "staff" { label = "People" }
role "auditor" { includes = { "staff" } }
allow "staff" { on = "drug", create = true, read = true, update = true, delete = true }
`,
  'top/hooks/h.lua': `on "drug.before_save" "halves" (function(r, ctx) if r.dose then r.hooked = r.dose * 2.5 end end)
local function tell(event) return function(r, ctx, old)
  ctx:create("note", { what = event .. " " .. tostring(r.name) .. " was " .. tostring(old and old.name) .. " " .. tostring(old and old.phone) .. " " .. tostring(old and old.stage) .. " " .. tostring(ctx.old and ctx.old.name) })
end end
on "drug.before_save" "asks" (function(r, ctx) if r.name == "asks" then ctx:query("note", { wher = "what == nil" }) end end)
on "drug.updated" "breaks" (function(r, ctx) if r.name == "breaks" then error("the reason of it") end end)
on "drug.before_update" "left" (function(r, ctx, old) if r.name == "formula" then r.phone = old.shown .. ">" .. r.shown .. " " .. old.parts .. " " .. tostring(old.lined) end end)
on "drug.created" "tell" (tell("created"))
on "drug.updated" "tell" (tell("updated"))
on "drug.deleted" "tell" (tell("deleted"))
on "drug.stage_entered" "tell" (tell("entered"))
`,
  'top/data/s.lua': 'data "shelf" { key = "name", { name = "s3", size = 3 }, { name = "s6", size = 6 }, { name = "s9", size = 9 } }\n',
  'top/sample/u.lua': `data "user" { key = "login", { login = "ann", name = "Ann", password = "ostov-demo", roles = { "auditor" } } }
`
}

let app, ann
before(async () => {
  if (skip) return
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(scratch, 'more', name)), { recursive: true })
    fs.writeFileSync(path.join(scratch, 'more', name), text)
  }
  app = await startServer({ config: path.join(scratch, 'more/top') })
  ann = await app.signIn('ann')
})
after(() => app?.stop())

const ok = (r, status) => {
  assert.ok(status ? r.status === status : r.status < 300, `${r.status} ${r.text}`)
  return r.json
}
const drug = async (v = {}) => ok(await ann.post('/api/drug', v), 201)

test('what is assigned to a whole number is rounded half up, by rules and by hooks', { skip }, async () => {
  const d = await drug({ dose: 5 })
  assert.deepEqual([d.whole, d.half, d.hooked, d.shown, Number(d.cents)], [8, 3, 13, 6, -0.01])
  const form = ok(await ann.post('/ui/form/drug', { values: { dose: 5 }, changed: ['dose'] }))
  assert.deepEqual([form.values.whole, form.values.half, form.values.shown], [8, 3, 6])
})

test('a moment whose day has no place is of no day, in SQL and in process', { skip }, async () => {
  const last = await drug({ at: '9999-12-31T23:59:59Z' })
  assert.deepEqual([last.at, last.on, last.told, last.late], ['9999-12-31T23:59:59Z', null, 'at ', true])
  const before = await drug({ at: '9999-12-31T20:59:59Z' })
  assert.deepEqual([before.on, before.told, before.late], ['9999-12-31', 'at 9999-12-31 23:59', false])
  assert.equal((await ann.post('/api/drug', { at: '9999-12-31T23:59:59-01:00' })).status, 400)
})

test('a form tells read-only what saving refuses: the row as it was decides', { skip }, async () => {
  const d = await drug({ closed: true })
  const sealed = async (values) => ok(await ann.post('/ui/form/drug', { id: d.id, values })).fields.sealed.readonly
  assert.deepEqual([await sealed({}), await sealed({ closed: false })], [true, true])
  assert.equal((await ann.patch(`/api/drug(${d.id})`, { closed: false, sealed: 'x' })).status, 400)
  ok(await ann.patch(`/api/drug(${d.id})`, { closed: false }))
  assert.deepEqual([await sealed({}), await sealed({ closed: true })], [false, true])
})

test('lines come as they were entered, records newest first', { skip }, async () => {
  const d = await drug({ lines: [{ pos: 3 }, { pos: 1 }, { pos: 2 }] })
  const positions = (lines) => lines.map((l) => l.pos)
  assert.deepEqual(positions(ok(await ann.get(`/api/drug(${d.id})?$expand=lines`)).lines), [3, 1, 2])
  assert.deepEqual(positions(ok(await ann.get(`/api/drug(${d.id})/lines`)).value), [3, 1, 2])
  const first = ok(await ann.get(`/api/drug(${d.id})/lines`, { Prefer: 'odata.maxpagesize=2' }))
  const next = new URL(first['@odata.nextLink'])
  assert.deepEqual([positions(first.value), positions(ok(await ann.get(next.pathname + next.search, { Prefer: 'odata.maxpagesize=2' })).value)], [[3, 1], [2]])
  const twice = await ann.patch(`/api/drug(${d.id})`, { 'lines@delta': [{ id: first.value[0].id, pos: 7 }, { pos: 8 }, { id: first.value[0].id, pos: 9 }] })
  assert.deepEqual([twice.status, twice.json.error.target], [400, 'lines/2'])
  const later = await drug()
  assert.equal(ok(await ann.get('/api/drug?$top=1&$select=id')).value[0].id, later.id)
})

test('sums over lines in the filter of a lookup are of the lines as they are typed', { skip }, async () => {
  const offered = async (section, body) => ok(await ann.post(`/ui/lookup/${section}/shelf`, { q: '', ...body })).items.map((i) => i.title).sort()
  assert.deepEqual(await offered('drug', { values: {} }), ['s3', 's6', 's9'])
  assert.deepEqual(await offered('drug', { values: { lines: [{ pos: 1 }, { pos: 4 }] } }), ['s6', 's9'])
  assert.deepEqual(await offered('drug', { values: { lines: [{ pos: -50 }, { pos: 51 }] } }), [])
  const d = await drug({ lines: [{ pos: 5 }] })
  const [stored] = ok(await ann.get(`/api/drug(${d.id})/lines`)).value
  assert.deepEqual(await offered('drug', { id: d.id, values: {} }), ['s6', 's9'])
  assert.deepEqual(await offered('drug', { id: d.id, values: { 'lines@delta': [{ id: stored.id, pos: 2 }, { pos: 5 }] } }), ['s9'])
  assert.deepEqual(await offered('drug', { id: d.id, values: { 'lines@delta': [{ id: stored.id, '@removed': { reason: 'deleted' } }] } }), ['s3', 's6', 's9'])
  assert.deepEqual(await offered('line', { values: { pos: 2 }, parent: { id: d.id, values: {} } }), ['s6', 's9'])
  assert.deepEqual(await offered('line', { values: { pos: 2 }, parent: { id: d.id, values: { 'lines@delta': [{ pos: 8 }] } } }), ['s9'])
  const shelf = Object.fromEntries(app.sql('select name, id from app.shelf').map(([n, i]) => [n, +i]))
  assert.equal((await ann.patch(`/api/drug(${d.id})`, { shelf_id: shelf.s6, 'lines@delta': [{ pos: 5 }] })).status, 400)
  ok(await ann.patch(`/api/drug(${d.id})`, { shelf_id: shelf.s9, 'lines@delta': [{ pos: 4 }] }))
})

test('lines of lines count in a form as they are typed, and what is wrong with them is told by their line', { skip }, async () => {
  const form = async (values, id) => ok(await ann.post('/ui/form/drug', { id, values }))
  const fresh = await form({ 'lines@delta': [{ '@ostov.key': 'a', pos: 4, 'parts@delta': [{ size: 2 }, { size: 4 }] }, { '@ostov.key': 'b', pos: 1, parts: [{ size: 3 }] }] })
  const line = (answer, key) => answer.lines.lines.find((l) => l.key === key)
  assert.deepEqual([fresh.values.parts, fresh.fields.why.required], [18, true])
  assert.deepEqual([line(fresh, 'a').values.parts_of, line(fresh, 'a').values.filled, line(fresh, 'a').errors], [12, 2, []])
  assert.deepEqual(line(fresh, 'b').errors, [{ target: 'parts/0/size', message: 'Too big' }])
  const d = await drug({ lines: [{ pos: 9, parts: [{ size: 1 }, { size: 2 }] }] })
  const [stored] = ok(await ann.get(`/api/drug(${d.id})/lines?$expand=parts`)).value
  const [one, two] = stored.parts
  const typed = { 'lines@delta': [{ '@ostov.key': 'k', id: stored.id, 'parts@delta': [{ id: one.id, size: 5 }, { id: two.id, '@removed': { reason: 'deleted' } }, { size: 1 }] }] }
  const answer = await form(typed, d.id)
  assert.deepEqual([answer.values.parts, answer.fields.why.required, line(answer, 'k').values.parts_of], [12, true, 12])
  assert.equal((await ann.patch(`/api/drug(${d.id})`, typed)).json.error.target, 'why')
  // a line of another line is no part of the draft
  const other = await drug({ lines: [{ pos: 9, parts: [{ size: 1 }] }] })
  const [theirs] = ok(await ann.get(`/api/drug(${other.id})/lines?$expand=parts`)).value
  assert.equal((await form({ 'lines@delta': [{ '@ostov.key': 'k', id: stored.id, 'parts@delta': [{ id: theirs.parts[0].id, size: 9 }] }] }, d.id)).values.parts, undefined)
})

test('before the change a hook sees formulas as they were', { skip }, async () => {
  const d = await drug({ dose: 5, lines: [{ pos: 1, parts: [{ size: 1 }] }] })
  assert.equal(ok(await ann.patch(`/api/drug(${d.id})`, { name: 'formula', dose: 9 })).phone, '6>10 2 nil')
})

test('hooks after commit: old is the record as the event found it, nothing for a new one', { skip }, async () => {
  const told = async (what) => until(what, async () => ok(await ann.get('/api/note?$top=1000&$select=what')).value.some((n) => n.what === what))
  const d = await drug({ name: 'a' })
  await told('created a was nil nil nil nil')
  await told('entered a was nil nil nil nil')
  ok(await ann.patch(`/api/drug(${d.id})`, { name: 'b', phone: '1' }))
  await told('updated b was a nil new a')
  ok(await ann.patch(`/api/drug(${d.id})`, { name: 'c' }))
  await told('updated c was b 1 new b')
  ok(await ann.post(`/api/drug(${d.id})/age`, {}))
  await told('entered c was c 1 new c')
  ok(await ann.delete(`/api/drug(${d.id})`))
  await told('deleted c was c 1 old c')
})

test('a role of a module below that is declared again is the same role', { skip }, async () => {
  assert.deepEqual(app.sql("select code from app.role where code in ('staff', 'auditor') order by code"), [['auditor'], ['staff']])
  ok(await ann.post('/api/note', { what: 'by right of both modules' }), 201)
  assert.equal(app.sql("select label from app.role where code = 'staff'")[0][0], 'People')
})

test('a hook is told of an option that its query does not have; what fails after commit keeps its reason', { skip }, async () => {
  const r = await ann.post('/api/drug', { name: 'asks' })
  assert.equal(r.status, 500)
  assert.match(r.json.error.hint, /hooks\/h\.lua:\d+: query: unknown option 'wher'/)
  const d = await drug({ name: 'x' })
  ok(await ann.patch(`/api/drug(${d.id})`, { name: 'breaks' }))
  const [[why]] = await until('the job has failed', () => {
    const rows = app.sql('select error from ostov.job where error is not null')
    return rows.length && rows
  })
  assert.match(why, /hooks\/h\.lua:\d+.*the reason of it/)
})

test('a configuration that is not translated to its end runs, and the check says what is missing', { skip }, async () => {
  const meta = ok(await ann.get('/ui/meta', { 'Accept-Language': 'ru' }))
  ok(await ann.request('PATCH', '/auth/me', { language: 'ru' }))
  const note = ok(await ann.get('/ui/meta')).sections.note
  assert.deepEqual([meta.app.name, note.label, note.fields.find((f) => f.name === 'what').label], ['top', 'Заметка', 'What'])
  const check = spawnSync(program, ['check', path.join(scratch, 'more/top')], { encoding: 'utf8' })
  assert.equal(check.status, 1)
  assert.match(check.stderr, /text 'what': no Russian for label "What"/)
})
