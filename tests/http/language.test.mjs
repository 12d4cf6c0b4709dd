// The configuration language as implementers have it on paper, word by word, on a served configuration of two modules: options of fields, stages, rights, extending,
// hooks, rows, and what empty values, texts, numbers and days mean. time-limit: 600
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Client, hasDatabase, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const files = {
  'below/module.lua': `module "below" { label = "Below", version = "1.2.3", core = "1", language = "ru" }
section "country" { label = "Country", text "name" { unique = true, required = true } }
section "city" { label = "City", title = "{name}, {country.name}", text "name" { required = true, search = true }, lookup "country" { to = "country" } }
section "unit" { label = "Unit", tree = "parent", text "name" { unique = true, required = true }, lookup "parent" { to = "unit" }, lookup "head" { to = "user" } }
section "client" { label = "Client", text "name" { required = true }, text "code" { unique = true }, choice "kind" { value "firm" {}, value "person" {} },
  tab "more" { text "remark" {} } }
role "reader" { label = "Reader" }
role "clerk" { label = "Clerk", includes = { "reader" } }
allow "reader" { on = { "country", "city", "unit" }, read = true }
allow "administrator" { on = { "country", "city", "unit" }, create = true, read = true, update = true }
allow "reader" { on = "user", read = true, fields = { "login", "name" } }
allow "reader" { on = "client", create = true, read = true, update = true, delete = true }
`,
  'below/hooks/h.lua': `on "client.before_save" "b_second" (function(r, ctx) r.remark = (r.remark or "") .. "2" end)
on "client.before_save" "a_first" (function(r, ctx) r.remark = "1" end)
on "client.before_save" "replaced" (function(r, ctx) r.remark = "never" end)
`,
  'top/module.lua': 'module "top" { label = "Top", version = "1.0.0", core = "1", language = "ru", depends = { below = "1", org = "1" }, zone = "Europe/Moscow", currency = "RUB", week = { 1, 2, 3, 4, 5 } }',
  'top/sections/deal.lua': `section "deal" {
  label = "Deal", plural = "Deals", title = "{code} {name} · {client.name}",
  check = "plain == nil or plain < 1000000", message = "Too dear",
  autonumber "number" { pattern = "D-{yyyy}-{seq:3}", gapless = true, at = "signed" },
  autonumber "code" { pattern = "X{seq}" },
  text "name" { required = true, min = 2, max = 10, search = true, label = "Name of it", help = "A sentence" },
  choice "kind" { value "a" { label = "Kind A", colour = "green" }, value "b" {}, default = "a" },
  text "cur" { default = "USD" },
  lookup "client" { to = "client", create = true, on_delete = "clear" },
  lookup "country" { to = "country" },
  lookup "city" { to = "city", where = "country == record.country" },
  lookup "spot" { to = "city", where = "name ~= 'T1' and country == record.country" },
  lookup "either" { to = "city", where = "country == record.country or name == 'T1'" },
  lookup "like" { to = "deal", where = "flag" },
  lookup "agent" { to = "client", on_delete = "clear", required = "flag" }, lookup "agents" { to = "client", many = true, on_delete = "clear", required = "flag" },
  lookup "owner" { to = "user", initial = "me", readonly = true },
  lookup "watchers" { to = "user", many = true },
  lookup "unit" { to = "unit" },
  tab "terms" {
    group "money" { money "price" { currency = "cur" }, money "plain" { min = 0 }, decimal "rate" { scale = 4 }, percent "share" { min = 0, max = 100 } },
    date "starts_on" { initial = "today()" },
    date "ends_on" { check = "starts_on == nil or ends_on > starts_on", message = "Ends after it starts" },
    date "renew_on" { fill = "ends_on - months(1)" },
    text "note" { long = true, required = "plain > 100", hidden = "kind == 'a'", readonly = "kind == 'b'" },
  },
  boolean "flag" {}, datetime "at" {}, duration "took" {}, email "mail" {}, phone "tel" {}, url "web" {},
  text "secret" { readonly = true }, text "sealed" { readonly = true },
  detail "lines" { section = "line", by = "deal", owned = true },
  rollup "paid" { "sum(lines, amount, done)" }, rollup "number_of" { "count(lines)" }, rollup "first" { "min(lines, due)" },
  rollup "late" { "count(lines, due < today() and not done)" }, rollup "some" { "any(lines, amount > 100)" },
  formula "left" { type = "money", "plain - paid" }, formula "over" { type = "boolean", "ends_on < today()" },
  formula "shown" { type = "text", "'No. ' .. code .. ' ' .. note" }, formula "third" { type = "decimal", scale = 3, "plain / 3" },
  formula "zero" { type = "money", "plain / (plain - plain)" }, formula "works" { type = "date", "starts_on + workdays(2)" },
  formula "clamped" { type = "date", "starts_on + months(1)" }, formula "has_boss" { type = "boolean", "under(unit, me.unit)" },
  unique { "name", "kind" },
  stages {
    stage "draft" {}, stage "signed" { freeze = true, required = { "plain" } }, stage "done" { final = true }, stage "dropped" { final = true },
    move "sign" { from = "draft", to = "signed", allow = "owner == me", when = "ends_on ~= nil", message = "Give it an end" },
    move "finish" { from = "signed", to = "done", allow = "has_role('boss')" },
    move "drop" { from = { "draft", "signed" }, to = "dropped", comment = true },
    move "hand" { from = "signed", to = "draft", allow = false },
  },
  stages "listed" { when = "kind == 'b'", label = "Listed ones",
    stage "listed" {}, stage "closed" { final = true }, move "close" { from = "listed", to = "closed" } },
  list "mine" { label = "Mine", columns = { "code", "name", "client.name" }, where = "owner == me and stage ~= 'dropped'", sort = { "-starts_on", "name" } },
}
section "line" { label = "Line", lookup "deal" { to = "deal", on_delete = "cascade" }, money "amount" {}, date "due" {}, boolean "done" { default = false } }
section "doc" { label = "Doc", text "name" {}, lookup "deal" { to = "deal", required = true, on_delete = "restrict" }, lookup "copy_of" { to = "doc", on_delete = "cascade" } }
`,
  'top/sections/more.lua': `extend "client" {
  change "remark" { label = "Changed" }, change "kind" { value "agent" {} },
  text "folder" { after = "code" }, tab "more" { integer "rank" {} }, tab "new" { detail "deals" { section = "deal", by = "client" } },
}
extend "user" { lookup "unit" { to = "unit" } }
`,
  'top/views/deals.lua': `extend "deal" {
  list "by_client" { label = "By client", columns = { "name" }, where = "kind == 'a' and plain ~= nil", sort = { "client.name", "-plain" } },
}
`,
  'top/roles/all.lua': `role "boss" { label = "Boss", includes = { "clerk" } }
role "outside" { label = "Outside" }
allow "clerk" { on = "deal", create = true, read = "owner == me or me in watchers", update = "owner == me", delete = "owner == me and stage == 'draft'" }
allow "boss" { on = "deal", read = true }
allow "boss" { on = "deal", update = true, fields = { "note", "sealed" } }
allow "outside" { on = "deal", read = "kind == 'a'", fields = { "name", "kind" } }
allow "outside" { on = "deal", read = "name == 'open'", fields = { "plain" } }
allow "clerk" { on = "doc", create = true, read = true, update = true, delete = true }
`,
  'top/hooks/h.lua': `on "client.before_save" "replaced" (function(r, ctx) if r.remark == "never" then ctx:refuse("remark", "was not replaced") end end)
on "deal.before_delete" "keeps" (function(r, ctx) if r.name == "kept" then ctx:refuse("name", "This one is kept") end end)
`,
  'top/data/d.lua': `data "unit" { key = "name", { name = "leaf", parent = "root", head = { login = "ann" } }, { name = "root" } }
data "country" { key = "name", { name = "Here" }, { name = "There" } }
data "city" { key = "name", { name = "H1", country = "Here" }, { name = "T1", country = { name = "There" } } }
data "work_day" { key = "day", { day = "2026-05-01", working = false, reason = "Holiday" }, { day = "2026-05-02", working = true } }
`,
  'top/sample/u.lua': `data "user" { key = "login",
  { login = "ann", name = "Ann", password = "ostov-demo", roles = { "clerk" }, unit = "root" }, { login = "bob", name = "Bob", password = "ostov-demo", roles = { "clerk" } },
  { login = "boss", name = "Boss", password = "ostov-demo", roles = { "boss" } }, { login = "out", name = "Out", password = "ostov-demo", roles = { "outside" } },
  { login = "root", name = "Root", password = "ostov-demo", roles = { "administrator" } } }
`
}
files['top/data/d.lua'] = files['top/data/d.lua'].replace(', head = { login = "ann" }', '')

