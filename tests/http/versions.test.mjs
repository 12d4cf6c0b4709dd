// Whole versions of the rows of sections with history: they tile a record's time, the open one is the row, and nothing that dies on the way changes that.
// SAFETY 44, 47, 69. time-limit: 600
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { Client, databaseUrl, hasDatabase, program, sleep, sql, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
let app, ann

const sections = (history) => `
section "firm" { label = "Firm", plural = "Firms", title = "{name}", ${history}
  text "name" { required = true, unique = true }, boolean "open" { default = true }, choice "kind" { value "good" {}, value "bad" {} }, datetime "seen_at" {}, duration "effort" {},
  decimal "rate" { scale = 4 }, lookup "friends" { to = "firm", many = true, on_delete = "clear" }, lookup "boss" { to = "firm", on_delete = "clear" },
  detail "deals" { section = "deal", by = "firm" }, rollup "turnover" { "sum(deals, paid)" }, rollup "most" { "max(deals, paid)" } }
section "deal" { label = "Deal", plural = "Deals", title = "{number}", ${history}
  autonumber "number" { pattern = "D-{seq:4}" }, autonumber "signed" { pattern = "S-{seq}", at = "done" }, lookup "firm" { to = "firm", required = true, on_delete = "cascade" }, text "note" {},
  detail "lines" { section = "line", by = "deal", owned = true }, rollup "paid" { "sum(lines, amount)" },
  stages { stage "draft" {}, stage "done" { final = true }, move "finish" { from = "draft", to = "done" } } }
section "line" { label = "Line", plural = "Lines", title = "{text}", ${history} lookup "deal" { to = "deal", required = true }, text "text" {}, money "amount" { min = 0 } }
section "plain" { label = "Plain", plural = "Plains", title = "{name}", text "name" {} }
role "clerk" { label = "Clerk" }
allow "clerk" { on = { "firm", "deal", "plain" }, create = true, read = true, update = true, delete = true }
`
const hooks = `
on "deal.before_update" "touch_itself" (function(record, ctx)
  if record.note == "hook" then record.note = "changed by a hook" ctx:create("firm", { name = "made for " .. record.number }) end
end)
`

function configuration(name, text, hook = '') {
  const dir = path.join(scratch, name)
  for (const d of ['sections', 'hooks']) fs.mkdirSync(path.join(dir, d), { recursive: true })
  fs.writeFileSync(path.join(dir, 'module.lua'), 'module "versions" { label = "Versions", version = "1.0.0", core = "1", language = "ru" }\n')
  fs.writeFileSync(path.join(dir, 'sections/all.lua'), text)
  fs.writeFileSync(path.join(dir, 'hooks/all.lua'), hook)
  return dir
}

const token = 'ost_' + createHash('sha256').update('versions').digest('hex').slice(0, 43)
function person(run) {
  run(`INSERT INTO app."user" (login, name, active, language, created_at, changed_at) VALUES ('ann', 'ann', true, 'en', now(), now());
    INSERT INTO app.user__roles (record, target) SELECT u.id, r.id FROM app."user" u, app.role r WHERE u.login = 'ann' AND r.code = 'clerk';
    INSERT INTO ostov.token (hash, user_id, name, created_at, expires_at) SELECT sha256('${token}'), id, 't', now(), now() + interval '1 day' FROM app."user" WHERE login = 'ann'`)
}

before(async () => {
  if (skip) return
  app = await startServer({ config: configuration('versions', sections('history = true,'), hooks), sample: false })
  person((text) => app.sql(text))
  ann = new Client(app.url, { Authorization: `Bearer ${token}`, 'If-Match': '*' })
})
after(() => app?.stop())

const ok = (r, status = 201) => (assert.equal(r.status, status, r.text), r.json)

/** What does not hold of the versions of a section: gaps, overlaps, an end without a deletion, an open version that is not the row. */
function broken(run, section) {
  const [[id, table]] = run(`SELECT id, physical FROM ostov.object WHERE kind = 'section' AND path = '${section}' AND dropped_at IS NULL`)
  // built-in fields stand under their names
  const fields = run(`SELECT CASE WHEN split_part(path, '.', 2) IN ('created_at', 'created_by', 'changed_at', 'changed_by', 'stage') THEN split_part(path, '.', 2) ELSE id::text END, physical,
    NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = 'app.${table}'::regclass AND attname = physical) FROM ostov.object
    WHERE kind = 'field' AND parent = ${id} AND dropped_at IS NULL AND physical IS NOT NULL AND path <> '${section}.id'`)
  const pairs = fields.map(([key, physical, link]) => `('${key}', ${link === 't' ? `(SELECT jsonb_agg(l.target ORDER BY l.position) FROM app.${physical} l WHERE l.record = t.id)` : `to_jsonb(t."${physical}")`})`)
  const now = `(SELECT coalesce(jsonb_object_agg(k, x) FILTER (WHERE x IS NOT NULL AND x <> 'null'), '{}') FROM (VALUES ${pairs.join(', ')}) p (k, x))`
  return run(`WITH v AS (SELECT *, lead(valid_from) OVER w AS next, row_number() OVER w AS nth FROM ostov.version_row WHERE section_id = ${id} WINDOW w AS (PARTITION BY record_id ORDER BY valid_from))
    SELECT 'order', record_id, valid_from, '' FROM v WHERE valid_till <= valid_from
    UNION ALL SELECT 'tile', record_id, valid_from, '' FROM v WHERE next IS NOT NULL AND valid_till IS DISTINCT FROM next
    UNION ALL SELECT 'open', v.record_id, v.valid_from, '' FROM v LEFT JOIN app.${table} t ON t.id = v.record_id WHERE next IS NULL AND (valid_till IS NULL) <> (t.id IS NOT NULL)
    UNION ALL SELECT 'none', t.id, t.created_at, '' FROM app.${table} t WHERE NOT EXISTS (SELECT 1 FROM v WHERE v.record_id = t.id AND valid_till IS NULL)
    UNION ALL SELECT 'row', t.id, t.changed_at, v."row"::text || ' is ' || ${now}::text FROM app.${table} t JOIN v ON v.record_id = t.id AND v.valid_till IS NULL
      WHERE v.row_version <> t.row_version OR v."row" <> ${now} LIMIT 10`)
}
const whole = (run) => assert.deepEqual(['firm', 'deal', 'line'].map((s) => broken(run, s)), [[], [], []])
const here = (text) => app.sql(text)
const versions = (section, id, field) => here(`SELECT v."row" -> (SELECT id::text FROM ostov.object WHERE path = '${section}.${field}' AND dropped_at IS NULL) FROM ostov.version_row v JOIN ostov.object o ON o.id = v.section_id AND o.path = '${section}'
  WHERE record_id = ${id} ORDER BY valid_from`).map((r) => (r[0] === '' || r[0] === null ? null : JSON.parse(r[0])))

test('creating, changing, moving and deleting keep the row each time, once for each unit of work', { skip }, async () => {
  const f = ok(await ann.post('/api/firm', { name: 'One', rate: 1.5, seen_at: '2027-01-01T00:00:00Z', effort: 'PT90M', kind: 'good' }))
  const g = ok(await ann.post('/api/firm', { name: 'Two', friends_ids: [f.id], boss_id: f.id }))
  ok(await ann.patch(`/api/firm(${f.id})`, { open: false }), 200)
  ok(await ann.patch(`/api/firm(${f.id})`, { open: false }), 200)
  assert.deepEqual(versions('firm', f.id, 'open'), [true, false], 'what changes nothing is no version')
  ok(await ann.patch(`/api/firm(${g.id})`, { friends_ids: [g.id, f.id] }), 200)
  assert.deepEqual(versions('firm', g.id, 'friends'), [[f.id], [g.id, f.id]])
  const d = ok(await ann.post('/api/deal', { firm_id: f.id, 'lines@delta': [{ text: 'a', amount: 5 }, { text: 'b', amount: 7 }] }))
  assert.deepEqual(versions('deal', d.id, 'number'), [d.number])
  assert.deepEqual(versions('deal', d.id, 'paid'), [12])
  // a rollup of a record that was not written, and whose ETag stays
  assert.deepEqual(versions('firm', f.id, 'turnover'), [0, 0, 12])
  assert.deepEqual(here(`SELECT row_version FROM app.firm WHERE id = ${f.id}`), [['2']])
  const [a, b] = here(`SELECT id FROM app.line WHERE deal = ${d.id} ORDER BY id`).map((r) => Number(r[0]))
  ok(await ann.patch(`/api/deal(${d.id})`, { 'lines@delta': [{ id: a, amount: 6 }, { id: b, '@removed': { reason: 'deleted' } }] }), 200)
  assert.deepEqual([versions('line', a, 'amount'), versions('line', b, 'amount')], [[5, 6], [7]])
  assert.deepEqual(versions('deal', d.id, 'paid'), [12, 6])
  ok(await ann.patch(`/api/deal(${d.id})`, { note: 'hook' }), 200)
  assert.deepEqual(versions('deal', d.id, 'note'), [null, null, 'changed by a hook'])
  assert.equal(versions('firm', Number(here(`SELECT id FROM app.firm WHERE name = 'made for ${d.number}'`)[0][0]), 'name').length, 1)
  ok(await ann.post(`/api/deal(${d.id})/finish`, {}), 200)
  assert.match(versions('deal', d.id, 'signed').at(-1), /^S-/)
  whole(here)
  // deleting clears, cascades and ends
  ok(await ann.delete(`/api/firm(${f.id})`), 204)
  assert.deepEqual(versions('firm', g.id, 'boss'), [f.id, f.id, null].slice(-versions('firm', g.id, 'boss').length))
  whole(here)
  assert.deepEqual(here(`SELECT count(*) FROM ostov.version_row v JOIN ostov.object o ON o.id = v.section_id WHERE o.path IN ('deal', 'line') AND valid_till IS NULL AND record_id IN (${d.id}, ${a})`), [['0']])
  const p = ok(await ann.post('/api/plain', { name: 'x' }))
  assert.deepEqual(here(`SELECT count(*) FROM ostov.version_row v JOIN ostov.object o ON o.id = v.section_id WHERE o.path = 'plain' AND record_id = ${p.id}`), [['0']])
})

test('many at once: the versions of a parent follow its rollups without a gap', { skip }, async () => {
  const f = ok(await ann.post('/api/firm', { name: 'Busy' })), d = ok(await ann.post('/api/deal', { firm_id: f.id }))
  // as many at once as there are connections to write with, so that none is refused for want of one
  await Promise.all(Array.from({ length: 5 }, async (_, n) => {
    for (let i = 0; i < 8; i++) ok(await ann.post('/api/line', { deal_id: d.id, amount: 1 + ((n + i) % 3) }))
  }))
  const paid = versions('deal', d.id, 'paid')
  assert.deepEqual(paid, [...new Set(paid)].sort((x, y) => x - y), 'each sum once, growing')
  assert.equal(paid.length, 41)
  assert.equal(versions('firm', f.id, 'turnover').at(-1), paid.at(-1))
  whole(here)
  // a clock that goes back neither turns a version round nor overlaps
  here(`UPDATE ostov.version_row SET valid_from = now() + interval '1 hour' WHERE record_id = ${f.id} AND valid_till IS NULL AND section_id = (SELECT id FROM ostov.object WHERE path = 'firm');
    UPDATE ostov.version_row v SET valid_till = now() + interval '1 hour' WHERE record_id = ${f.id} AND section_id = (SELECT id FROM ostov.object WHERE path = 'firm')
      AND valid_from = (SELECT max(valid_from) FROM ostov.version_row x WHERE x.record_id = v.record_id AND x.section_id = v.section_id AND x.valid_till IS NOT NULL)`)
  ok(await ann.patch(`/api/firm(${f.id})`, { open: false }), 200)
  const order = here(`SELECT valid_till - valid_from FROM ostov.version_row WHERE record_id = ${f.id} AND section_id = (SELECT id FROM ostov.object WHERE path = 'firm') ORDER BY valid_from DESC LIMIT 2`)
  assert.deepEqual(order.map((r) => r[0]), ['', '00:00:00.000001'])
  here(`DELETE FROM ostov.version_row WHERE record_id = ${f.id} AND section_id = (SELECT id FROM ostov.object WHERE path = 'firm')`)
  ok(await ann.delete(`/api/deal(${d.id})`), 204)
  ok(await ann.delete(`/api/firm(${f.id})`), 204)
})

test('an import keeps its rows, and the parents of its lines once', { skip }, async () => {
  const file = path.join(scratch, 'firms.csv')
  fs.writeFileSync(file, 'name,rate\n' + Array.from({ length: 500 }, (_, i) => `Firm ${i},${i}.25`).join('\n'))
  const bring = () => spawnSync(program, ['import', file, '--section', 'firm', '--key', 'name', '--user', 'ann', '--json', '--quiet', '--database', databaseUrl(app.database)], { encoding: 'utf8' })
  assert.equal(JSON.parse(bring().stdout).created, 500)
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replaceAll('.25', '.5'))
  const again = JSON.parse(bring().stdout)
  assert.deepEqual([again.updated, again.rejected], [500, 0])
  assert.deepEqual(here(`SELECT count(*), count(*) FILTER (WHERE valid_till IS NULL) FROM ostov.version_row v JOIN app.firm f ON f.id = record_id AND f.name ~ '^Firm \\d' WHERE section_id = (SELECT id FROM ostov.object WHERE path = 'firm')`), [['1000', '500']])
  whole(here)
})

