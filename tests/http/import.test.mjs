// Imports as the web application makes them: what is found out, trial and run, rejected rows corrected, a worker killed in the middle (SAFETY 58, 62).
// time-limit: 600
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { databaseUrl, hasDatabase, program, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const password = 'a long password 1'
let app, clerk, other

const sections = `
section "firm" { label = "Firm", plural = "Firms", title = "{name}", text "code" { label = "Code", unique = true }, text "name" { required = true } }
section "deal" { label = "Deal", plural = "Deals", title = "{number}",
  text "number" { label = "Number", required = true, unique = true }, lookup "firm" { to = "firm", label = "Firm" }, money "amount" { label = "Amount", min = 0 },
  date "signed_on" { label = "Signed" }, boolean "paid" { label = "Paid" },
  choice "kind" { label = "Kind", value "a" { label = "Purchase" }, value "b" { label = "Sale" } },
}
section "note" { label = "Note", plural = "Notes", title = "{text}", text "text" { label = "Text" }, text "tag" { label = "Tag", unique = true }, integer "n" { label = "N", min = 0 },
  lookup "firm" { to = "firm", label = "Firm" } }
section "item" { label = "Item", plural = "Items", title = "{code}", text "code" { label = "Code", unique = true, required = true }, integer "n" { label = "N" } }
section "branch" { label = "Branch", plural = "Branches", title = "{code}", text "code" { label = "Code", unique = true }, lookup "parent" { to = "branch", label = "Parent" },
  decimal "weight" { label = "Weight", scale = 3, max = 1000 }, date "since" { label = "Since" }, text "tag" { label = "Tag" }, choice "kind" { label = "Kind", value "a" {}, value "b" {} }, unique { "tag", "kind" } }
role "clerk" { label = "Clerk" }
allow "clerk" { on = { "firm", "deal", "item", "note", "branch" }, create = true, read = true, update = true }
import "deals" { label = "Deals", on = "deal", key = "number", columns = { { "№", to = "number", strip = "N " }, { "Фирма", to = "firm", by = "name", create = true }, { "Сумма", to = "amount" } } }
`

before(async () => {
  if (skip) return
  const dir = path.join(scratch, 'importing')
  fs.mkdirSync(path.join(dir, 'sections'), { recursive: true })
  fs.writeFileSync(path.join(dir, 'module.lua'), 'module "importing" { label = "Importing", version = "1.0.0", core = "1", language = "ru" }\n')
  fs.writeFileSync(path.join(dir, 'sections/all.lua'), sections)
  app = await startServer({ config: dir, sample: false })
  for (const login of ['clerk', 'other']) {
    const r = spawnSync(program, ['user', 'add', login, '--name', login, '--language', 'en', '--role', 'clerk', '--password-stdin', '--database', databaseUrl(app.database)], { input: `${password}\n`, encoding: 'utf8' })
    assert.equal(r.status, 0, r.stderr)
  }
  clerk = await app.signIn('clerk', password)
  other = await app.signIn('other', password)
})
after(() => app?.stop())

// Russian letters, №, and ASCII in windows-1251
function cp1251(text) {
  return Buffer.from([...text].map((c) => {
    const n = c.codePointAt(0)
    if (n >= 0x410 && n <= 0x44f) return n - 0x410 + 0xc0
    if (c === '№') return 0xb9
    if (c === 'ё') return 0xb8
    if (n === 0xa0) return 0xa0
    assert.ok(n < 128, c)
    return n
  }))
}
const fromCp1251 = (bytes) => new TextDecoder('windows-1251').decode(bytes)

async function upload(bytes, name = 'rows.csv', who = clerk) {
  const r = await who.post('/files', bytes, { 'Content-Type': 'text/csv', 'X-File-Name': encodeURIComponent(name) })
  assert.equal(r.status, 201, r.text)
  return r.json.id
}
async function begin(bytes, section, more = {}) {
  const r = await clerk.post('/ui/import', { section, file: await upload(bytes), ...more })
  assert.equal(r.status, 201, r.text)
  return r.json.id
}
const look = async (id) => (await clerk.get(`/ui/import/${id}`)).json
const settled = (id, ms = 60000) => until(`import ${id}`, async () => {
  // while killed workers come back nobody answers
  const i = await look(id).catch(() => null)
  return i && ['ready', 'done', 'failed', 'cancelled'].includes(i.state) && i
}, ms)
async function go(id, body) {
  const r = await clerk.post(`/ui/import/${id}/run`, body)
  assert.equal(r.status, 202, r.text)
  return settled(id)
}
const counts = (i) => ({ created: i.created, updated: i.updated, unchanged: i.unchanged, rejected: i.rejected })

const dirty = 'Number;Фирма;Amount;Signed;Paid;Kind\r\n' +
  '1;"ООО ""Роза""";77\u00a0520,00;04.09.2017;да;Purchase\r\n' +
  '2;"АО; Тверь";1,5;05.09.2017;нет;b\r\n' +
  '3;"ООО ""Роза""";сто рублей;06.09.2017;да;a\r\n' +
  '4;"ООО ""Роза""";-5;07.09.2017;;\r\n' +
  '5;"две\r\nстроки";3;31.02.2017;;\r\n' +
  ';;;;;\r\n' +
  '6;"ООО ""Роза""";4;08.09.2017;;Sale\r\n'

test('a dirty windows-1251 file: found out, edited, tried, run, corrected, run again', { skip }, async () => {
  const id = await begin(cp1251(dirty), 'deal')
  let i = await settled(id)
  assert.equal(i.state, 'ready', i.error)
  assert.deepEqual(i.format, { kind: 'csv', encoding: 'windows-1251', separator: ';', quote: 'doubled', decimal: ',', date: 'dd.mm.yyyy', header_row: 1 })
  assert.equal(i.rows, 6)
  assert.deepEqual(i.columns.map((c) => c.to), ['number', null, 'amount', 'signed_on', 'paid', 'kind'])
  assert.equal(i.columns[1].samples[0], 'ООО "Роза"')
  assert.equal(i.key, 'number')
  const columns = i.columns.map((c) => (c.name === 'Фирма' ? { ...c, to: 'firm', by: 'code', create: false } : c))
  i = await go(id, { dry: true, columns })
  assert.deepEqual(counts(i), { created: 0, updated: 0, unchanged: 0, rejected: 6 }, JSON.stringify(i.errors))
  for (const [code, name] of [['ООО "Роза"', 'Роза'], ['АО; Тверь', 'Тверь']]) assert.equal((await clerk.post('/api/firm', { code, name })).status, 201)
  i = await go(id, { dry: true, columns })
  assert.deepEqual([i.state, i.dry, counts(i)], ['done', true, { created: 3, updated: 0, unchanged: 0, rejected: 3 }], JSON.stringify(i.errors))
  assert.equal(app.sql('select count(*) from app.deal')[0][0], '0')
  i = await go(id, { dry: false })
  assert.deepEqual([i.state, i.dry, i.done, counts(i)], ['done', false, 6, { created: 3, updated: 0, unchanged: 0, rejected: 3 }])
  assert.deepEqual(i.errors.map((e) => [e.row, e.column]), [[4, 'Amount'], [5, 'Amount'], [6, 'Фирма']])
  assert.deepEqual(app.sql("select number, amount, signed_on, coalesce(paid::text, 'nil'), kind from app.deal order by number"),
    [['1', '77520.00', '2017-09-04', 'true', 'a'], ['2', '1.50', '2017-09-05', 'false', 'b'], ['6', '4.00', '2017-09-08', 'nil', 'b']])

  const r = await clerk.get(`/ui/import/${id}/rejected`)
  assert.match(r.headers.get('content-type'), /charset=windows-1251/)
  const text = fromCp1251(r.bytes)
  const lines = text.split('\r\n')
  assert.equal(lines[0], 'Number;Фирма;Amount;Signed;Paid;Kind;Row;Column;Reason (1,5 dd.mm.yyyy)')
  assert.match(lines[1], /^3;"ООО ""Роза""";сто рублей;06\.09\.2017;да;a;4;Amount;.+/)
  const corrected = text.replace('сто рублей', '100').replace(';-5;', ';5;').replace('"две\r\nстроки"', '"АО; Тверь"').replace('31.02', '28.02')
  const second = await begin(cp1251(corrected.replace(/[^\x00-\x7f\u0410-\u044f№ё\u00a0]/g, '')), 'deal')
  const again = await settled(second)
  // the corrected rows go where they went, also what was chosen by hand
  assert.deepEqual([again.state, again.key, again.columns.map((c) => [c.to, c.by ?? null])],
    ['ready', 'number', [['number', null], ['firm', 'code'], ['amount', null], ['signed_on', null], ['paid', null], ['kind', null], [null, null], [null, null], [null, null]]])
  i = await go(second, { dry: false })
  assert.deepEqual([i.state, counts(i)], ['done', { created: 3, updated: 0, unchanged: 0, rejected: 0 }], JSON.stringify(i.errors))
  i = await go(second, { dry: false })
  assert.deepEqual(counts(i), { created: 0, updated: 0, unchanged: 3, rejected: 0 })
  assert.equal(app.sql('select count(*) from app.deal')[0][0], '6')
})

test('a mapping of the configuration, targets made once though a row between is refused', { skip }, async () => {
  const text = '№;Фирма;Сумма\nN 101;Новая;1;;\nN 102;Другая;-1\nN 103;Новая;3\nN 104;Третья;x\nN 105;;5\n'
  const id = await begin(Buffer.from(text), 'deal', { mapping: 'deals' })
  let i = await settled(id)
  assert.deepEqual(i.columns.map((c) => [c.to, c.strip ?? null]), [['number', 'N '], ['firm', null], ['amount', null]])
  i = await go(id, { dry: false })
  assert.deepEqual([i.state, counts(i)], ['done', { created: 3, updated: 0, unchanged: 0, rejected: 2 }], JSON.stringify(i.errors))
  assert.deepEqual(app.sql("select name, count(*) from app.firm where name in ('Новая', 'Другая', 'Третья') group by 1"), [['Новая', '1']])
  assert.deepEqual(app.sql("select d.number, f.name from app.deal d left join app.firm f on f.id = d.firm where number like '10%' order by 1"), [['101', 'Новая'], ['103', 'Новая'], ['105', '']])
})

test('a mapping that knows none of the columns is one of other files: the names decide', { skip }, async () => {
  const i = await settled(await begin(Buffer.from('Number;Amount;Kind\nX-1;5;Sale\nX-2;6;a\n'), 'deal', { mapping: 'deals' }))
  assert.equal(i.mapping, null)
  assert.deepEqual(i.columns.map((c) => c.to), ['number', 'amount', 'kind'])
  assert.deepEqual(counts(await go(i.id, { dry: false, key: 'number' })), { created: 2, updated: 0, unchanged: 0, rejected: 0 })
})

test('what is at fault is told: columns, format, somebody else\'s import', { skip }, async () => {
  const id = await begin(Buffer.from('Code,N\nx,1\n'), 'item')
  await settled(id)
  for (const [body, target] of [[{ columns: [{ name: 'Code', to: 'nothing' }] }, 'Code'], [{ format: { separator: 'x' } }, 'separator'], [{ format: { header_row: -1 } }, 'header_row'], [{ columns: [{ name: 'Code', to: null }, { name: 'N', to: null }] }, 'columns'], [{ columns: [{ name: 'Code', to: 'id' }] }, 'columns'],
    [{ key: 'nothing' }, 'key'], [{ columns: [{ name: 'N', to: 'n' }], key: 'code' }, 'key']]) {
    const r = await clerk.post(`/ui/import/${id}/run`, { dry: false, ...body })
    assert.equal(r.status, 400, JSON.stringify(body) + r.text)
    assert.equal(r.json.error.target, target)
  }
  for (const [method, tail] of [['get', ''], ['get', '/rejected'], ['post', '/run'], ['post', '/cancel']]) {
    const r = await other[method](`/ui/import/${id}${tail}`, method === 'post' ? { dry: false } : undefined)
    assert.equal(r.status, 404, tail)
  }
  assert.equal((await other.post('/ui/import', { section: 'item', file: await upload(Buffer.from('a;b\n')) })).status, 400)
  assert.equal((await clerk.post('/ui/import', { section: 'nothing', file: 1 })).status, 400)
  assert.equal(app.sql('select count(*) from app.item')[0][0], '0')
  const zip = await settled(await begin(Buffer.from('PK\x03\x04 and no archive behind it'), 'item'))
  assert.equal(zip.state, 'failed')
  assert.ok(zip.error)
})

const many = (n, prefix) => Buffer.from('Code;N\n' + Array.from({ length: n }, (_, k) => `${prefix}${k};${k % 7 === 3 ? 'x' : k}`).join('\n') + '\n')

test('62: a worker killed in the middle: the import goes on behind the last stored row, nothing twice', { skip }, async () => {
  const n = 5000
  app.brake('item', 2)
  const id = await begin(many(n, 'k'), 'item')
  await settled(id)
  assert.equal((await clerk.post(`/ui/import/${id}/run`, { dry: false })).status, 202)
  const middle = await until('some rows', async () => {
    const [done, state] = app.sql(`select (counts->>'done')::int, state from ostov.import where id = ${id}`)[0]
    assert.equal(state, 'running', 'over before it could be killed')
    return Number(done) > 0 && Number(done)
  })
  assert.ok(middle < n)
  // the one that holds the import is among them
  assert.ok(app.workers().length > 0, 'no workers found')
  app.killWorkers()
  app.release('item')
  const i = await settled(id, 90000)
  const bad = Math.floor((n - 4) / 7) + 1
  assert.deepEqual([i.state, i.done, counts(i)], ['done', n, { created: n - bad, updated: 0, unchanged: 0, rejected: bad }])
  assert.deepEqual(app.sql("select count(*), count(distinct code) from app.item where code like 'k%'")[0], [String(n - bad), String(n - bad)])
  assert.deepEqual(app.sql(`select count(*), count(distinct "row") from ostov.import_error where import_id = ${id}`)[0], [String(bad), String(bad)])
})

test('62: a command without a key that is killed goes on behind the last stored row, rejected rows included', { skip }, async () => {
  const n = 2000, file = path.join(scratch, 'keyless.csv'), rejected = path.join(scratch, 'keyless.rejected.csv')
  fs.writeFileSync(file, `Text;N\n${Array.from({ length: n }, (_, k) => `keyless ${k};${k % 50 === 7 ? 'x' : k}`).join('\n')}\n`)
  const args = ['import', file, '--section', 'note', '--json', '--rejected', rejected, '--database', databaseUrl(app.database)]
  const count = () => Number(app.sql("select count(*) from app.note where text like 'keyless %'")[0][0])
  app.brake('note', 2)
  for (let round = 0; round < 2; round++) {
    const before = count(), child = spawn(program, args, { stdio: 'ignore' })
    await until('some rows', () => count() > before)
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.equal(child.signalCode, 'SIGKILL', 'over before it could be killed')
  }
  app.release('note')
  const r = spawnSync(program, args, { encoding: 'utf8' }), told = JSON.parse(r.stdout)
  assert.match(r.stderr, /interrupted behind row \d+/)
  assert.deepEqual([told.rows, told.created, told.rejected], [n, n - n / 50, n / 50])
  assert.deepEqual(app.sql("select count(*), count(distinct text) from app.note where text like 'keyless %'")[0], [String(n - n / 50), String(n - n / 50)])
  assert.deepEqual(fs.readFileSync(rejected, 'utf8').trimEnd().split('\r\n').slice(1).map((line) => Number(line.split(';')[2])), Array.from({ length: n / 50 }, (_, k) => k * 50 + 9))
  // nothing of it is left, so that the same command begins anew
  assert.equal(app.sql("select count(*) from ostov.import where mapping ? 'command'")[0][0], '0')
})

test('a cancelled import stops', { skip }, async () => {
  const id = await begin(many(20000, 'c'), 'item')
  await settled(id)
  app.brake('item', 2)
  assert.equal((await clerk.post(`/ui/import/${id}/run`, { dry: false })).status, 202)
  await until('some rows', () => Number(app.sql(`select counts->>'done' from ostov.import where id = ${id}`)[0][0]) > 0)
  assert.equal((await clerk.post(`/ui/import/${id}/cancel`)).status, 204)
  assert.equal((await look(id)).state, 'cancelled')
  app.release('item')
  await until('the job ends', () => app.sql("select count(*) from ostov.job where state in ('queued', 'running')")[0][0] === '0')
  const rows = Number(app.sql("select count(*) from app.item where code like 'c%'")[0][0])
  assert.ok(rows > 0 && rows < 17000, String(rows))
  assert.equal((await look(id)).state, 'cancelled')
})

test('a cancelled import that is run again at once: the old run writes nothing more', { skip }, async () => {
  const n = 6000
  const text = 'Text\n' + Array.from({ length: n }, (_, k) => `line ${k}`).join('\n') + '\n'
  const id = await begin(Buffer.from(text), 'note')
  await settled(id)
  const count = () => Number(app.sql('select count(*) from app.note')[0][0])
  let before = count()
  app.brake('note', 2)
  for (let round = 0; round < 3; round++) {
    assert.equal((await clerk.post(`/ui/import/${id}/run`, { dry: false })).status, 202)
    await until('some rows', () => count() > before)
    assert.equal((await clerk.post(`/ui/import/${id}/cancel`)).status, 204)
    // no key: every row that anybody writes is a record more
    before = count()
  }
  app.release('note')
  const i = await go(id, { dry: false })
  assert.deepEqual([i.state, i.done, counts(i)], ['done', n, { created: n, updated: 0, unchanged: 0, rejected: 0 }])
  assert.equal(count(), before + n)
  await until('the jobs end', () => app.sql("select count(*) from ostov.job where state in ('queued', 'running')")[0][0] === '0')
  assert.equal(count(), before + n)
})

test('a run that has begun is not begun again, nor read anew', { skip }, async () => {
  const id = await begin(many(20000, 'twice'), 'item')
  await settled(id)
  app.brake('item', 2)
  assert.equal((await clerk.post(`/ui/import/${id}/run`, { dry: true })).status, 202)
  for (const act of ['run', 'preview']) assert.equal((await clerk.post(`/ui/import/${id}/${act}`, { dry: true })).status, 409, act)
  assert.equal((await clerk.post(`/ui/import/${id}/cancel`)).status, 204)
  app.release('item')
})

test('another separator, heading or encoding: the columns are read again, the mapping stays by name', { skip }, async () => {
  const preview = async (id, body) => {
    const r = await clerk.post(`/ui/import/${id}/preview`, body)
    assert.equal(r.status, 202, r.text)
    return settled(id)
  }
  const id = await begin(cp1251('Отчёт за май\nCode;N;Прочее\nh1;1,5;а\nh2;2;б\n'.replace('ё', 'е')), 'item')
  let i = await settled(id)
  // the row that names fields is found below a title
  assert.deepEqual([i.format.header_row, i.format.separator, i.columns.length], [2, ';', 3])
  i = await preview(id, { format: { header_row: 1 } })
  assert.deepEqual(i.columns.map((c) => [c.name, c.to]), [['Отчет за май', null]])
  i = await preview(id, { format: { header_row: 2 } })
  assert.equal(i.state, 'ready', i.error)
  assert.deepEqual([i.format.header_row, i.rows, i.key], [2, 2, 'code'])
  assert.deepEqual(i.columns.map((c) => [c.name, c.to]), [['Code', 'code'], ['N', 'n'], ['Прочее', null]])
  assert.deepEqual(i.columns[2].samples, ['а', 'б'])
  // what was chosen by hand stays, also that a column is left out
  const chosen = i.columns.map((c) => (c.name === 'N' ? { ...c, to: null } : c.name === 'Прочее' ? { ...c, to: 'n', strip: 'x', values: { а: '7' } } : c))
  i = await preview(id, { format: { quote: 'backslash' }, columns: chosen, key: null })
  assert.deepEqual(i.columns.map((c) => [c.name, c.to, c.strip ?? null, c.values ?? null]), [['Code', 'code', null, null], ['N', null, null, null], ['Прочее', 'n', 'x', { а: '7' }]])
  assert.equal(i.key, null)
  // an encoding in which the names are others: they are nobody's, the rest keeps its place
  i = await preview(id, { format: { encoding: 'KOI8-R' }, columns: i.columns })
  assert.deepEqual(i.columns.slice(0, 2).map((c) => [c.name, c.to]), [['Code', 'code'], ['N', null]])
  assert.equal(i.columns[2].to, null)
  assert.notEqual(i.columns[2].name, 'Прочее')
  i = await preview(id, { format: { separator: '|' } })
  assert.deepEqual(i.columns.map((c) => c.to), [null])
  // an encoding that the file is not in leaves the import as it was, to be corrected
  i = await preview(id, { format: { encoding: 'utf-8', separator: ';' } })
  assert.equal(i.state, 'failed')
  assert.match(i.error, /not valid UTF-8/)
  assert.equal((await clerk.post(`/ui/import/${id}/preview`, { format: { encoding: 'klingon' } })).json.error.target, 'encoding')
  i = await preview(id, { format: { encoding: 'windows-1251' } })
  assert.deepEqual(i.columns.map((c) => [c.name, c.to]), [['Code', 'code'], ['N', 'n'], ['Прочее', null]])
  i = await preview(id, { format: { decimal: '.' } })
  assert.equal(i.format.decimal, '.')
  assert.equal(app.sql("select count(*) from app.item where code like 'h%'")[0][0], '0')

  // and without a look in between: a run with another format reads its columns itself
  const straight = await begin(Buffer.from('Report\nCode;N\nj1;1\nj2;2\n'), 'item')
  await settled(straight)
  i = await go(straight, { dry: true, format: { header_row: 1 } })
  assert.deepEqual([i.state, i.columns.map((c) => c.name)], ['failed', ['Report']])
  i = await go(straight, { dry: true, format: { header_row: 2 } })
  assert.deepEqual([i.state, i.rows, counts(i)], ['done', 2, { created: 2, updated: 0, unchanged: 0, rejected: 0 }], i.error)
  assert.deepEqual(i.columns.map((c) => c.to), ['code', 'n'])
  i = await go(straight, { dry: false })
  assert.deepEqual(app.sql("select code, n from app.item where code like 'j%' order by 1"), [['j1', '1'], ['j2', '2']])
})

test('a file without a heading, one with a title above it: by what signs, and by hand', { skip }, async () => {
  const bare = await settled(await begin(Buffer.from('w1\t5\nw2\t6\textra\n'), 'item'))
  assert.deepEqual([bare.columns.map((c) => c.to), bare.key], [[null, null], null])
  const r = await clerk.post(`/ui/import/${bare.id}/preview`, { format: { header_row: 0 } })
  assert.equal(r.status, 202, r.text)
  let i = await settled(bare.id)
  assert.deepEqual([i.rows, i.columns.map((c) => [c.name, c.to, c.samples[0]])], [2, [['A', null, 'w1'], ['B', null, '5'], ['C', null, 'extra']]])
  i = await go(bare.id, { dry: false, columns: i.columns.map((c) => ({ ...c, to: { A: 'code', B: 'n' }[c.name] ?? null })), key: 'code' })
  assert.deepEqual([i.state, counts(i)], ['done', { created: 2, updated: 0, unchanged: 0, rejected: 0 }], i.error)
  assert.deepEqual(app.sql("select code, n from app.item where code like 'w_' order by 1"), [['w1', '5'], ['w2', '6']])
  // the separator is that of the rows, not of the title
  i = await settled(await begin(Buffer.from('Report, of May\n\nCode|N\nw3|7\nw4|8\n'), 'item'))
  assert.deepEqual([i.format.separator, i.format.header_row, i.rows, i.columns.map((c) => c.to)], ['|', 3, 2, ['code', 'n']])
})

test('a trial counts what the run does: values that earlier rows took, keys that come again, parents of the same file', { skip }, async () => {
  // rows of one batch and of batches far from each other; records that change and give up what others then take
  const kinds = ['a', 'b', ''], weights = ['1', '2', '2000']
  let seed = 7
  const random = (n) => Math.floor((seed = (seed * 1103515245 + 12345) % 2147483648) / 65536) % n
  const dense = (prefix) => Array.from({ length: 1000 }, () => [prefix + random(400), random(3) ? '' : prefix + random(400), weights[random(40) ? random(2) : 2], random(700), kinds[random(3)]].join(';'))
  const head = 'Code;Parent;Weight;Tag;Kind'
  const files = [
    ['note', 'Text;Tag', Array.from({ length: 700 }, (_, k) => `same ${k};same${k % 300}`), null, [300, 0, 0, 400]],
    ['note', 'Tag;N', Array.from({ length: 700 }, (_, k) => `again${k % 300};${k % 600 === 7 ? -1 : k < 600 ? 1 : 2}`), 'tag', [300, 99, 299, 2]],
    ['branch', 'Code;Parent', Array.from({ length: 900 }, (_, k) => `t${k};${k ? `t${k >> 1}` : ''}`), 'code', [900, 0, 0, 0]],
    ['branch', head, dense('x'), 'code'], ['branch', head, dense('y'), null], ['branch', 'Code;Parent', ['z1;z0', 'z0;', 'z2;z0', 'z3;z2'], 'code', [3, 0, 0, 1]]
  ]
  for (const [section, heading, lines, key, expected] of files) {
    const id = await begin(Buffer.from(`${heading}\n${lines.join('\n')}\n`), section)
    await settled(id)
    const told = []
    for (const dry of [true, false]) {
      const i = await go(id, { dry, key })
      assert.equal(i.state, 'done', i.error)
      if (expected) assert.deepEqual(counts(i), { created: expected[0], updated: expected[1], unchanged: expected[2], rejected: expected[3] }, `${heading} ${key} ${dry}`)
      told.push([counts(i), app.sql(`select "row" from ostov.import_error where import_id = ${id} order by 1`)])
    }
    assert.deepEqual(told[0], told[1], `${heading} by ${key}`)
  }
  assert.ok(Number(app.sql('select count(*) from app.branch')[0][0]) > 1000)
})

test('by its id: a record that was exported is changed, an unknown id is a rejected row, a row without one is new', { skip }, async () => {
  const ids = []
  for (const tag of ['id1', 'id2']) ids.push((await clerk.post('/api/note', { text: `text ${tag}`, tag })).json.id)
  const text = `Id;Text;Tag\n${ids[0]};first edited;id1 too\n${ids[1]};text id2;id2\n987654321;nobody;\n;new one;id3\nx;;\n`
  const id = await begin(Buffer.from(text), 'note')
  let i = await settled(id)
  // an "Id" may be one of another system: nobody is changed by it unless it is chosen
  assert.deepEqual([i.columns.map((c) => c.to), i.key], [['id', 'text', 'tag'], 'tag'])
  for (const dry of [true, false]) {
    i = await go(id, { dry, key: 'id' })
    assert.deepEqual([i.state, counts(i)], ['done', { created: 1, updated: 1, unchanged: 1, rejected: 2 }], i.error)
    assert.deepEqual(i.errors.map((e) => [e.row, e.column, /987654321|number/.test(e.reason)]), [[4, 'Id', true], [6, 'Id', true]])
  }
  assert.deepEqual(app.sql(`select text, tag from app.note where id in (${ids}) order by id`), [['first edited', 'id1 too'], ['text id2', 'id2']])
  assert.deepEqual(app.sql("select text from app.note where tag = 'id3'"), [['new one']])
  const plain = execFileSync(program, ['export', 'note', '--database', databaseUrl(app.database)], { encoding: 'utf8', maxBuffer: 1 << 27 })
  const file = path.join(scratch, 'notes.csv')
  fs.writeFileSync(file, plain.split('\r\n').filter((line, k) => k === 0 || line.includes(',id')).join('\r\n').replace('first edited', 'first again'))
  const back = JSON.parse(execFileSync(program, ['import', file, '--section', 'note', '--database', databaseUrl(app.database), '--key', 'id', '--json'], { encoding: 'utf8' }))
  assert.deepEqual([back.created, back.updated, back.unchanged, back.rejected, back.key], [0, 1, 2, 0, 'id'])
  assert.deepEqual(app.sql(`select text from app.note where id = ${ids[0]}`), [['first again']])
})

test('the command line says by what records are found, and takes format and columns by hand', { skip }, () => {
  const file = path.join(scratch, 'hand.csv'), rejected = path.join(scratch, 'rejected.csv')
  const ostov = (text, ...args) => {
    fs.writeFileSync(file, text)
    const r = spawnSync(program, ['import', file, '--database', databaseUrl(app.database), ...args], { encoding: 'utf8' })
    return { ...r, json: r.stdout.startsWith('{') ? JSON.parse(r.stdout) : null }
  }
  assert.match(ostov('Text;Tag\nhand 1;hand1\n', '--section', 'note', '--key', 'none').stderr, /no key: each row becomes a new record \(--key tag /)
  assert.match(ostov('Text\nhand 2\n', '--section', 'note').stderr, /no key: each row becomes a new record$/m)
  assert.match(ostov('Tag;Text\nhand1;hand 1 again\n', '--section', 'note').stderr, /^key tag: /m)
  const named = ostov('Метка;Text\nhand1;hand 1 by hand\n', '--section', 'note', '--column', 'Метка=tag', '--json').json
  assert.deepEqual([named.key, named.updated], ['tag', 1])
  // a key that no column gives is refused, not forgotten
  const before = app.sql('select count(*) from app.note')
  for (const args of [['--key', 'tag'], ['--key', 'id'], ['--column', 'Text=']]) assert.equal(ostov('Text\nlost\n', '--section', 'note', ...args).status, 1, args.join())
  assert.match(ostov('Foo;Bar\n1;2\n', '--section', 'note').stderr, /No column of the file|Ни один столбец/)
  assert.deepEqual(app.sql('select count(*) from app.note'), before)
  const by = ostov('h1;Нова;1.234\nh2;Нова;1.5\nh3;Нова;many\n', '--section', 'branch', '--header-row', '0', '--decimal', '.', '--column', 'A=code', '--column', 'C=weight', '--column', 'B=parent.code+',
    '--key', 'code', '--json', '--rejected', rejected)
  assert.deepEqual([by.json?.created, by.json?.rejected], [2, 1], by.stderr + by.stdout)
  assert.deepEqual(app.sql("select b.code, p.code, b.weight from app.branch b join app.branch p on p.id = b.parent where b.code like 'h_' order by 1"), [['h1', 'Нова', '1.234'], ['h2', 'Нова', '1.500']])
  assert.equal(fs.readFileSync(rejected, 'utf8').split('\r\n')[1], 'h3;Нова;many;3;C;Weight: нужно число, а не «many»')
  for (const args of [['--column', 'Nowhere=code'], ['--column', 'A=nothing'], ['--column', 'A'], ['--encoding', 'klingon'], ['--date', 'often']]) assert.equal(ostov('A\n1\n', '--section', 'branch', ...args).status, 1, args.join())
  assert.equal(ostov('A\n1\n', '--section', 'branch', '--header-row', 'x').status, 2)
})

test('a key that nobody declared unique: found without reading all records for every batch', { skip }, async () => {
  const file = path.join(scratch, 'plain.csv'), n = 3000
  fs.writeFileSync(file, `Text;N\n${Array.from({ length: n }, (_, k) => `plain ${k % 2900};${k < 2900 ? 1 : 2}`).join('\n')}\n`)
  const read = () => Number(app.sql("select seq_tup_read from pg_stat_user_tables where relid = 'app.note'::regclass")[0][0])
  const ostov = (...args) => {
    const r = JSON.parse(spawnSync(program, ['import', file, '--section', 'note', '--key', 'text', '--json', '--database', databaseUrl(app.database), ...args], { encoding: 'utf8' }).stdout)
    return [r.created, r.updated, r.unchanged, r.rejected]
  }
  for (const args of [['--dry-run'], []]) assert.deepEqual(ostov(...args), [2900, 100, 0, 0], args.join())
  app.sql('vacuum analyze app.note')
  const all = Number(app.sql('select count(*) from app.note')[0][0]), before = read()
  assert.deepEqual(ostov(), [0, 200, 2800, 0])
  // 15 batches, of which the first three search and a fourth reads all
  await until('what was read is told', () => read() > before)
  assert.ok(read() - before < 8 * all, `${read() - before} of ${all} records read`)
})

test('rejected rows come back as they were meant: what the whole file showed of numbers and dates holds for the few', { skip }, async () => {
  const text = 'Code;Weight;Since\n' + Array.from({ length: 9 }, (_, k) => `m${k};${k}.5;0${k + 1}/13/2026\n`).join('') + 'm10;1.234;04/05/2026;more\nm11;2.345;04/06/2026\nm12;3000.5;04/07/2026\n'
  const id = await begin(Buffer.from(text), 'branch')
  let i = await settled(id)
  assert.deepEqual([i.format.decimal, i.format.date], ['.', 'mm/dd/yyyy'])
  i = await go(id, { dry: false })
  assert.deepEqual(counts(i), { created: 10, updated: 0, unchanged: 0, rejected: 2 }, JSON.stringify(i.errors))
  const file = (await clerk.get(`/ui/import/${id}/rejected`)).text
  assert.match(file, /;Row;Column;Reason \(1\.5 mm\/dd\/yyyy\)\r\n/)
  // once more refused, the reasons of the first time are replaced
  const again = await begin(Buffer.from(file.replace(';more', '')), 'branch')
  i = await settled(again)
  assert.deepEqual([i.format.decimal, i.format.date, i.columns.map((c) => c.to)], ['.', 'mm/dd/yyyy', ['code', 'weight', 'since', null, null, null]])
  i = await go(again, { dry: false })
  assert.deepEqual(counts(i), { created: 1, updated: 0, unchanged: 0, rejected: 1 }, JSON.stringify(i.errors))
  assert.deepEqual(app.sql("select weight, since from app.branch where code = 'm10'"), [['1.234', '2026-04-05']])
  const second = (await clerk.get(`/ui/import/${again}/rejected`)).text.trimEnd().split('\r\n')
  assert.deepEqual([second.length, second[0].split(';').length, second[1].split(';').slice(0, 5)], [2, 6, ['m12', '3000.5', '04/07/2026', '3', 'Weight']], second.join('\n'))
})

test('which rows are rejected, by whom and why: by the cell, by a rule, by the database, across batches', { skip }, async () => {
  // a firm that is made for a refused row, a value that is none, a rule, a text that another row of the file has: every tenth row one of them
  const faults = {
    3: (k) => [`text ${k}`, `tag${k}`, 'many', 'Old'], 13: (k) => [`text ${k}`, `tag${k}`, '-4', `New ${k}`], 23: (k) => [`text ${k}`, `tag${k - 1}`, '1', 'Old'], 33: (k) => [`text ${k}`, `tag${k}`, '1', 'Old', 'more']
  }
  const why = { 3: ['N', /number/], 13: ['N', /less than 0/], 23: ['Tag', /value is taken/], 33: [null, /5 cells, the heading 4/] }
  const n = 1000
  const lines = Array.from({ length: n }, (_, k) => (faults[k % 40]?.(k) ?? [`text ${k}`, `tag${k}`, k, 'Old']).join(';'))
  const bad = lines.map((_, k) => k).filter((k) => faults[k % 40])
  const id = await begin(Buffer.from(`Text;Tag;N;Firm\n${lines.join('\n')}\n`), 'note')
  const found = await settled(id)
  const columns = found.columns.map((c) => (c.name === 'Firm' ? { ...c, to: 'firm', by: 'name', create: true } : c))
  for (const dry of [true, false]) {
    const i = await go(id, { dry, columns, key: null })
    assert.deepEqual([i.state, i.done, counts(i)], ['done', n, { created: n - bad.length, updated: 0, unchanged: 0, rejected: bad.length }], `${dry} ${i.error} ${JSON.stringify(i.errors[0])}`)
    const told = app.sql(`select "row", coalesce("column", ''), reason from ostov.import_error where import_id = ${id} order by 1`)
    assert.deepEqual(told.map((e) => Number(e[0])), bad.map((k) => k + 2))
    for (const [row, column, reason] of told) {
      const [where, words] = why[(row - 2) % 40]
      assert.equal(column, where ?? '', `${row} ${reason}`)
      assert.match(reason, words)
    }
    const file = (await clerk.get(`/ui/import/${id}/rejected`)).text.replace(/^\ufeff/, '').trimEnd().split('\r\n').slice(1)
    assert.equal(file.length, bad.length)
    for (const [at, k] of bad.entries()) assert.ok(file[at].startsWith(`${lines[k]};`), file[at])
  }
  assert.deepEqual(app.sql("select f.name, count(*) from app.note n join app.firm f on f.id = n.firm where n.tag like 'tag%' group by 1"), [['Old', String(n - bad.length)]])
  assert.equal(app.sql("select count(*) from app.firm where name like 'New %'")[0][0], '0')
})

test('reasons are told in the language that the person has chosen', { skip }, async () => {
  try {
    assert.equal((await clerk.request('PATCH', '/auth/me', { language: 'ru' })).status, 200)
    const i = await go((await settled(await begin(Buffer.from('Code;N\nru1;many\n'), 'item'))).id, { dry: true, columns: [{ name: 'Code', to: 'code' }, { name: 'N', to: 'n' }], key: null })
    assert.match(i.errors[0].reason, /число/)
  } finally {
    await clerk.request('PATCH', '/auth/me', { language: 'en' })
  }
})

test('58: hostile files and names: refused with a reason, nothing read but the file itself, the next import goes on', { skip }, async () => {
  const book = (name, files) => {
    const out = path.join(scratch, name)
    execFileSync('python3', ['-c', `
import sys, zipfile, json
z = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)
for n, (text, times) in json.load(sys.stdin).items(): z.writestr(n, text + ' ' * times)
z.close()`, out], { input: JSON.stringify(files) })
    return fs.readFileSync(out)
  }
  const ns = 'http://schemas.openxmlformats.org'
  const workbook = [`<workbook xmlns="${ns}/spreadsheetml/2006/main" xmlns:r="${ns}/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`, 0]
  const relations = (target) => [`<Relationships xmlns="${ns}/package/2006/relationships"><Relationship Id="rId1" Type="t" Target="${target}"/></Relationships>`, 0]
  const parts = (sheet, target = 'worksheets/sheet1.xml') => ({ 'xl/workbook.xml': workbook, 'xl/_rels/workbook.xml.rels': relations(target), 'xl/worksheets/sheet1.xml': sheet })
  const text = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row><c t="inlineStr"><is><t>Code</t></is></c></row></sheetData></worksheet>'
  const cases = [
    ['bomb', book('bomb.xlsx', parts(['<worksheet><sheetData>', 200 << 20])), /more than an honest file/],
    ['entities', book('xxe.xlsx', parts([`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${text.replace('Code', '&e;')}`, 0])), /workbook cannot be read/],
    ['outside', book('outside.xlsx', parts([text, 0], '../../../../etc/passwd')), /a part is missing/],
    ['cell of a sheet', book('cell.xlsx', parts([text.replace('Code', 'x'.repeat((1 << 20) + 1)), 0])), /over 1 MB/],
    ['cell of a line', Buffer.from(`Code;N\n${'x'.repeat((1 << 20) + 1)};1\n`), /over 1 MB/],
    ['columns', Buffer.from(`${Array.from({ length: 501 }, (_, k) => `c${k}`).join(';')}\n`), /more than 500 columns/],
    ['quote', Buffer.from('Code;N\n"a;1\nb;2\n'), /never closed/],
  ]
  for (const [name, bytes, words] of cases) {
    const i = await settled(await begin(bytes, 'item'))
    assert.equal(i.state, 'failed', `${name} ${i.error}`)
    assert.match(i.error, words, name)
    assert.doesNotMatch(JSON.stringify(i), /root:/)
  }
  // a name is a name: nothing is opened or written by it
  for (const [sent, kept] of [['../../etc/passwd', /passwd$/], ['/etc/cron.d/x', /x$/], ['..\\\\..\\\\boot.ini', /boot\.ini$/], ['a\r\nSet-Cookie: x.csv', /x\.csv$/]]) {
    const r = await clerk.post('/files', Buffer.from('Code;N\nz;1\n'), { 'Content-Type': 'text/csv', 'X-File-Name': encodeURIComponent(sent) })
    if (r.status === 201) assert.match(r.json.name, kept)
    else assert.equal(r.status, 400, r.text)
    assert.equal(r.headers.get('set-cookie'), null)
    if (r.status === 201) assert.equal((await settled((await clerk.post('/ui/import', { section: 'item', file: r.json.id })).json.id)).state, 'ready')
  }
  assert.ok(!fs.existsSync('/etc/cron.d/x'))
})

test('a section leaves by the command line and comes back unchanged', { skip }, async () => {
  const database = ['--database', databaseUrl(app.database)]
  const csv = execFileSync(program, ['export', 'item', ...database], { encoding: 'utf8' })
  const n = Number(app.sql('select count(*) from app.item')[0][0])
  assert.ok(n > 0)
  assert.ok(csv.startsWith('\ufeff'))
  assert.equal(csv.trimEnd().split('\r\n').length, n + 1)
  const out = path.join(scratch, 'items.xlsx')
  assert.match(execFileSync(program, ['export', 'item', '--out', out, '--user', 'clerk', ...database], { encoding: 'utf8' }), new RegExp(`^${n} rows`))
  const back = JSON.parse(execFileSync(program, ['import', out, '--section', 'item', '--json', ...database], { encoding: 'utf8' }))
  assert.deepEqual([back.rows, back.unchanged, back.rejected], [n, n, 0])
  const missing = spawnSync(program, ['export', 'nothing', ...database], { encoding: 'utf8' })
  assert.equal(missing.status, 1)
  assert.match(missing.stderr, /no section 'nothing'/)
  assert.equal(spawnSync(program, ['export', 'item', '--list', 'nothing', ...database]).status, 1)
})

const data = process.env.OSTOV_SHARED && path.join(process.env.OSTOV_SHARED, 'data')
test('the customers\' files by the configuration\'s mappings', { skip: skip || (!data || !fs.existsSync(data)) && 'no shared data beside the checkout' }, async () => {
  const hotel = await startServer({ config: 'configs/hotel-contracts', sample: false })
  try {
    for (const [file, mapping, rows] of [['organisations.csv', 'organisations', 720], ['contracts-register-2017.csv', 'contracts_register', 50]])
      for (const [turn, dry] of [[0, true], [1, false], [2, true], [3, false]]) {
        const again = turn > 1
        const out = JSON.parse(execFileSync(program, ['import', path.join(data, file), '--mapping', mapping, '--json', ...(dry ? ['--dry-run'] : []), '--database', databaseUrl(hotel.database)], { encoding: 'utf8' }))
        assert.deepEqual([out.rows, out.created, out.unchanged, out.rejected], again ? [rows, 0, rows, 0] : [rows, rows, 0, 0], `${file} ${turn}`)
      }
  } finally {
    await hotel.stop()
  }
})
