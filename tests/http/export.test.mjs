// `ostov export`: what comes out comes back unchanged, in whose eyes, in which language; cells that a spreadsheet would run (SAFETY 21, 59). time-limit: 600
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { databaseUrl, hasDatabase, program, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const password = 'a long password 1'
let app, writer

const sections = `
section "maker" { label = "Maker", plural = "Makers", title = "{name}", text "code" { unique = true }, text "name" { required = true } }
section "part" { label = "Part", plural = "Parts", title = "{code}",
  text "code" { label = "Code", unique = true, required = true }, text "words" { label = "Words" }, text "story" { label = "Story", long = true },
  integer "count" { label = "Count" }, decimal "weight" { label = "Weight", scale = 3 }, money "price" { label = "Price" }, percent "share" { label = "Share" },
  boolean "sold" { label = "Sold" }, date "made_on" { label = "Made" }, datetime "seen_at" { label = "Seen" }, duration "took" { label = "Took" },
  choice "kind" { label = "Kind", value "screw" { label = "Screw" }, value "nut" { label = "Nut" } },
  lookup "maker" { label = "Maker", to = "maker" }, email "mail" { label = "Mail" }, phone "phone" { label = "Phone" },
  text "secret" { label = "Secret" }, formula "twice" { label = "Twice", type = "integer", "count * 2" },
  list "dear" { label = "Dear ones", columns = { "code", "price" }, where = "price > 100", sort = { "-price" } },
}
section "depot" { label = "Depot", plural = "Depots", title = "{number} — {name}", autonumber "number" { pattern = "D{seq:3}" }, text "name" {}, boolean "closed" { default = false } }
section "crate" { label = "Crate", plural = "Crates", title = "{code}",
  text "code" { label = "Code", unique = true, required = true }, lookup "depot" { label = "Depot", to = "depot" }, lookup "maker" { label = "Maker", to = "maker" },
  datetime "at" { label = "At" }, text "first" { label = "Mark" }, text "second" { label = "Mark" }, text "story" { label = "Story", long = true },
  decimal "weight" { label = "Weight", scale = 3 }, choice "colour" { label = "Colour", value "sky" { label = "Blue" }, value "sea" { label = "Blue" } },
  text "depot_name" { label = "Depot name" },
  list "bare" { columns = { "code", "weight" } }, list "turned" { columns = { "second", "first", "depot.name", "code" } },
}
role "writer" { label = "Writer" }
role "half" { label = "Half" }
allow "half" { on = "crate", read = true, update = true }
allow "half" { on = "depot", read = "not closed" }
allow "writer" { on = { "depot", "crate" }, create = true, read = true, update = true }
role "reader" { label = "Reader" }
allow "writer" { on = { "maker", "part" }, create = true, read = true, update = true }
allow "reader" { on = "maker", read = true }
allow "reader" { on = "part", read = "kind == 'nut'", fields = { "code", "words", "count", "price", "kind", "maker" } }
`
const russian = { 'part.code': 'Артикул', 'part.price': 'Цена', 'part.kind': 'Вид', 'part.kind.nut': 'Гайка', 'part.maker': 'Изготовитель' }
/** A catalogue with a Russian text for every label that the check misses one of. */
function catalogue(dir) {
  const missing = JSON.parse(spawnSync(program, ['check', '--json', dir], { encoding: 'utf8' }).stdout).map((e) => e.hint?.match(/msgctxt "(.*)" msgid "(.*)"$/)).filter(Boolean)
  return ['msgid ""\nmsgstr ""\n"Language: ru\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n', ...missing.map(([, context, id]) => `msgctxt "${context}"\nmsgid "${id}"\nmsgstr "${russian[context] ?? `«${id}»`}"\n`)].join('\n')
}

const ostov = (...args) => spawnSync(program, [...args, '--database', databaseUrl(app.database)], { encoding: 'utf8' })
const exported = (...args) => {
  const r = ostov('export', ...args)
  assert.equal(r.status, 0, r.stderr)
  return r.stdout
}
const imported = (file, ...args) => JSON.parse(ostov('import', file, '--section', 'part', '--key', 'code', '--json', ...args).stdout)
/** Lines of cells of a CSV as RFC 4180 has it. */
function cells(text) {
  const rows = [[]]
  let cell = ''
  for (let i = text.startsWith('\ufeff') ? 1 : 0; i < text.length; i++) {
    if (text[i] === '"') {
      for (i++; i < text.length; i++) {
        if (text[i] === '"' && text[i + 1] !== '"') break
        if (text[i] === '"') i++
        cell += text[i]
      }
    } else if (text[i] === ',' || text[i] === '\n') {
      rows.at(-1).push(cell)
      cell = ''
      if (text[i] === '\n') rows.push([])
    } else if (text[i] !== '\r') cell += text[i]
  }
  rows.pop()
  return rows
}

const hostile = ['=1+1', '+cmd|calc', '-2', '@SUM(A1)', "'=quoted", "''-twice", "'plain", 'a;b,c"d', 'ордер № 5']

before(async () => {
  if (skip) return
  const dir = path.join(scratch, 'exporting')
  fs.mkdirSync(path.join(dir, 'sections'), { recursive: true })
  fs.mkdirSync(path.join(dir, 'po'))
  fs.writeFileSync(path.join(dir, 'module.lua'), 'module "exporting" { label = "Exporting", version = "1.0.0", core = "1", language = "en", zone = "Europe/Berlin" }\n')
  fs.writeFileSync(path.join(dir, 'sections/all.lua'), sections)
  fs.writeFileSync(path.join(dir, 'po/ru.po'), 'msgid ""\nmsgstr ""\n"Language: ru\\n"\n')
  fs.writeFileSync(path.join(dir, 'po/ru.po'), catalogue(dir))
  app = await startServer({ config: dir, sample: false })
  for (const [login, language, role] of [['writer', 'en', 'writer'], ['reader', 'ru', 'reader'], ['half', 'en', 'half']]) {
    const r = spawnSync(program, ['user', 'add', login, '--name', login, '--language', language, '--role', role, '--password-stdin', '--database', databaseUrl(app.database)], { input: `${password}\n`, encoding: 'utf8' })
    assert.equal(r.status, 0, r.stderr)
  }
  writer = await app.signIn('writer', password)
  const makers = []
  for (const name of ['ООО «Роза»', 'АО "Тверь", завод']) makers.push((await writer.post('/api/maker', { name, code: `m${makers.length}` })).json.id)
  for (let k = 0; k < 60; k++) {
    const r = await writer.post('/api/part', {
      code: `p${k}`, words: hostile[k % hostile.length], story: k % 3 ? `first\nsecond ${k}` : null, count: k % 5 ? k - 10 : null, weight: `${k}.125`, price: k === 7 ? '123456789012345.67' : `${k * 10}.5`,
      share: '12.5', sold: k % 3 === 0 ? true : k % 3 === 1 ? false : null, made_on: k % 4 ? '2026-02-28' : null, seen_at: '2026-05-01T10:30:00Z', took: 'PT1H30M', kind: k % 2 ? 'nut' : 'screw',
      maker_id: makers[k % 3] ?? null, mail: 'a@example.org', phone: '+7 495 000-00-00', secret: `s${k}`
    })
    assert.equal(r.status, 201, r.text)
  }
})
after(() => app?.stop())

for (const format of ['csv', 'xlsx'])
  test(`a section goes out as ${format} and comes back: nothing created, all unchanged`, { skip }, () => {
    const out = path.join(scratch, `parts.${format}`)
    assert.match(exported('part', '--out', out), /^60 rows in /)
    const before = app.sql('select * from app.part order by id')
    const back = imported(out)
    assert.deepEqual([back.rows, back.created, back.updated, back.unchanged, back.rejected], [60, 0, 0, 60, 0], JSON.stringify(back).slice(0, 600))
    assert.deepEqual(app.sql('select * from app.part order by id'), before)
    assert.deepEqual(fs.readdirSync(scratch).filter((f) => f.endsWith('.part')), [])
    // and into an empty section: the same records again, but for what is computed
    const texts = 'select code, words, story, count, weight, price, share, sold, made_on, seen_at, took, kind, maker, mail, phone, secret from app.part order by code'
    const was = app.sql(texts)
    app.sql('delete from app.part')
    const anew = imported(out)
    assert.deepEqual([anew.created, anew.rejected], [60, 0], JSON.stringify(anew).slice(0, 600))
    assert.deepEqual(app.sql(texts), was)
  })

const crate = (file, ...args) => JSON.parse(ostov('import', file, '--section', 'crate', '--key', 'code', '--json', ...args).stdout)
const counted = (r) => [r.created, r.updated, r.unchanged, r.rejected]

test('what is easily lost on the way: fractions of seconds, hours that come twice, composed titles, fields of one label, blanks', { skip }, async () => {
  const depots = []
  for (const name of ['North', 'South', null]) depots.push((await writer.post('/api/depot', { name, closed: name === 'South' })).json)
  const makers = []
  for (const code of ['t1', 't2']) makers.push((await writer.post('/api/maker', { name: 'Twin', code })).json.id)
  const rows = [
    { at: '2026-05-01T10:30:00.123456Z', depot_id: depots[0].id, weight: '5.125', first: 'one', second: 'two', depot_name: 'mine' },
    { at: '2026-10-25T00:30:00Z', depot_id: depots[1].id, weight: '1.200', first: '  spaces   within ', story: ' \n first\r\nsecond\t ' },
    { at: '2026-10-25T01:30:00.5Z', depot_id: depots[2].id, second: '_x000D_ 1e5', story: "'= no formula" },
    { at: '1850-01-01T00:00:00.25Z', weight: '7.001', colour: 'sky', first: '00123' },
    { depot_id: depots[0].id, weight: '12345678901.125', second: '2026-05-01' },
  ]
  for (const [k, row] of rows.entries()) {
    const r = await writer.post('/api/crate', { code: `c${k}`, ...row })
    assert.equal(r.status, 201, r.text)
  }
  const all = () => app.sql('select code, depot, maker, at, first, second, story, weight, colour, depot_name from app.crate order by code').map((row) => row.join('|')).join('\n')
  const was = all()
  for (const format of ['csv', 'xlsx']) {
    const out = path.join(scratch, `crates.${format}`)
    exported('crate', '--out', out)
    assert.deepEqual(counted(crate(out)), [0, 0, 5, 0], format)
    assert.equal(all(), was, format)
    // into an empty section the same comes back, but for blanks at the ends, which say nothing in a cell
    app.sql('delete from app.crate')
    const back = crate(out)
    assert.deepEqual(counted(back), [5, 0, 0, 0], JSON.stringify(back))
    const squeezed = was.replace(rows[1].first, 'spaces   within').replace(rows[1].story, 'first\r\nsecond')
    assert.equal(all(), squeezed, format)
    // twins by name and by label: who has them keeps them, who has not is told
    app.sql(`update app.crate set maker = ${makers[1]}, colour = 'sea' where code = 'c0'`)
    exported('crate', '--out', out)
    const twins = all()
    assert.deepEqual(counted(crate(out)), [0, 0, 5, 0], format)
    assert.equal(all(), twins)
    app.sql("delete from app.crate where code = 'c0'")
    const told = crate(out)
    assert.deepEqual([counted(told), told.errors], [[0, 0, 4, 1], [{ row: 2, column: 'Maker', reason: "Maker: 'Twin' is there more than once" }]])
    app.sql("delete from app.crate")
    for (const [k, row] of rows.entries()) assert.equal((await writer.post('/api/crate', { code: `c${k}`, ...row })).status, 201)
  }
  // columns in another order, one of them beyond a lookup; a file of two columns in which nothing but the separator says what a point is
  for (const list of ['turned', 'bare']) {
    const out = path.join(scratch, `${list}.csv`)
    exported('crate', '--list', list, '--out', out)
    assert.deepEqual(counted(crate(out)), [0, 0, 5, 0], fs.readFileSync(out, 'utf8'))
    assert.equal(all(), was)
  }
  // a title that the user may not see is an empty cell, and takes nothing away
  const seen = path.join(scratch, 'half.csv')
  exported('crate', '--out', seen, '--user', 'half')
  assert.equal(cells(fs.readFileSync(seen, 'utf8'))[2].includes(`${depots[1].number} — South`), false)
  assert.deepEqual(counted(crate(seen, '--user', 'half')), [0, 0, 5, 0])
  assert.equal(all(), was)
  // an empty cell over a title that is seen empties the lookup; another title, or the number alone, sets it
  const by = path.join(scratch, 'by.csv')
  fs.writeFileSync(by, `Code;Depot\nc0;\nc1;${depots[0].number} — North\nc3;${depots[1].number}\nc4;nowhere\n`)
  const set = crate(by)
  assert.deepEqual([counted(set), set.errors], [[0, 3, 0, 1], [{ row: 5, column: 'Depot', reason: "Depot: there is no 'nowhere'" }]])
  assert.deepEqual(app.sql('select depot from app.crate order by code').map(([d]) => d), ['', depots[0].id, depots[2].id, depots[1].id, depots[0].id].map(String))
})

test('targets by composed titles are read once, however many rows name them', { skip }, async () => {
  const n = 5000
  app.sql(`insert into app.depot (number, name, created_at, changed_at, row_version) select 'Q' || g, 'Store ' || least(g, ${n - 1}), now(), now(), 1 from generate_series(1, ${n}) g`)
  app.sql(`update app.depot set number = null where name = 'Store ${n - 1}'`)
  app.sql('vacuum analyze app.depot')
  const read = () => Number(app.sql("select seq_tup_read from pg_stat_user_tables where relid = 'app.depot'::regclass")[0][0])
  const lines = Array.from({ length: 3000 }, (_, k) => `q${k};Q${k + 1} — Store ${k + 1}`)
  lines[2500] = `q2500;— Store ${n - 1}`
  lines[2600] = 'q2600;Q2601 — Store 1'
  const file = path.join(scratch, 'titled.csv')
  fs.writeFileSync(file, `Code;Depot\n${lines.join('\n')}\n`)
  const before = read(), r = crate(file)
  assert.deepEqual([counted(r), r.errors.map((e) => e.row)], [[2998, 0, 0, 2], [2502, 2602]], JSON.stringify(r.errors))
  assert.match(r.errors[0].reason, /more than once/)
  assert.equal(app.sql("select count(*) from app.crate c join app.depot d on d.id = c.depot where c.code like 'q%' and d.number = 'Q' || (substr(c.code, 2)::int + 1)")[0][0], '2998')
  // 15 batches, of which the first three search and a fourth reads all
  await until('what was read is told', () => read() > before)
  assert.ok(read() - before < 8 * n, `${read() - before} rows read`)
  app.sql("delete from app.crate where code like 'q%'")
  app.sql("delete from app.depot where name like 'Store %'")
})

test('a text that a cell of a sheet cannot hold is not cut off on its way back', { skip }, async () => {
  const long = 'длинный текст'.repeat(3000)
  assert.equal((await writer.post('/api/crate', { code: 'long', story: long })).status, 201)
  const out = path.join(scratch, 'long.xlsx')
  exported('crate', '--out', out)
  const back = crate(out)
  assert.equal(back.rejected, 1, JSON.stringify(back))
  assert.match(back.errors.find((e) => e.column === 'Story').reason, /32767 characters/)
  assert.ok((await writer.get("/api/crate?$filter=code eq 'long'")).json.value[0].story === long)
  exported('crate', '--out', out.replace('xlsx', 'csv'))
  assert.equal(crate(out.replace('xlsx', 'csv')).rejected, 0)
  app.sql("delete from app.crate where code = 'long'")
})

test('59: a cell that a spreadsheet would run is text in both formats', { skip }, async () => {
  const rows = cells(exported('part', '--list', 'all'))
  const at = rows[0].indexOf('Words')
  const words = new Set(rows.slice(1).map((r) => r[at]))
  for (const text of hostile) assert.ok(words.has(/^'*[=+@-]/.test(text) ? `'${text}` : text), `${text} in ${[...words]}`)
  for (const text of words) assert.doesNotMatch(text, /^[=+@-]/)
  const numbers = rows.slice(1).map((r) => r[rows[0].indexOf('Count')])
  assert.ok(numbers.includes('-9'), 'numbers stay numbers')
  // one with more digits than a sheet's number has is written as a text, and is a number all the same
  assert.equal((await writer.post('/api/crate', { code: 'wide', weight: '-1234567890123.125' })).status, 201)
  assert.match(exported('crate', '--list', 'bare'), /^wide,-1234567890123\.125\r$/m)
  assert.equal((await writer.post('/api/part', { code: 'late', took: '-PT1H30M' })).status, 201)
  const late = path.join(scratch, 'late.csv')
  exported('part', '--out', late)
  assert.match(fs.readFileSync(late, 'utf8'), /,-PT1H30M,/)
  assert.equal(imported(late).rejected, 0)
  assert.equal(app.sql("select took from app.part where code = 'late'")[0][0], '-5400000000')
  app.sql("delete from app.part where code = 'late'")
  const out = path.join(scratch, 'hostile.xlsx')
  exported('part', '--out', out)
  const sheet = execFileSync('python3', ['-c', 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print("".join(z.read(n).decode() for n in z.namelist() if n.endswith(".xml")))', out], { encoding: 'utf8', maxBuffer: 1 << 26 })
  assert.doesNotMatch(sheet, /<f[ >]/)
  assert.match(sheet, />=1\+1</)
})

test('a list: its rows, its columns, its order', { skip }, () => {
  const rows = cells(exported('part', '--list', 'dear'))
  assert.deepEqual(rows[0], ['Code', 'Price'])
  const expected = app.sql('select code, price from app.part where price > 100 order by price desc, id desc')
  assert.ok(expected.length > 40)
  assert.deepEqual(rows.slice(1), expected)
  assert.equal(rows[1][1], '123456789012345.67')
  const none = ostov('export', 'part', '--list', 'cheap')
  assert.equal(none.status, 1)
  assert.match(none.stderr, /no list 'cheap'/)
})

test('in the eyes of a user: the rows and fields of the rights, headings and labels in the user\'s language', { skip }, () => {
  const rows = cells(exported('part', '--user', 'reader'))
  assert.equal(rows.length - 1, 30)
  for (const name of ['Артикул', 'Цена', 'Вид', 'Изготовитель']) assert.ok(rows[0].includes(name), `${name} in ${rows[0]}`)
  assert.ok(!rows[0].includes('Secret'))
  assert.doesNotMatch(JSON.stringify(rows), /"s\d+"/)
  assert.ok(rows.slice(1).every((r) => r[rows[0].indexOf('Вид')] === 'Гайка'))
  assert.ok(rows.some((r) => r.includes('АО "Тверь", завод') || r.includes('ООО «Роза»')))
  // no more by a list, by xlsx, or by coming back
  assert.equal(cells(exported('part', '--user', 'reader', '--list', 'dear')).length - 1, Number(app.sql("select count(*) from app.part where price > 100 and kind = 'nut'")[0][0]))
  const out = path.join(scratch, 'eyes.xlsx')
  assert.match(exported('part', '--user', 'reader', '--out', out), /^30 rows/)
  const back = imported(out)
  assert.deepEqual([back.rows, back.unchanged, back.rejected], [30, 30, 0], JSON.stringify(back).slice(0, 400))
  const refused = ostov('import', out, '--section', 'part', '--key', 'code', '--user', 'reader', '--json')
  assert.notEqual(refused.status, 0)
  assert.equal(ostov('export', 'part', '--user', 'nobody').status, 1)
  assert.equal(ostov('export', 'user', '--user', 'reader').status, 1)
})

test('a file that cannot be written is not half there, and what was there stays', { skip }, () => {
  const there = path.join(scratch, 'kept.csv')
  fs.writeFileSync(there, 'before')
  assert.equal(ostov('export', 'part', '--list', 'cheap', '--out', there).status, 1)
  assert.equal(fs.readFileSync(there, 'utf8'), 'before')
  const r = ostov('export', 'part', '--out', path.join(scratch, 'no such folder', 'x.csv'))
  assert.equal(r.status, 3, r.stderr)
  assert.match(r.stderr, /cannot write/)
})

test('69: no temporary file of an export ever has a name: a kill leaves none', { skip }, async () => {
  const dir = fs.mkdtempSync(path.join(scratch, 'tmpdir-'))
  const seen = new Set()
  const watcher = fs.watch(dir, (event, name) => event === 'rename' && seen.add(name))
  const before = process.env.TMPDIR
  process.env.TMPDIR = dir
  try {
    exported('crate', '--out', path.join(scratch, 'nameless.xlsx'))
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
  // all that happened in the folder is told before this
  fs.writeFileSync(path.join(dir, 'last'), '')
  await until('the watcher has caught up', () => seen.has('last'))
  watcher.close()
  assert.deepEqual([...seen], ['last'])
})
