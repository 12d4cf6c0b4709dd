// Orders through lookups: by values that each may see, page by page as in one, the index that serves them. SAFETY 19, 20. time-limit: 600
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { Client, hasDatabase, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const log = path.join(scratch, 'order.statements')
let app
const people = {}

// ann sees every place and its name; bob the places that he keeps; cid every place, but names only of those that he keeps; dan sees no places and sees the lookup on his own things alone
const sections = `
section "land" { label = "Land", plural = "Lands", title = "{name}", text "name" {} }
section "place" { label = "Place", plural = "Places", title = "{name}", text "name" {}, integer "size" {}, lookup "keeper" { to = "user" }, lookup "land" { to = "land" } }
section "thing" { label = "Thing", plural = "Things", title = "{code}", text "code" {}, integer "rank" {}, lookup "place" { to = "place" }, lookup "owner" { to = "user" },
  list "all" { label = "All", columns = { "code", "place" }, sort = { "-place.size" } } }
section "crate" { label = "Crate", plural = "Crates", title = "{code}", text "code" {}, integer "count" {}, money "price" {},
  formula "total" { label = "Total", type = "money", index = true, "count * price" }, formula "tag" { label = "Tag", type = "text", index = true, "lower(code) .. '/' .. count" },
  formula "size" { label = "Size", type = "text", "iif(count > 20, 'large', 'small')" },
  list "sizes" { label = "Sizes", columns = { "code" }, sort = { "size", "-total" } } }
role "ann" { label = "Ann" }
role "bob" { label = "Bob" }
role "cid" { label = "Cid" }
role "dan" { label = "Dan" }
allow "ann" { on = { "thing", "place", "land", "crate" }, read = true }
allow "ann" { on = "place", create = true }
allow "bob" { on = { "thing", "land" }, read = true }
allow "bob" { on = "place", read = "keeper == me" }
allow "cid" { on = { "thing", "land" }, read = true }
allow "cid" { on = "place", read = true, fields = { "size", "land" } }
allow "cid" { on = "place", read = "keeper == me", fields = { "name" } }
allow "dan" { on = "thing", read = true, fields = { "code" } }
allow "dan" { on = "thing", read = "owner == me", fields = { "place" } }
allow "dan" { on = "place", read = "size > 3" }
`
const token = (n) => 'ost_' + createHash('sha256').update(`order ${n}`).digest('hex').slice(0, 43)

before(async () => {
  if (skip) return
  const dir = path.join(scratch, 'order')
  fs.mkdirSync(path.join(dir, 'sections'), { recursive: true })
  fs.writeFileSync(path.join(dir, 'module.lua'), 'module "order" { label = "Order", version = "1.0.0", core = "1", language = "ru" }\n')
  fs.writeFileSync(path.join(dir, 'sections/all.lua'), sections)
  app = await startServer({ config: dir, sample: false, args: ['--log-statements', log] })
  for (const login of ['ann', 'bob', 'cid', 'dan']) {
    app.sql(`INSERT INTO app."user" (login, name, active, language, created_at, changed_at) VALUES ('${login}', '${login}', true, 'en', now(), now());
      INSERT INTO app.user__roles (record, target) SELECT u.id, r.id FROM app."user" u, app.role r WHERE u.login = '${login}' AND r.code = '${login}';
      INSERT INTO ostov.token (hash, user_id, name, created_at, expires_at) SELECT sha256('${token(login)}'), id, 't', now(), now() + interval '1 day' FROM app."user" WHERE login = '${login}'`)
    people[login] = new Client(app.url, { Authorization: `Bearer ${token(login)}` })
  }
  const user = (login) => `(SELECT id FROM app."user" WHERE login = '${login}')`
  // names that repeat, differ in case and are missing; keepers of all kinds; things without a place
  app.sql(`INSERT INTO app.land (name, created_at, changed_at) SELECT CASE WHEN g = 3 THEN NULL ELSE 'Land ' || g END, now(), now() FROM generate_series(1, 5) g;
    INSERT INTO app.place (name, size, keeper, land, created_at, changed_at)
      SELECT CASE WHEN g % 9 = 0 THEN NULL ELSE (ARRAY['Ёлка', 'ель', 'Ель', 'Яр', 'ящик', 'Abc', 'abd'])[1 + g % 7] END, NULLIF(g % 6, 5),
        CASE g % 4 WHEN 0 THEN ${user('bob')} WHEN 1 THEN ${user('cid')} END, NULLIF(g % 6, 0), now() - g * interval '1 day', now() FROM generate_series(1, 40) g;
    INSERT INTO app.thing (code, rank, place, owner, created_at, changed_at)
      SELECT 'T' || lpad(g::text, 4, '0'), g % 3, CASE WHEN g % 5 = 0 THEN NULL ELSE 1 + (g * 7) % 40 END, CASE WHEN g % 2 = 1 THEN ${user('dan')} END, now(), now()
      FROM generate_series(1, 230) g;`)
})
after(() => app?.stop())

const q = (o) => '?' + Object.entries(o).map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join('&')
const get = async (who, target, headers) => {
  const r = await people[who].get(target, headers)
  assert.equal(r.status, 200, r.text)
  return r.json
}
// What each may see of the place's columns, as SQL of its own
const me = (who) => `(SELECT id FROM app."user" WHERE login = '${who}')`
const sees = {
  ann: { thing: 'true', place: 'true', name: 'true' },
  bob: { thing: 'true', place: `p.keeper = ${me('bob')}`, name: 'true' },
  cid: { thing: 'true', place: 'true', name: `p.keeper = ${me('cid')}` },
  dan: { thing: `t.owner = ${me('dan')}`, place: 'p.size > 3', name: 'true' }
}
const orders = {
  place: ['name', false],
  'place desc': ['name', true],
  'place/name': ['name', false],
  'place/name desc': ['name', true],
  'place/size': ['size', false],
  'place/size desc': ['size', true],
  'place/created_at': ['created_at', false],
  'place/land/name desc': ['land', true],
  // the key the other way
  'place desc,id': ['name', true, false],
  'place/size,id desc': ['size', false, true],
  'rank desc,id': ['rank', true, false],
  'rank,id desc': ['rank', false, true],
  'created_at,id desc': ['made', false, true]
}
const expected = (who, [column, desc, back = desc]) => {
  const s = sees[who]
  const value = { name: `CASE WHEN ${s.name} THEN p.name END COLLATE "und-x-icu"`, land: 'l.name COLLATE "und-x-icu"', rank: who === 'dan' ? 'NULL::int' : 't.rank', made: 't.created_at' }[column] ?? `p.${column}`
  return app.sql(`SELECT t.code, ${value} IS NULL FROM app.thing t LEFT JOIN app.place p ON p.id = t.place AND (${s.thing}) AND (${s.place}) LEFT JOIN app.land l ON l.id = p.land
    ORDER BY ${value} ${desc ? 'DESC' : 'ASC'} NULLS LAST, t.id ${back ? 'DESC' : 'ASC'}`)
}

test('rows with a value, then those that show none; pages, offsets and exports give what one answer gives', { skip }, async () => {
  let checked = 0
  for (const who of Object.keys(sees))
    for (const [order, how] of Object.entries(orders)) {
      if (who === 'dan' && ['land', 'rank'].includes(how[0])) continue // which dan sees nothing of
      const at = `${who} ${order}`
      const want = expected(who, how).map(([code]) => code)
      assert.equal(want.length, 230)
      const ask = (o) => '/api/thing' + q({ $select: 'code', $orderby: order, ...o })
      const codes = (r) => r.value.map((v) => v.code)
      assert.deepEqual(codes(await get(who, ask({ $top: 1000 }))), want, at)
      assert.deepEqual(codes(await get(who, ask({ $top: 1000, $expand: 'place($select=size)' }), { Prefer: 'ostov.titles' })), want, `${at}: with titles`)
      const skipped = []
      for (let from = 0; from < want.length; from += 60) skipped.push(...codes(await get(who, ask({ $top: 60, $skip: from }))))
      assert.deepEqual(skipped, want, `${at}: by offset`)
      for (const size of [1 + (++checked % 3) * 7, 97]) {
        const seen = []
        let pages = 0
        for (let target = ask(); target; ) {
          const r = await get(who, target, { Prefer: `odata.maxpagesize=${size}` })
          assert.ok(r.value.length <= size)
          if (!pages++) assert.equal(r.value.length, size, `${at}: the first page is full`)
          seen.push(...codes(r))
          target = r['@odata.nextLink']?.slice(app.url.length)
          assert.ok(pages < 240)
        }
        assert.deepEqual(seen, want, `${at}: pages of ${size}`)
      }
      const file = await people[who].get('/ui/export/thing.csv' + q({ columns: 'code', $orderby: order }))
      assert.deepEqual(file.text.match(/T\d{4}/g), want, `${at}: export`)
    }
  assert.equal(checked, 49)
})

test('a page that ends where the values end goes on with the rows that show none, and ends where they do', { skip }, async () => {
  for (const who of ['ann', 'bob', 'dan']) {
    const rows = expected(who, orders['place/name desc'])
    const filled = rows.filter(([, empty]) => empty === 'f').length
    assert.ok(filled > 1 && filled < rows.length, who)
    for (const size of [filled - 1, filled, filled + 1, rows.length - 1, rows.length, rows.length + 1]) {
      const seen = []
      for (let target = '/api/thing' + q({ $select: 'code', $orderby: 'place/name desc' }), pages = 0; target; ) {
        const r = await get(who, target, { Prefer: `odata.maxpagesize=${size}` })
        if (!pages++) assert.equal(r.value.length, Math.min(size, rows.length))
        assert.equal(pages === 1 && '@odata.nextLink' in r, pages === 1 && size < rows.length, `${who} ${size}`)
        seen.push(...r.value.map((v) => v.code))
        target = r['@odata.nextLink']?.slice(app.url.length)
        assert.ok(pages < 300)
      }
      assert.deepEqual(seen, rows.map(([code]) => code), `${who}: pages of ${size}`)
    }
  }
})

test('SAFETY 19, 20: a name that is not seen does not order: whatever it is, the answer is the same', { skip }, async () => {
  const answers = async () => {
    const all = []
    for (const order of ['place', 'place/name desc', 'place/name,code desc'])
      for (const who of ['bob', 'cid', 'dan']) all.push(await get(who, '/api/thing' + q({ $select: 'code', $orderby: order, $top: 1000 })))
    return all
  }
  const before_ = await answers()
  // of places that none of the three sees the name of
  const hidden = `size IS DISTINCT FROM 4 AND coalesce(keeper, 0) NOT IN (${me('bob')}, ${me('cid')})`
  const [[n]] = app.sql(`SELECT count(*) FROM app.thing t JOIN app.place p ON p.id = t.place WHERE ${hidden}`)
  assert.ok(Number(n) > 20)
  app.sql(`CREATE TABLE kept AS SELECT id, name FROM app.place; UPDATE app.place SET name = CASE WHEN id % 2 = 0 THEN 'AAA' || id ELSE NULL END WHERE ${hidden}`)
  assert.deepEqual(await answers(), before_)
  app.sql('UPDATE app.place p SET name = k.name FROM kept k WHERE k.id = p.id; DROP TABLE kept')
})

test('an order by the same request of other users is theirs, by the plan that was kept', { skip }, async () => {
  const ask = '/api/thing' + q({ $select: 'code', $orderby: 'place/name' }) + '&$filter=rank%20lt%20'
  for (const rank of [3, 1, 3, 2])
    for (const who of ['ann', 'bob', 'cid', 'dan', 'ann']) {
      const [codes] = [expected(who, orders.place).map(([code]) => code)]
      const want = codes.filter((code) => Number(code.slice(1)) % 3 < rank)
      if (who === 'dan') continue // who may not filter by the rank
      assert.deepEqual((await get(who, ask + rank, { Prefer: 'odata.maxpagesize=1000' })).value.map((v) => v.code), want, `${who} ${rank}`)
    }
})

test('the target has the index that such orders read: of the declared path, and of the name of a lookup that stands in a list', { skip }, async () => {
  const defs = app.sql("SELECT indexdef FROM pg_indexes WHERE schemaname = 'app' AND tablename = 'place'").map(([def]) => def)
  assert.equal(defs.filter((def) => def.endsWith('USING btree ("left"(name, 600) COLLATE "und-x-icu", id)')).length, 1, defs.join('\n'))
  assert.equal(defs.filter((def) => def.endsWith('USING btree (size, id)')).length, 1, defs.join('\n'))
  assert.ok(!app.sql("SELECT indexdef FROM pg_indexes WHERE schemaname = 'app' AND tablename = 'land'").some(([def]) => def.includes('btree ("left"(name')), 'nothing is ordered by it')
  assert.deepEqual((await get('ann', '/api/thing' + q({ $select: 'code', '$ostov.list': 'all', $top: 1000 }))).value.map((v) => v.code), expected('ann', orders['place/size desc']).map(([code]) => code))
})

test('a name of any length orders by what its index holds of it, and pages go through names that are the same up to there', { skip }, async () => {
  const long = Array.from({ length: 62 }, (_, i) => createHash('sha256').update(`${i}`).digest('hex')).join('')
  const made = []
  for (const name of [long, long.slice(0, 900) + 'Z', long.slice(0, 900) + 'A', 'Я' + 'ж'.repeat(3999)]) {
    const r = await people.ann.post('/api/place', { name })
    assert.equal(r.status, 201, r.text)
    made.push(r.json.id)
  }
  app.sql(`INSERT INTO app.thing (code, place, created_at, changed_at) SELECT 'L' || p, p, now(), now() FROM unnest('{${made}}'::bigint[]) p`)
  const seen = []
  for (let target = '/api/thing' + q({ $select: 'code', $orderby: 'place', $filter: "startswith(code,'L')" }), pages = 0; target; ) {
    const r = await get('ann', target, { Prefer: 'odata.maxpagesize=1' })
    seen.push(...r.value.map((v) => v.code))
    target = r['@odata.nextLink']?.slice(app.url.length)
    assert.ok(++pages < 10)
  }
  assert.deepEqual(seen, made.map((id) => `L${id}`))
  app.sql(`DELETE FROM app.thing WHERE code LIKE 'L%'`)
})

test('such an order is read from the index, where there are more rows than these', { skip }, async () => {
  const explained = app.sql(`SET enable_seqscan = off; SET enable_sort = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    EXPLAIN SELECT t1.id FROM app.thing t1 JOIN app.place AS t2 ON t2.id = t1.place WHERE left(t2.name, 600) IS NOT NULL
      ORDER BY left(t2.name, 600) COLLATE "und-x-icu" DESC, t1.id DESC LIMIT 50`).map((r) => r.join('|')).join('\n')
  assert.match(explained, /Presorted Key: .*left/)
  assert.match(explained, /Index Scan Backward using place_name_\w+_ix on place/)
  assert.match(explained, /Index Cond: \("left"\(name, 600\) IS NOT NULL\)/)
})

test('an order or a filter by a formula over the own fields is read from its index, by the very statements that the server sends', { skip }, async () => {
  app.sql(`INSERT INTO app.crate (code, count, price, created_at, changed_at) SELECT 'C' || g, NULLIF(g % 40, 7), NULLIF(g % 101, 9) * 1.5, now(), now() FROM generate_series(1, 4000) g; ANALYZE app.crate`)
  const asked = [
    [{ $orderby: 'total desc', $filter: 'total gt 5000' }, 'ostov.fit(count * price, 2) > 5000', 'ostov.fit(count * price, 2) DESC NULLS LAST, id DESC', /Index Scan (?:using|on) crate_total_\w+_ix/],
    [{ $filter: "tag eq 'c33/33'" }, "lower(code) || '/' || count = 'c33/33'", 'id DESC', /Index Scan (?:using|on) crate_tag_\w+_ix/],
    [{ '$ostov.list': 'sizes' }, 'true', "CASE WHEN count > 20 THEN 'large' ELSE 'small' END, ostov.fit(count * price, 2) DESC NULLS LAST, id DESC", null]
  ]
  for (const [options, where, order, by] of asked) {
    const before = fs.readFileSync(log, 'utf8').length
    const r = await get('ann', '/api/crate' + q({ $select: 'code', $top: 20, ...options }))
    assert.deepEqual(r.value.map((v) => v.code), app.sql(`SELECT code FROM app.crate WHERE ${where} ORDER BY ${order} LIMIT 20`).map(([code]) => code))
    const sent = fs.readFileSync(log, 'utf8').slice(before).trim().split('\n').map((line) => JSON.parse(line)).flatMap((unit) => unit.statements).find((s) => s.sql.includes('"crate"'))
    if (!by) continue
    const values = sent.params.map((p) => `'${p.value.replaceAll("'", "''")}'`).join(', ')
    const explained = app.sql(`SET enable_seqscan = off; PREPARE x AS ${sent.sql}; EXPLAIN EXECUTE x(${values})`).map((row) => row.join('|')).join('\n')
    assert.match(explained, by)
    assert.match(explained, /Index Cond/)
  }
})