let app
const p = {}
before(async () => {
  if (skip) return
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(scratch, 'lang', name)), { recursive: true })
    fs.writeFileSync(path.join(scratch, 'lang', name), text)
  }
  app = await startServer({ config: path.join(scratch, 'lang/top') })
  for (const who of ['ann', 'bob', 'boss', 'out']) p[who] = await app.signIn(who, 'ostov-demo', { 'Accept-Language': 'en' })
})
after(() => app?.stop())

let serial = 0
const ok = (r, status) => {
  assert.ok(status ? r.status === status : r.status < 300, `${r.status} ${r.text}`)
  return r.json
}
const bad = (r, status, code, part) => {
  assert.equal(r.status, status, r.text)
  assert.equal(r.json.error.code, code, r.text)
  if (part) assert.match(r.text, part)
}
const deal = async (v = {}, who = p.ann) => ok(await who.post('/api/deal', { name: `n${++serial}`, ...v }), 201)
const get = async (d, who = p.ann, what = '') => ok(await who.get(`/api/deal(${d.id})${what}`))

test('values of a new record: default, initial, first stage, numbers, readonly', { skip }, async () => {
  // midnight may pass meanwhile
  const today = () => app.sql("SELECT (now() AT TIME ZONE 'Europe/Moscow')::date")[0][0]
  const days = [today()]
  const d = await deal()
  days.push(today())
  assert.deepEqual([d.kind, d.cur, d.stage, d.number, /^X\d+$/.test(d.code)], ['a', 'USD', 'draft', null, true])
  assert.ok(days.includes(d.starts_on), `${d.starts_on} is none of ${days}`)
  assert.equal(d.owner_id, p.ann.user.id)
  bad(await p.ann.post('/api/deal', { name: 'other', secret: 'x' }), 400, 'invalid', /secret/)
  bad(await p.ann.patch(`/api/deal(${d.id})`, { owner_id: p.bob.user.id }), 400, 'invalid', /owner/)
  bad(await p.ann.post('/api/deal', { name: 'x' }), 400, 'invalid', /name/)
  bad(await p.ann.post('/api/deal', { name: '12345678901' }), 400, 'invalid')
  bad(await p.ann.post('/api/deal', {}), 400, 'invalid', /name/)
  bad(await p.ann.post('/api/deal', { name: d.name }), 409, 'not_unique')
  await deal({ name: d.name, kind: 'b' })
  bad(await p.ann.post('/api/deal', { name: 'dear', plain: 1000000, note: 'n' }), 400, 'invalid', /Too dear/)
  for (const [f, v] of [['share', 101], ['plain', -1], ['mail', 'a@b'], ['tel', 'none'], ['web', 'ftp://x'], ['kind', 'c'], ['starts_on', '2026-02-30'], ['flag', 'yes']])
    bad(await p.ann.post('/api/deal', { name: 'wrong', [f]: v }), 400, 'invalid', new RegExp(f))
})

