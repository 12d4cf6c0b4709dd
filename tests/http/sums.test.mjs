// Stored sums over records that are there: right after an apply beside people who write, whatever they change and whatever the apply changes with it. SAFETY 46. time-limit: 300
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { Client, databaseUrl, hasDatabase, program, sleep, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const token = 'ost_' + createHash('sha256').update('sums').digest('hex').slice(0, 43)

const physical = (app, field) => app.sql(`SELECT physical FROM ostov.object WHERE path = '${field}' AND kind = 'field' AND dropped_at IS NULL`)[0][0]
function configuration(name, text) {
  const dir = path.join(scratch, name)
  fs.mkdirSync(path.join(dir, 'sections'), { recursive: true })
  fs.writeFileSync(path.join(dir, 'module.lua'), 'module "sums" { label = "Sums", version = "1.0.0", core = "1", language = "ru" }\n')
  fs.writeFileSync(path.join(dir, 'sections/all.lua'), text)
  return dir
}
// the sum of all stands before those that it reads
const sections = (sums, sizes, weight) => `
section "firm" { label = "Firm", plural = "Firms", title = "{name}", text "name" {}, detail "orders" { section = "order_", by = "firm" }${sums[0]} }
section "order_" { label = "Order", plural = "Orders", title = "{name}", text "name" {}, lookup "firm" { to = "firm" }, detail "lines" { section = "line", by = "order_" }${sums[1]} }
section "ware" { label = "Ware", plural = "Wares", title = "{name}", text "name" {}, integer "weight" {}, choice "size" { ${sizes} } }
section "line" { label = "Line", plural = "Lines", title = "{note}", lookup "order_" { to = "order_", on_delete = "cascade" }, lookup "ware" { to = "ware" }, text "note" {}, ${weight} }
role "clerk" { label = "Clerk" }
allow "clerk" { on = { "firm", "order_", "ware", "line" }, create = true, read = true, update = true, delete = true }
`
const one = configuration('sums-one', sections(['', ''], 'value "s" {}, value "m" {}', 'text "amount" {}'))
const two = configuration(
  'sums-two',
  sections(
    [', rollup "turnover" { "sum(orders, amount)" }, rollup "small" { "sum(orders, small)" }', ', rollup "amount" { "sum(lines, amount)" }, rollup "small" { "count(lines, ware.size == \'little\')" }, rollup "weight" { "sum(lines, ware.weight)" }'],
    'value "little" { was = "s" }, value "m" {}',
    'integer "amount" {}'
  )
)
// other definitions over the same records: of a sum, so that the sum of sums above it changes too; over lines of lines; in a tree; of a formula that a sum reads
const meant = (times, heavy, far) => configuration(`sums-meant-${times}`, `
section "region" { label = "Region", plural = "Regions", title = "{name}", tree = "parent", text "name" {}, lookup "parent" { to = "region" } }
section "firm" { label = "Firm", plural = "Firms", title = "{name}", text "name" {}, lookup "region" { to = "region" }, detail "orders" { section = "order_", by = "firm" }, rollup "turnover" { "sum(orders, amount)" }${far} }
section "order_" { label = "Order", plural = "Orders", title = "{name}", text "name" {}, lookup "firm" { to = "firm" }, lookup "region" { to = "region" }, detail "lines" { section = "line", by = "order_" }, rollup "amount" { "sum(lines, amount * ${times})" }, rollup "heavy" { "count(lines, heavy)" } }
section "ware" { label = "Ware", plural = "Wares", title = "{name}", text "name" {}, integer "weight" {}, formula "heavy" { type = "boolean", "weight > ${heavy}" } }
section "line" { label = "Line", plural = "Lines", title = "{note}", lookup "order_" { to = "order_", on_delete = "cascade" }, lookup "ware" { to = "ware" }, text "note" {}, integer "amount" {}, formula "heavy" { type = "boolean", "ware.heavy" } }
role "clerk" { label = "Clerk" }
allow "clerk" { on = { "region", "firm", "order_", "ware", "line" }, create = true, read = true, update = true, delete = true }
`)
const once = meant(1, 3, ''), twice = meant(2, 5, ', rollup "weight" { "sum(orders, sum(lines, ware.weight))" }, rollup "inside" { "count(orders, under(region, record.region))" }')
function meantWrong(app, times, heavy, far) {
  const all = `WITH RECURSIVE up AS (SELECT id, id AS top, parent FROM app.region UNION SELECT up.id, r.id, r.parent FROM up JOIN app.region r ON r.id = up.parent)`
  const order = `SELECT o.id, o.firm, o.region, coalesce(sum(l.amount), 0) * ${times} AS amount, count(*) FILTER (WHERE w.weight > ${heavy}) AS heavy, coalesce(sum(w.weight), 0) AS weight
    FROM app.order_ o LEFT JOIN app.line l ON l.order_ = o.id LEFT JOIN app.ware w ON w.id = l.ware GROUP BY 1`
  const amount = physical(app, 'order_.amount'), heavies = physical(app, 'order_.heavy'), turnover = physical(app, 'firm.turnover')
  return [...app.sql(`${all}, fresh AS (${order}) SELECT 'order', o.id, o.${amount}, f.amount, o.${heavies}, f.heavy FROM app.order_ o JOIN fresh f USING (id) WHERE (o.${amount}, o.${heavies}) IS DISTINCT FROM (f.amount, f.heavy) LIMIT 5`),
    ...app.sql(`${all}, fresh AS (${order}), firms AS (SELECT firm, sum(amount) AS amount, sum(weight) AS weight FROM fresh GROUP BY 1)
      SELECT 'firm', f.id, f.${turnover}, s.amount FROM app.firm f LEFT JOIN firms s ON s.firm = f.id WHERE f.${turnover} <> coalesce(s.amount, 0)
        ${far ? `OR f.weight <> coalesce(s.weight, 0) OR f.inside <> (SELECT count(*) FROM app.order_ o WHERE o.firm = f.id AND EXISTS (SELECT FROM up WHERE up.id = o.region AND up.top = f.region))` : ''} LIMIT 5`)]
}

function wrong(app) {
  const amount = physical(app, 'line.amount'), size = physical(app, 'ware.size')
  const lines = (what) => `coalesce((SELECT ${what} FROM app.line l LEFT JOIN app.ware w ON w.id = l.ware WHERE l.order_ = o.id), 0)`
  return app.sql(`SELECT 'order', o.id, o.amount, ${lines(`sum(l.${amount})`)}, o.small, ${lines(`count(*) FILTER (WHERE w.${size} = 'little')`)}, o.weight, ${lines('sum(w.weight)')} FROM app.order_ o
      WHERE (o.amount, o.small, o.weight) IS DISTINCT FROM (${lines(`sum(l.${amount})`)}, ${lines(`count(*) FILTER (WHERE w.${size} = 'little')`)}, ${lines('sum(w.weight)')})
    UNION ALL SELECT 'firm', f.id, f.turnover, (SELECT coalesce(sum(amount), 0) FROM app.order_ WHERE firm = f.id), f.small, (SELECT coalesce(sum(small), 0) FROM app.order_ WHERE firm = f.id), 0, 0 FROM app.firm f
      WHERE (f.turnover, f.small) IS DISTINCT FROM ((SELECT coalesce(sum(amount), 0) FROM app.order_ WHERE firm = f.id), (SELECT coalesce(sum(small), 0) FROM app.order_ WHERE firm = f.id)) LIMIT 10`)
}

for (const [what, wares] of [['renamed codes of few records, written by the switch', 50], ['renamed codes of many records, filled beforehand', 1500]])
  test(`sums of sums, over lookups and converted values: ${what}`, { skip }, async (t) => {
    const app = await startServer({ config: one, sample: false })
    t.after(() => app.stop())
    app.sql(`INSERT INTO app."user" (login, name, active, language, created_at, changed_at) VALUES ('ann', 'ann', true, 'en', now(), now());
      INSERT INTO app.user__roles (record, target) SELECT u.id, r.id FROM app."user" u, app.role r WHERE u.login = 'ann' AND r.code = 'clerk';
      INSERT INTO ostov.token (hash, user_id, name, created_at, expires_at) SELECT sha256('${token}'), id, 't', now(), now() + interval '1 day' FROM app."user" WHERE login = 'ann';
      INSERT INTO app.firm (name, created_at, changed_at) SELECT 'f' || i, now(), now() FROM generate_series(1, 300) i;
      INSERT INTO app.order_ (name, firm, created_at, changed_at) SELECT 'o' || i, 1 + i % 300, now(), now() FROM generate_series(1, 6000) i;
      INSERT INTO app.ware (name, weight, size, created_at, changed_at) SELECT 'w' || i, i % 7, CASE WHEN i % 3 = 0 THEN 'm' ELSE 's' END, now(), now() FROM generate_series(1, ${wares}) i;
      INSERT INTO app.line (order_, ware, amount, created_at, changed_at) SELECT 1 + i % 6000, 1 + i % ${wares}, i % 50, now(), now() FROM generate_series(1, 12000) i; ANALYZE`)
    const who = new Client(app.url, { Authorization: `Bearer ${token}`, 'If-Match': '*' })
    let stop = false, done = 0
    const refusals = []
    const any = (n) => 1 + Math.floor(Math.random() * n)
    const writer = async () => {
      while (!stop) {
        const made = await who.post('/api/line', { order__id: any(6000), ware_id: any(wares), amount: String(any(9)) }).catch(() => null)
        const acts = [
          () => who.patch(`/api/line(${any(12000)})`, { order__id: any(6000) }),
          () => who.patch(`/api/line(${any(12000)})`, { ware_id: any(wares) }),
          () => who.delete(`/api/line(${any(12000)})`),
          () => who.patch(`/api/ware(${any(wares)})`, { weight: any(100) }),
          () => who.patch(`/api/order_(${any(6000)})`, { firm_id: any(300) }),
          () => who.delete(`/api/order_(${any(6000)})`),
          () => made?.json && who.delete(`/api/line(${made.json.id})`)
        ]
        const r = await acts[any(acts.length) - 1]()?.catch?.(() => null)
        done += made?.status === 201
        if (made && ![201, 400, 503].includes(made.status)) refusals.push(made.text)
        if (r && ![200, 204, 404, 400, 503].includes(r.status)) refusals.push(r.text)
      }
    }
    const all = Array.from({ length: 5 }, writer)
    await until('they write', () => done > 20)
    const child = spawn(program, ['apply', '--database', databaseUrl(app.database), two], { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const out of [child.stdout, child.stderr]) out.on('data', (text) => (said += text))
    const code = await new Promise((resolve) => child.on('close', resolve))
    await sleep(500)
    stop = true
    await Promise.all(all)
    assert.equal(code, 0, said)
    assert.deepEqual(refusals.slice(0, 3), [])
    assert.deepEqual(wrong(app), [])
    const [[changes]] = app.sql('SELECT count(*) FROM ostov.change')
    console.log(`# ${changes} changes beside the apply`)
    assert.ok(Number(changes) > 60)
    assert.notEqual(app.sql('SELECT sum(turnover) FROM app.firm')[0][0], '0')
    assert.notEqual(app.sql('SELECT sum(small) FROM app.firm')[0][0], '0')
  })

test('sums that mean something else from now on, and what is summed of them; lines of lines, a tree', { skip }, async (t) => {
  const app = await startServer({ config: once, sample: false })
  t.after(() => app.stop())
  app.sql(`INSERT INTO app."user" (login, name, active, language, created_at, changed_at) VALUES ('ann', 'ann', true, 'en', now(), now());
    INSERT INTO app.user__roles (record, target) SELECT u.id, r.id FROM app."user" u, app.role r WHERE u.login = 'ann' AND r.code = 'clerk';
    INSERT INTO ostov.token (hash, user_id, name, created_at, expires_at) SELECT sha256('${token}'), id, 't', now(), now() + interval '1 day' FROM app."user" WHERE login = 'ann';
    INSERT INTO app.region (name, parent, created_at, changed_at) SELECT 'r' || i, CASE WHEN i > 5 THEN i / 2 END, now(), now() FROM generate_series(1, 40) i;
    INSERT INTO app.firm (name, region, created_at, changed_at) SELECT 'f' || i, 1 + i % 40, now(), now() FROM generate_series(1, 300) i;
    INSERT INTO app.ware (name, weight, created_at, changed_at) SELECT 'w' || i, i % 9, now(), now() FROM generate_series(1, 60) i;
    INSERT INTO app.order_ (name, firm, region, created_at, changed_at, amount, heavy) SELECT 'o' || i, 1 + i % 300, 1 + i % 40, now(), now(), 0, 0 FROM generate_series(1, 4000) i;
    INSERT INTO app.line (order_, ware, amount, created_at, changed_at) SELECT 1 + i % 4000, 1 + i % 60, i % 50, now(), now() FROM generate_series(1, 8000) i;
    UPDATE app.order_ o SET amount = (SELECT coalesce(sum(amount), 0) FROM app.line WHERE order_ = o.id), heavy = (SELECT count(*) FROM app.line l JOIN app.ware w ON w.id = l.ware WHERE l.order_ = o.id AND w.weight > 3);
    UPDATE app.firm f SET turnover = (SELECT coalesce(sum(amount), 0) FROM app.order_ WHERE firm = f.id); ANALYZE`)
  assert.deepEqual(meantWrong(app, 1, 3, false), [])
  const who = new Client(app.url, { Authorization: `Bearer ${token}`, 'If-Match': '*' })
  const refusals = [], any = (n) => 1 + Math.floor(Math.random() * n)
  let stop = false, done = 0
  const acts = [
    () => who.post('/api/line', { order__id: any(4000), ware_id: any(60), amount: any(9) }),
    () => who.patch(`/api/line(${any(8000)})`, { order__id: any(4000) }),
    () => who.patch(`/api/line(${any(8000)})`, { ware_id: any(60) }),
    () => who.patch(`/api/line(${any(8000)})`, { amount: any(99) }),
    () => who.delete(`/api/line(${any(8000)})`),
    () => who.patch(`/api/ware(${any(60)})`, { weight: any(9) }),
    () => who.patch(`/api/order_(${any(4000)})`, { firm_id: any(300) }),
    () => who.patch(`/api/order_(${any(4000)})`, { region_id: any(40) }),
    () => who.patch(`/api/firm(${any(300)})`, { region_id: any(40) }),
    () => who.delete(`/api/order_(${any(4000)})`),
    () => who.patch(`/api/region(${5 + any(35)})`, { parent_id: any(5) })
  ]
  const writer = async () => {
    while (!stop) {
      const r = await acts[any(acts.length) - 1]().catch(() => null)
      done++
      if (r && ![200, 201, 204, 404, 400, 503].includes(r.status)) refusals.push(r.text)
    }
  }
  const all = Array.from({ length: 5 }, writer)
  await until('they write', () => done > 20)
  const child = spawn(program, ['apply', '--database', databaseUrl(app.database), twice], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const out of [child.stdout, child.stderr]) out.on('data', (text) => (said += text))
  const code = await new Promise((resolve) => child.on('close', resolve))
  const at = done
  await until('they write on', () => done > at + 20)
  stop = true
  await Promise.all(all)
  assert.equal(code, 0, said)
  assert.deepEqual(refusals.slice(0, 3), [])
  assert.deepEqual(meantWrong(app, 2, 5, true), [])
})
