// Sums are right however their lines come and go: by an import that moves them by key and has rows refused, by deletions that cascade, by hooks and jobs; each beside people who write. time-limit: 600
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { databaseUrl, hasDatabase, program, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const config = `module "ways" { label = "Ways", version = "1.0.0", core = "1", language = "ru" }
section "customer" { label = "Customer", title = "{name}", text "name" { unique = true }, detail "orders" { section = "order", by = "customer" },
  rollup "turnover" { "sum(orders, total)" }, rollup "gross" { "sum(orders, sum(lines, ware.gross))" } }
section "order" { label = "Order", title = "{name}", text "name" { unique = true }, lookup "customer" { to = "customer", on_delete = "cascade" }, detail "lines" { section = "line", by = "order" },
  rollup "total" { "sum(lines, price)" }, rollup "largest" { "max(lines, price)" }, check = "total <= 100000" }
section "ware" { label = "Ware", title = "{name}", text "name" { unique = true }, integer "weight" { default = 1 }, integer "gross" {} }
section "line" { label = "Line", title = "{code}", text "code" { unique = true }, lookup "order" { to = "order", on_delete = "cascade" }, integer "price" { default = 0 }, lookup "ware" { to = "ware" }, boolean "heaviest" {} }
section "wish" { label = "Wish", lookup "order" { to = "order", on_delete = "cascade" }, lookup "ware" { to = "ware" }, integer "price" { default = 1 } }
on "ware.before_save" "gross" (function(r) r.gross = r.weight * 10 + 1 end)
on "line.before_save" "heaviest" (function(r, ctx)
  if r.heaviest then r.ware = ctx:query("ware", { sort = { "-gross" }, limit = 1 })[1] end
end)
on "wish.created" "fulfil" (function(r, ctx) if r.order then ctx:create("line", { order = r.order, ware = r.ware, price = r.price }) end end)
role "clerk" { label = "Clerk" }
allow "clerk" { on = { "customer", "order", "ware", "line", "wish" }, create = true, read = true, update = true, delete = true }
data "user" { key = "login", { login = "u", name = "U", password = "ostov-demo", roles = { "clerk" } } }
`

let app, u
before(async () => {
  if (skip) return
  const dir = path.join(scratch, 'ways')
  fs.mkdirSync(path.join(dir, 'hooks'), { recursive: true })
  const split = config.split(/^(?=on ")/m).join('\n').split('\n')
  const hook = (line) => /^(on |  if |end\))/.test(line)
  fs.writeFileSync(path.join(dir, 'module.lua'), split.filter((line) => !hook(line)).join('\n'))
  fs.writeFileSync(path.join(dir, 'hooks/all.lua'), split.filter(hook).join('\n'))
  app = await startServer({ config: dir })
  u = await app.signIn('u')
})
after(() => app?.stop())

const add = async (set, v) => {
  const r = await u.post(`/api/${set}`, v)
  assert.equal(r.status, 201, r.text)
  return r.json.id
}
const wrong = () => app.sql(`SELECT 'order', o.id, o.total, s.total, o.largest, s.largest FROM app."order" o, LATERAL (SELECT coalesce(sum(price), 0) AS total, max(price) AS largest FROM app.line l WHERE l."order" = o.id) s
    WHERE (o.total, o.largest) IS DISTINCT FROM (s.total, s.largest)
  UNION ALL SELECT 'customer', c.id, c.turnover, s.turnover, c.gross, s.gross FROM app.customer c, LATERAL (SELECT coalesce(sum(price), 0) AS turnover, coalesce(sum(w.gross), 0) AS gross
    FROM app."order" o JOIN app.line l ON l."order" = o.id LEFT JOIN app.ware w ON w.id = l.ware WHERE o.customer = c.id) s WHERE (c.turnover, c.gross) IS DISTINCT FROM (s.turnover, s.gross)
  UNION ALL SELECT 'ware', id, gross, weight * 10 + 1, 0, 0 FROM app.ware WHERE gross <> weight * 10 + 1`)
const ids = (table) => app.sql(`select id from app."${table}" order by id`).map(([id]) => Number(id))
const any = (list) => list[Math.floor(Math.random() * list.length)]

function ostov(...args) {
  const child = spawn(program, [...args, '--database', databaseUrl(app.database)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = '', err = ''
  child.stdout.on('data', (d) => (out += d))
  child.stderr.on('data', (d) => (err += d))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}
const importing = async (section, key, rows) => {
  const file = path.join(scratch, `${section}.csv`)
  fs.writeFileSync(file, rows.join('\n') + '\n')
  const r = await ostov('import', file, '--section', section, '--key', key, '--json')
  assert.match(r.out, /^\{/, r.err)
  return JSON.parse(r.out.split('\n')[0])
}

/** Writers until `what` is done and each has written something besides. */
async function beside(writers, acts, what) {
  const refused = []
  let stop = false, done = 0
  const work = async () => {
    while (!stop) {
      const r = await any(acts)()
      done++
      if (![200, 201, 204, 400, 404, 503].includes(r.status)) refused.push(r.text)
    }
  }
  const all = Array.from({ length: writers }, work)
  await until('they write', () => done > writers)
  const result = await what()
  const at = done
  await until('they write on', () => done > at + writers)
  stop = true
  await Promise.all(all)
  assert.deepEqual(refused.slice(0, 3), [])
  return result
}

test('an import that makes parents, moves lines by their key and has rows refused by a check over lines', { skip }, async () => {
  const lines = ['Code;Order;Price;Ware']
  assert.equal((await importing('customer', 'name', ['Name', ...[1, 2, 3, 4, 5].map((i) => `c${i}`)])).created, 5)
  assert.equal((await importing('ware', 'name', ['Name;Weight', ...[1, 2, 3, 4].map((i) => `w${i};${i}`)])).created, 4)
  assert.equal((await importing('order', 'name', ['Name;Customer', ...Array.from({ length: 20 }, (_, i) => `o${i};c${1 + (i % 5)}`)])).created, 20)
  for (let i = 0; i < 600; i++) lines.push(`l${i};o${i % 20};${i % 50};w${1 + (i % 4)}`)
  assert.equal((await importing('line', 'code', lines)).created, 600)
  assert.deepEqual(wrong(), [])
  const again = ['Code;Order;Price;Ware']
  for (let i = 0; i < 600; i++) again.push(i % 40 === 7 ? `l${i};o${i % 20};200000;w1` : `l${i};o${(i + (i % 3)) % 20};${(i + (i % 2)) % 50};w${1 + ((i + (i % 5)) % 4)}`)
  const order = ids('order'), line = ids('line'), ware = ids('ware'), customer = ids('customer')
  const counts = await beside(4, [
    () => u.patch(`/api/ware(${any(ware)})`, { weight: 1 + Math.floor(Math.random() * 9) }),
    () => u.patch(`/api/order(${any(order)})`, { customer_id: any(customer) }),
    () => u.patch(`/api/line(${any(line)})`, { price: Math.floor(Math.random() * 50) }),
    () => u.post('/api/line', { order_id: any(order), ware_id: any(ware), price: 3 })
  ], () => importing('line', 'code', again))
  assert.ok(counts.updated > 100 && counts.rejected === 15, JSON.stringify(counts))
  assert.deepEqual(wrong(), [])
  assert.equal((await importing('line', 'code', again)).rejected, 15)
  assert.deepEqual(wrong(), [])
})

test('parents are deleted with what hangs on them while lines come and go', { skip }, async () => {
  const kept = await add('customer', { name: 'kept' }), ware = ids('ware'), gone = [], orders = []
  for (let i = 0; i < 12; i++) gone.push(await add('customer', { name: `gone${i}` }))
  for (let i = 0; i < 36; i++) orders.push(await add('order', { name: `g${i}`, customer_id: i % 3 ? gone[i % 12] : kept }))
  for (let i = 0; i < 72; i++) await add('line', { order_id: orders[i % 36], ware_id: any(ware), price: i })
  const line = app.sql(`select id from app.line where "order" in (${orders})`).map(([id]) => Number(id))
  assert.deepEqual(wrong(), [])
  const acts = [
    () => u.patch(`/api/line(${any(line)})`, { order_id: any(orders) }),
    () => u.patch(`/api/order(${any(orders)})`, { customer_id: any([kept, ...gone]) }),
    () => u.post('/api/line', { order_id: any(orders), ware_id: any(ware), price: 7 }),
    () => u.patch(`/api/ware(${any(ware)})`, { weight: 1 + Math.floor(Math.random() * 9) }),
    () => u.delete(`/api/line(${any(line)})`)
  ]
  await beside(4, acts, async () => {
    for (const id of gone) {
      let r
      await until(`customer ${id} goes`, async () => [204, 404].includes((r = await u.delete(`/api/customer(${id})`)).status), 120000)
      assert.equal(r.status, 204, r.text)
    }
  })
  assert.deepEqual(app.sql(`select count(*) from app.customer where id in (${gone})`), [['0']])
  assert.deepEqual(wrong(), [])
})

test('hooks that change what is looked up or look up something else, jobs that make lines', { skip }, async () => {
  const ware = ids('ware'), order = ids('order'), line = ids('line')
  await beside(5, [
    () => u.post('/api/wish', { order_id: any(order), ware_id: any(ware), price: Math.floor(Math.random() * 20) }),
    () => u.patch(`/api/ware(${any(ware)})`, { weight: 1 + Math.floor(Math.random() * 50) }),
    () => u.patch(`/api/line(${any(line)})`, { heaviest: any([true, false]) }),
    () => u.patch(`/api/line(${any(line)})`, { order_id: any(order), heaviest: any([true, false]) }),
    () => u.post('/api/line', { order_id: any(order), heaviest: true, price: 5 })
  ], () => until('lines made by jobs', () => Number(app.sql('select count(*) from app.wish')[0][0]) >= 25, 120000))
  await until('every wish is fulfilled', () => app.sql("select count(*) from ostov.job where kind = 'hook' and state in ('queued', 'running')")[0][0] === '0', 120000)
  assert.deepEqual(wrong(), [])
})