test('texts, numbers: an empty text is nothing, amounts are rounded half up, division, nothing and zero', { skip }, async () => {
  const d = await deal({ mail: '', plain: '10.005', rate: '0.00005', share: '33.335', took: 'PT1H30M', at: '2026-05-01T10:00:00+03:00' })
  const r = await get(d)
  assert.equal(r.mail, null)
  assert.deepEqual([Number(r.plain), Number(r.rate), Number(r.share), Number(r.third), r.zero], [10.01, 0.0001, 33.34, 3.337, null])
  assert.deepEqual([r.took, r.at], ['PT1H30M', '2026-05-01T07:00:00Z'])
  assert.equal(r.shown, `No. ${r.code} `)
  assert.equal(r.over, false)
  assert.equal(Number(r.left), 10.01)
})

test('days: working days skip weekends and the calendar, months clamp', { skip }, async () => {
  const w = async (starts_on) => {
    const r = await get(await deal({ starts_on }))
    return [r.works, r.clamped]
  }
  // Thursday 30 April: the 1st is a holiday, Saturday the 2nd is worked
  assert.deepEqual(await w('2026-04-30'), ['2026-05-04', '2026-05-30'])
  assert.deepEqual(await w('2026-01-31'), ['2026-02-03', '2026-02-28'])
  assert.deepEqual(await w('2028-01-31'), ['2028-02-02', '2028-02-29'])
})