test('kill -9 of all workers under load leaves every row with its version', { skip }, async () => {
  const f = ok(await ann.post('/api/firm', { name: 'Killed' }))
  let stop = false, done = 0
  const writer = async (n) => {
    for (let i = 0; !stop; i++) {
      try {
        const d = await ann.post('/api/deal', { firm_id: f.id, note: `${n}`, 'lines@delta': [{ amount: 1 }, { amount: 2 }] })
        if (d.status === 201 && i % 2) await ann.patch(`/api/deal(${d.json.id})`, { note: 'hook' })
        if (d.status === 201 && i % 3 === 0) await ann.delete(`/api/deal(${d.json.id})`)
        done += d.status === 201
      } catch {
        await sleep(30)
      }
    }
  }
  const all = Array.from({ length: 6 }, (_, n) => writer(n))
  for (let k = 0; k < 15; k++) {
    const before = done
    await until('somebody writes', () => done > before)
    await sleep(50 + Math.random() * 350)
    app.killWorkers()
  }
  stop = true
  await Promise.all(all)
  await until('nobody writes any more', () => here(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()`).length === 0)
  console.log(`# ${done} deals acknowledged between 15 kills`)
  assert.ok(done > 5)
  whole(here)
})

// ---- the option itself ----

const off = configuration('versions-off', sections(''), hooks)
const on = configuration('versions-on', sections('history = true,'), hooks)
const renamed = configuration('versions-renamed', sections('history = true,').replace('value "good" {}', 'value "fine" { was = "good" }').replace('decimal "rate" { scale = 4 }', 'text "rate" {}'), hooks)
const renamedAgain = configuration('versions-again', sections('history = true,').replace('value "good" {}', 'value "fine" { was = "good" }').replace('decimal "rate" { scale = 4 }', 'text "rate" {}, text "more" {}'), hooks)
const lineless = sections('history = true,').replace(/section "line" .*\n/, '').replace(/detail "lines" .*\n/, '').replace(/detail "deals" .*\n/, 'detail "deals" { section = "deal", by = "firm" } }\n')
const without = configuration('versions-without', lineless, hooks)
const withoutAgain = configuration('versions-without-again', lineless.replace('label = "Plain"', 'label = "Plainer"'), hooks)
let serial = 0
function database() {
  const name = `versions_${process.pid}_${++serial}`
  sql('postgres', `CREATE DATABASE ${name} TEMPLATE template0`)
  return { name, run: (text) => sql(name, text), drop: () => sql('postgres', `DROP DATABASE ${name} WITH (FORCE)`) }
}
const apply = (db, dir, env = {}, args = []) => spawnSync(program, ['apply', '--quiet', '--database', databaseUrl(db.name), ...args, dir], { encoding: 'utf8', env: { ...process.env, ...env } })
const applied = (db, dir, ...args) => {
  const r = apply(db, dir, {}, args)
  assert.equal(r.status, 0, r.stdout + r.stderr)
}
const rows = (db) => db.run(`INSERT INTO app.firm (name, open, kind, rate, created_at, changed_at) SELECT 'f' || i, i % 2 = 0, CASE WHEN i % 3 = 0 THEN 'good' ELSE 'bad' END, i / 8.0, now(), now() FROM generate_series(1, 1200) i;
  INSERT INTO app.firm__friends (record, target, position) SELECT i, 1 + (i * k) % 1200, k FROM generate_series(1, 1200, 5) i, generate_series(1, 2) k ON CONFLICT DO NOTHING;
  INSERT INTO app.deal (firm, note, stage, paid, created_at, changed_at) SELECT i, 'n', 'draft', 0, now(), now() FROM generate_series(1, 300) i;
  INSERT INTO app.line (deal, amount, created_at, changed_at) SELECT i, i, now(), now() FROM generate_series(1, 300) i`)
const open = (db) => Number(db.run(`SELECT count(*) FROM ostov.version_row v JOIN ostov.object o ON o.id = v.section_id AND o.path IN ('firm', 'deal', 'line') WHERE valid_till IS NULL`)[0][0])

test('apply: switched on every row has its version, values in a new form get another, switched off they end, and on again they begin', { skip }, () => {
  const db = database()
  applied(db, off)
  rows(db)
  assert.equal(open(db), 0)
  applied(db, on)
  assert.equal(open(db), 1800)
  whole(db.run)
  assert.match(apply(db, on, {}, []).stderr + '', /^$/)
  applied(db, renamed)
  whole(db.run)
  const kinds = db.run(`SELECT v."row" ->> (SELECT id::text FROM ostov.object WHERE path = 'firm.kind' AND dropped_at IS NULL) FROM ostov.version_row v JOIN app.firm f ON f.id = v.record_id AND f.name = 'f3'
    WHERE section_id = (SELECT id FROM ostov.object WHERE path = 'firm' AND kind = 'section') ORDER BY valid_from`).map((r) => r[0])
  assert.deepEqual(kinds, ['good', 'fine'])
  applied(db, configuration('versions-back', sections('').replace('value "good" {}', 'value "fine" {}').replace('decimal "rate" { scale = 4 }', 'text "rate" {}'), hooks))
  assert.equal(open(db), 0)
  assert.deepEqual(db.run(`SELECT count(*) FROM ostov.version_row v JOIN ostov.generation g ON g.current WHERE valid_till > g.applied_at`), [['0']], 'they end with the switch')
  applied(db, renamed)
  assert.equal(open(db), 1800)
  // roles are written by the switch itself
  assert.deepEqual(['role', 'user'].map((one) => broken(db.run, one)), [[], []])
  db.drop()
})

test('apply: cut off by kill -9 anywhere and run again, the versions are whole', { skip }, () => {
  const made = database()
  applied(made, off)
  rows(made)
  const step = Number(process.env.VERSION_KILLS ?? 29)
  const copy = () => {
    const name = `versions_${process.pid}_${++serial}`
    sql('postgres', `CREATE DATABASE ${name} TEMPLATE ${made.name}`)
    return { name, run: (text) => sql(name, text), drop: () => sql('postgres', `DROP DATABASE ${name} WITH (FORCE)`) }
  }
  let n = 1, killed = 0
  for (; ; n += step) {
    const db = copy()
    const cut = apply(db, on, { OSTOV_FAULT: `apply.statement=kill:${n}` })
    if (cut.signal !== 'SIGKILL') {
      db.drop()
      break
    }
    killed++
    // what is written by those who run the generation before
    if (db.run('SELECT count(*) FROM ostov.generation')[0][0] === '1')
      db.run(`UPDATE app.firm SET open = NOT open, row_version = row_version + 1, changed_at = clock_timestamp() WHERE id % 100 = 0; DELETE FROM app.line WHERE id = 7; UPDATE app.deal SET paid = 3 WHERE id = 9`)
    applied(db, on)
    whole(db.run)
    db.drop()
  }
  assert.ok(killed >= 2, `${killed} kills`)
  // and switched off
  applied(made, on)
  let switched = false
  for (n = 1; ; n += switched ? 1 : 8) {
    const db = copy()
    const cut = apply(db, off, { OSTOV_FAULT: `apply.statement=kill:${n}` })
    if (cut.signal !== 'SIGKILL') {
      db.drop()
      break
    }
    switched ||= db.run('SELECT count(*) FROM ostov.generation')[0][0] === '3'
    applied(db, off)
    assert.equal(open(db), 0)
    assert.deepEqual(db.run("SELECT action FROM ostov.apply_step WHERE state = 'open'"), [], `${n}`)
    db.drop()
  }
  assert.ok(switched, 'died behind the switch')
  made.drop()
})

test('apply: cut off while it converts values, the versions are those of the new form all the same once it is run again', { skip }, () => {
  const made = database()
  applied(made, off)
  rows(made)
  applied(made, on)
  whole(made.run)
  const of_now = "SELECT count(*) FROM ostov.generation"
  const [[before_]] = made.run(of_now)
  let after_switch = 0, n = 1
  for (const step = Number(process.env.VERSION_KILLS ?? 3); ; n += step) {
    const db = { name: `versions_${process.pid}_${++serial}` }
    sql('postgres', `CREATE DATABASE ${db.name} TEMPLATE ${made.name}`)
    db.run = (text) => sql(db.name, text)
    const cut = apply(db, renamed, { OSTOV_FAULT: `apply.statement=kill:${n}` })
    const killed = cut.signal === 'SIGKILL', switched = db.run(of_now)[0][0] !== before_
    if (killed && switched) {
      after_switch++
      // the same again, or another configuration meanwhile
      if (after_switch % 2) applied(db, renamed)
      else applied(db, renamedAgain)
      whole(db.run)
      assert.deepEqual(db.run("SELECT action FROM ostov.apply_step WHERE state = 'open'"), [])
      assert.match(spawnSync(program, ['plan', '--database', databaseUrl(db.name), after_switch % 2 ? renamed : renamedAgain], { encoding: 'utf8' }).stdout, /^nothing to do/)
    }
    sql('postgres', `DROP DATABASE ${db.name} WITH (FORCE)`)
    if (!killed) break
    if (!switched) n += 6
  }
  assert.ok(after_switch >= 3, `${after_switch} kills after the switch, ${n} statements`)
  made.drop()
})

test('apply: the versions of a section that is dropped end with the switch, whatever apply dies', { skip }, () => {
  const db = database()
  applied(db, off)
  rows(db)
  applied(db, on)
  assert.equal(open(db), 1800)
  const [[lines]] = db.run("SELECT id FROM ostov.object WHERE path = 'line' AND kind = 'section' AND dropped_at IS NULL")
  const losses = ['line', 'deal.paid', 'firm.turnover', 'firm.most'].flatMap((name) => ['--allow-loss', name])
  const state = () => db.run(`SELECT count(*) FILTER (WHERE valid_till IS NULL), count(DISTINCT valid_till) FILTER (WHERE valid_till = (SELECT max(valid_till) FROM ostov.version_row WHERE section_id = ${lines})),
    count(*) FILTER (WHERE valid_till = (SELECT max(valid_till) FROM ostov.version_row WHERE section_id = ${lines})) FROM ostov.version_row WHERE section_id = ${lines}`)[0]
  let killed = 0
  const generations = () => Number(db.run('SELECT max(id) FROM ostov.generation')[0][0])
  const first = generations()
  for (let n = 24; generations() === first; n += 2) {
    const cut = apply(db, without, { OSTOV_FAULT: `apply.statement=kill:${n}` }, losses)
    killed += cut.signal === 'SIGKILL' && generations() !== first
    assert.ok(n < 300)
  }
  assert.equal(killed, 1, 'died behind the switch')
  assert.equal(state()[0], '300')
  const [[moment]] = db.run('SELECT applied_at FROM ostov.generation WHERE current')
  // an apply of another configuration ends them at the switch that dropped the section
  applied(db, withoutAgain, ...losses)
  assert.equal(state()[0], '0')
  assert.equal(state()[2], '300')
  assert.equal(db.run(`SELECT max(valid_till) < '${moment}'::timestamptz + interval '1 second' FROM ostov.version_row WHERE section_id = ${lines}`)[0][0], 't')
  assert.match(spawnSync(program, ['plan', '--database', databaseUrl(db.name), withoutAgain], { encoding: 'utf8' }).stdout, /^nothing to do/)
  db.drop()
})

test('apply: first versions that an apply made and that nobody kept are not taken for what was', { skip }, () => {
  const db = database()
  applied(db, off)
  rows(db)
  for (let n = 12; open(db) === 0 || db.run('SELECT count(*) FROM ostov.generation')[0][0] !== '1'; n++) {
    assert.equal(apply(db, on, { OSTOV_FAULT: `apply.statement=kill:${n}` }).signal, 'SIGKILL')
    assert.ok(n < 200)
  }
  const some = open(db)
  assert.ok(some > 0)
  db.run('UPDATE app.firm SET open = NOT open, row_version = row_version + 1; DELETE FROM app.line WHERE id = 7')
  applied(db, on)
  whole(db.run)
  assert.equal(open(db), 1799)
  // each of a record has one, which begins when this apply kept it: none says what was before
  assert.deepEqual(db.run(`SELECT count(*) FROM ostov.version_row v JOIN ostov.object o ON o.id = v.section_id AND o.path IN ('firm', 'deal', 'line') WHERE valid_till IS NOT NULL`), [['0']])
  db.drop()
})

test('apply beside writers: no row without its version, none that is not the row', { skip }, async (t) => {
  const server = await startServer({ config: off, sample: false })
  t.after(() => server.stop())
  person((text) => server.sql(text))
  const who = new Client(server.url, { Authorization: `Bearer ${token}`, 'If-Match': '*' })
  const db = { name: server.database, run: (text) => server.sql(text) }
  rows(db)
  let stop = false, done = 0
  const refusals = []
  const all = Array.from({ length: 5 }, async (_, n) => {
    for (let i = 0; !stop; i++) {
      const d = await who.post('/api/deal', { firm_id: 1 + n, 'lines@delta': [{ amount: 1 }] }).catch(() => null)
      if (!d) continue
      if (d.status !== 201) {
        if (d.status !== 503) refusals.push(d.text)
        await sleep(20)
        continue
      }
      done++
      await who.patch(`/api/firm(${1 + ((n * 37 + i) % 1000)})`, { open: i % 2 === 0 })
      if (i % 4 === 0) await who.delete(`/api/deal(${d.json.id})`)
    }
  })
  await until('they write', () => done > 10)
  const child = spawn(program, ['apply', '--quiet', '--database', databaseUrl(db.name), on], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', (text) => (said += text))
  const code = await new Promise((resolve) => child.on('close', resolve))
  const then = done
  assert.equal(code, 0, said)
  await until('they go on', () => done > then + 20)
  stop = true
  await Promise.all(all)
  assert.deepEqual(refusals, [])
  whole(db.run)
  assert.ok(Number(db.run('SELECT count(*) FROM ostov.version_row WHERE valid_till IS NOT NULL')[0][0]) > 0)
})