test('fill is set again when what it names changes, and may be overwritten; a check runs when what it names changed', { skip }, async () => {
  const d = await deal({ starts_on: '2026-01-01', ends_on: '2026-03-31' })
  assert.equal(d.renew_on, '2026-02-28')
  let r = ok(await p.ann.patch(`/api/deal(${d.id})`, { renew_on: '2026-01-15' }))
  assert.equal(r.renew_on, '2026-01-15')
  r = ok(await p.ann.patch(`/api/deal(${d.id})`, { tel: '+7 495 000' }))
  assert.equal(r.renew_on, '2026-01-15')
  r = ok(await p.ann.patch(`/api/deal(${d.id})`, { ends_on: '2026-06-30' }))
  assert.equal(r.renew_on, '2026-05-30')
  r = ok(await p.ann.patch(`/api/deal(${d.id})`, { ends_on: '2026-07-30', renew_on: '2026-02-02' }))
  assert.equal(r.renew_on, '2026-02-02')
  bad(await p.ann.patch(`/api/deal(${d.id})`, { ends_on: '2026-01-01' }), 400, 'invalid', /Ends after it starts/)
  bad(await p.ann.patch(`/api/deal(${d.id})`, { starts_on: '2027-01-01' }), 400, 'invalid', /Ends after it starts/)
  app.sql(`UPDATE app.deal SET starts_on = '2027-01-01' WHERE id = ${d.id}`)
  ok(await p.ann.patch(`/api/deal(${d.id})`, { tel: '+7 495 001' }))
})

test('required and readonly by rules', { skip }, async () => {
  bad(await p.ann.post('/api/deal', { name: 'many', plain: 101 }), 400, 'invalid', /note/)
  const d = await deal({ plain: 101, note: 'why' })
  bad(await p.ann.patch(`/api/deal(${d.id})`, { note: '' }), 400, 'invalid', /note/)
  const b = await deal({ kind: 'b' })
  bad(await p.ann.patch(`/api/deal(${b.id})`, { note: 'x' }), 400, 'invalid', /note/)
  // a grant that names the field goes before readonly, of every kind
  ok(await p.boss.patch(`/api/deal(${b.id})`, { note: 'x', sealed: 's' }))
  bad(await p.boss.patch(`/api/deal(${b.id})`, { plain: 1 }), 400, 'invalid')
})

test('cascades: the target fits the parent, an empty parent leaves all open', { skip }, async () => {
  const [[here], [there]] = app.sql("SELECT id FROM app.country ORDER BY name")
  const [[h1], [t1]] = app.sql("SELECT id FROM app.city ORDER BY name")
  await deal({ country_id: +here, city_id: +h1 })
  bad(await p.ann.post('/api/deal', { name: 'casc', country_id: +here, city_id: +t1 }), 400, 'invalid', /city/)
  const open = await deal({ city_id: +t1 })
  bad(await p.ann.patch(`/api/deal(${open.id})`, { country_id: +here }), 400, 'invalid', /city/)
  ok(await p.ann.patch(`/api/deal(${open.id})`, { country_id: +there }))
  const city = ok(await p.ann.get(`/api/deal(${open.id})?$expand=city&$select=id`)).city
  assert.equal(city.name, 'T1')
})

test('what is not chosen yet leaves open its own comparison alone, in what is offered and on saving', { skip }, async () => {
  const id = Object.fromEntries(app.sql('SELECT name, id FROM app.country UNION ALL SELECT name, id FROM app.city').map(([n, i]) => [n, +i]))
  const offered = async (field, values) => ok(await p.ann.post(`/ui/lookup/deal/${field}`, { values })).items.map((i) => i.title.split(',')[0]).sort()
  assert.deepEqual(await offered('spot', {}), ['H1'])
  assert.deepEqual(await offered('spot', { country_id: id.There }), [])
  assert.deepEqual(await offered('either', {}), ['H1', 'T1'])
  assert.deepEqual(await offered('either', { country_id: id.Here }), ['H1', 'T1'])
  bad(await p.ann.post('/api/deal', { name: 'spot', spot_id: id.T1 }), 400, 'invalid', /spot/)
  await deal({ spot_id: id.H1, either_id: id.H1 })
  // a lookup to its own section asks the target, not the record
  const agent = ok(await p.ann.post('/api/client', { name: 'agent' }), 201).id
  const [plain, flagged] = [await deal(), await deal({ flag: true, agent_id: agent, agents_ids: [agent] })]
  bad(await p.ann.post('/api/deal', { name: 'like', like_id: plain.id }), 400, 'invalid', /like/)
  await deal({ like_id: flagged.id })
})

test('sums over lines, on creating, changing, removing; by the clock; freezing covers them', { skip }, async () => {
  const d = await deal({ plain: 50, ends_on: '2099-01-01', lines: [{ amount: 10, done: true, due: '2020-01-02' }, { amount: 120.5, due: '2020-01-01' }, { due: '2099-01-01' }] })
  let r = await get(d, p.ann, '?$expand=lines')
  assert.deepEqual([Number(r.paid), r.number_of, r.first, r.late, r.some, Number(r.left)], [10, 3, '2020-01-01', 1, true, 40])
  r = ok(await p.ann.patch(`/api/deal(${d.id})`, { 'lines@delta': [{ id: r.lines[1].id, done: true }, { amount: 5, done: true }, { id: r.lines[0].id, '@removed': { reason: 'deleted' } }, { id: r.lines[2].id, '@removed': { reason: 'deleted' } }] }))
  r = await get(d, p.ann, '?$expand=lines')
  assert.deepEqual([r.lines.length, Number(r.paid), r.late], [2, 125.5, 0])
  bad(await p.ann.post(`/api/deal(${d.id})/finish`, {}), 409, 'conflict')
  ok(await p.ann.post(`/api/deal(${d.id})/sign`, {}))
  bad(await p.ann.post(`/api/deal(${d.id})/finish`, {}), 403, 'forbidden')
  r = await get(d)
  assert.equal(r.stage, 'signed')
  assert.match(r.number, /^D-\d{4}-\d{3}$/)
  bad(await p.ann.patch(`/api/deal(${d.id})`, { tel: '+7 495 003' }), 409, 'conflict', /frozen/)
  bad(await p.ann.patch(`/api/deal(${d.id})`, { 'lines@delta': [{ amount: 5 }] }), 409, 'conflict', /frozen/)
  // an empty sum is nothing that is added up: nil without lines of min, zero of sum and count
  const e = await get(await deal())
  assert.deepEqual([Number(e.paid), e.number_of, e.first, e.some, e.left], [0, 0, null, false, null])
})

test('moves: from a list, who and whether, message, comment, what a stage requires, no way for people', { skip }, async () => {
  const d = await deal()
  bad(await p.ann.post(`/api/deal(${d.id})/sign`, {}), 409, 'conflict', /Give it an end/)
  ok(await p.ann.patch(`/api/deal(${d.id})`, { ends_on: '2099-01-01' }))
  bad(await p.ann.post(`/api/deal(${d.id})/sign`, {}), 400, 'invalid', /plain/)
  bad(await p.boss.post(`/api/deal(${d.id})/sign`, {}), 403, 'forbidden')
  bad(await p.bob.post(`/api/deal(${d.id})/sign`, {}), 404, 'not_found')
  ok(await p.ann.patch(`/api/deal(${d.id})`, { plain: 1 }))
  ok(await p.ann.post(`/api/deal(${d.id})/sign`, {}))
  bad(await p.ann.post(`/api/deal(${d.id})/hand`, {}), 403, 'forbidden')
  bad(await p.ann.post(`/api/deal(${d.id})/drop`, {}), 400, 'invalid', /comment/)
  bad(await p.ann.post(`/api/deal(${d.id})/drop`, { comment: ' \n' }), 400, 'invalid', /comment/)
  ok(await p.ann.post(`/api/deal(${d.id})/drop`, { comment: 'No more' }))
  assert.equal(app.sql(`SELECT comment FROM ostov.change WHERE record_id = ${d.id} AND move = 'drop'`)[0][0], 'No more')
  const e = await deal({ ends_on: '2099-01-01' })
  ok(await p.ann.post(`/api/deal(${e.id})/drop`, { comment: 'x' }))
  bad(await p.ann.post(`/api/deal(${e.id})/drop`, { comment: 'x' }), 409, 'conflict')
})

test('several paths of stages: the data decide; a record does not jump', { skip }, async () => {
  const b = await deal({ kind: 'b' })
  assert.equal(b.stage, 'listed')
  bad(await p.ann.patch(`/api/deal(${b.id})`, { kind: 'a' }), 400, 'invalid')
  bad(await p.ann.post(`/api/deal(${b.id})/sign`, {}), 409, 'conflict')
  ok(await p.ann.post(`/api/deal(${b.id})/close`, {}))
})

test('rights: union of grants, fields of rows, unknown fields, rows that are not there', { skip }, async () => {
  const mine = await deal({ name: 'secretly', plain: 7 })
  const open = await deal({ name: 'open', plain: 8 })
  const listed = await deal({ name: 'listed', kind: 'b' })
  const shown = await get(open, p.out)
  assert.deepEqual([shown.name, Number(shown.plain), shown.kind], ['open', 8, 'a'])
  assert.ok(!('ends_on' in shown))
  assert.equal((await get(mine, p.out)).plain, null)
  bad(await p.out.get(`/api/deal(${listed.id})`), 404, 'not_found')
  bad(await p.out.get('/api/deal?$filter=ends_on eq null'), 400, 'unknown_field')
  assert.deepEqual(ok(await p.out.get('/api/deal?$filter=plain ge 7&$select=name')).value.map((v) => v.name), ['open'])
  bad(await p.bob.get(`/api/deal(${mine.id})`), 404, 'not_found')
  ok(await p.ann.patch(`/api/deal(${mine.id})`, { watchers_ids: [p.bob.user.id] }))
  assert.equal((await get(mine, p.bob)).name, 'secretly')
  bad(await p.bob.patch(`/api/deal(${mine.id})`, { tel: '+7 495 000' }), 403, 'forbidden')
  bad(await p.out.post('/api/deal', { name: 'not' }), 403, 'forbidden')
  assert.equal((await get(mine, p.boss)).has_boss, false)
  // who includes a role holds it
  ok(await p.boss.post('/api/client', { name: 'by boss' }), 201)
})

test('rights of trees: under() counts the thing itself and what is below', { skip }, async () => {
  const [[leaf]] = app.sql("SELECT id FROM app.unit WHERE name = 'leaf'")
  const [[root]] = app.sql("SELECT id FROM app.unit WHERE name = 'root'")
  assert.equal((await get(await deal({ unit_id: +leaf }))).has_boss, true)
  assert.equal((await get(await deal({ unit_id: +root }))).has_boss, true)
  assert.equal((await get(await deal())).has_boss, false)
})

test('extending: fields in their place, changed labels, more values; hooks by name, replaced, in order', { skip }, async () => {
  const c = ok(await p.ann.post('/api/client', { name: 'C', kind: 'agent', folder: 'f', rank: 3 }), 201)
  assert.equal(c.remark, '12')
  const meta = ok(await p.ann.get('/ui/meta'))
  const client = meta.sections.client
  const flat = (items) => items.flatMap((i) => (i.items ? [`${i.kind}:${i.name}`, ...flat(i.items)] : [i.name]))
  assert.deepEqual(flat(client.layout), ['name', 'code', 'folder', 'kind', 'tab:more', 'remark', 'rank', 'tab:new', 'deals'])
  assert.equal(client.fields.find((f) => f.name === 'remark').label, 'Changed')
})

test('deleting: clear, restrict, cascade; a hook refuses', { skip }, async () => {
  const c = ok(await p.ann.post('/api/client', { name: 'gone' }), 201)
  const d = await deal({ client_id: c.id })
  ok(await p.ann.delete(`/api/client(${c.id})`))
  assert.equal((await get(d)).client_id, null)
  const doc = ok(await p.ann.post('/api/doc', { name: 'one', deal_id: d.id }), 201)
  const copy = ok(await p.ann.post('/api/doc', { name: 'two', deal_id: d.id, copy_of_id: doc.id }), 201)
  bad(await p.ann.delete(`/api/deal(${d.id})`), 409, 'in_use')
  ok(await p.ann.delete(`/api/doc(${doc.id})`))
  bad(await p.ann.get(`/api/doc(${copy.id})`), 404, 'not_found')
  ok(await p.ann.delete(`/api/deal(${d.id})`))
  const kept = await deal({ name: 'kept' })
  bad(await p.ann.delete(`/api/deal(${kept.id})`), 400, 'invalid', /This one is kept/)
})

test('lists: declared in views, filtered and sorted, by paths too', { skip }, async () => {
  const [z, a] = [ok(await p.ann.post('/api/client', { name: 'Zz' }), 201), ok(await p.ann.post('/api/client', { name: 'Aa' }), 201)]
  const made = []
  for (const v of [{ client_id: z.id, plain: 90 }, { client_id: a.id, plain: 91 }, { client_id: a.id, plain: 92 }, { client_id: a.id, plain: 93, kind: 'b' }, { client_id: z.id }]) made.push((await deal(v)).id)
  const meta = ok(await p.ann.get('/ui/meta')).sections.deal
  assert.deepEqual(meta.lists.map((l) => l.name), ['mine', 'by_client', 'all'])
  assert.deepEqual(meta.lists[1].sort, ['client.name', '-plain'])
  const listed = ok(await p.ann.get(`/api/deal?$ostov.list=by_client&$select=id&$filter=id in (${made.join(',')})`)).value.map((v) => v.id)
  assert.deepEqual(listed, [made[2], made[1], made[0]])
})

test('forms: what is required, read-only and hidden follows the draft', { skip }, async () => {
  const form = async (values, changed) => ok(await p.ann.post('/ui/form/deal', { values, changed }))
  const a = await form({ kind: 'a', plain: 101 }, ['plain'])
  assert.deepEqual([a.fields.note.required, a.fields.note.hidden, a.fields.note.readonly], [true, true, false])
  const b = await form({ kind: 'b', ends_on: '2026-03-31', plain: 5 }, ['kind', 'ends_on'])
  assert.deepEqual([b.fields.note.required, b.fields.note.hidden, b.fields.note.readonly], [false, false, true])
  assert.equal(b.values.renew_on, '2026-02-28')
  assert.equal(b.path, 'listed')
})

test('two who hang records below each other at one time make no circle', { skip }, async () => {
  const [one, two] = [await app.signIn('root'), await app.signIn('root')]
  for (let i = 0; i < 12; i++) {
    const [x, y] = [ok(await one.post('/api/unit', { name: `x${i}` }), 201), ok(await one.post('/api/unit', { name: `y${i}` }), 201)]
    const z = ok(await one.post('/api/unit', { name: `z${i}`, parent_id: y.id }), 201)
    const r = await Promise.all([one.patch(`/api/unit(${x.id})`, { parent_id: z.id }), two.patch(`/api/unit(${y.id})`, { parent_id: x.id })])
    assert.deepEqual(r.map((a) => a.status).sort(), [200, 400], r.map((a) => a.text).join(' '))
  }
})

test('deleting empties no field that must have a value, and goes in no circle', { skip }, async () => {
  const client = async (name) => ok(await p.ann.post('/api/client', { name }), 201)
  const [one, two, three] = [await client('one'), await client('two'), await client('three')]
  const d = await deal({ flag: true, agent_id: one.id, agents_ids: [two.id, three.id] })
  bad(await p.ann.delete(`/api/client(${one.id})`), 409, 'in_use', /Deals/)
  ok(await p.ann.delete(`/api/client(${two.id})`), 204)
  bad(await p.ann.delete(`/api/client(${three.id})`), 409, 'in_use')
  assert.equal(ok(await p.ann.post('/ui/delete/client', { ids: [one.id, three.id] })).deletable, 0)
  assert.deepEqual([(await get(d)).agent_id, (await get(d)).agents_ids], [one.id, [three.id]])
  ok(await p.ann.patch(`/api/deal(${d.id})`, { flag: false }))
  ok(await p.ann.delete(`/api/client(${one.id})`), 204)
  assert.equal((await get(d)).agent_id, null)

  const doc = async (v) => ok(await p.ann.post('/api/doc', { name: 'd', deal_id: d.id, ...v }), 201)
  const a = await doc()
  const b = await doc({ copy_of_id: a.id })
  ok(await p.ann.patch(`/api/doc(${a.id})`, { copy_of_id: b.id }))
  bad(await p.ann.delete(`/api/doc(${a.id})`), 409, 'in_use', /Doc/)
  ok(await p.ann.patch(`/api/doc(${a.id})`, { copy_of_id: null }))
  ok(await p.ann.delete(`/api/doc(${a.id})`), 204)
  assert.equal((await p.ann.get(`/api/doc(${b.id})`)).status, 404)
})
