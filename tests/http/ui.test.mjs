// What the generated application works with: settings, form, lookup, bulk, delete preview, search, export, files: SAFETY 21, 24, 26, 27, 56, 59. time-limit: 600
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { after, test } from 'node:test'
import { hasDatabase, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const app = skip ? null : await startServer()
after(() => app?.stop())
const people = {}
for (const login of skip ? [] : ['admin', 'ceo', 'manager', 'engineer', 'lawyer', 'partner', 'office']) people[login] = await app.signIn(login)
const { admin, ceo, manager, engineer, lawyer, partner, office } = people

const draft = async (more = {}) => {
  const r = await manager.post('/api/contract', { account_id: 1, subject: 'Черновик', ends_on: '2031-01-01', amount: 10, ...more })
  assert.equal(r.status, 201, r.text)
  return r.json.id
}
const upload = (client, body, type, name) => client.post('/files', body, { 'Content-Type': type, 'X-File-Name': encodeURIComponent(name) })

test('settings are kept per user, as they were sent', { skip }, async () => {
  const value = { columns: ['number', 'amount'], widths: { number: 120 }, name: 'Мой «список»', deep: [[1, 2.5, null, true]] }
  assert.equal((await manager.get('/ui/settings/list.contract')).status, 404)
  assert.equal((await manager.put('/ui/settings/list.contract', value)).status, 204)
  assert.deepEqual((await manager.get('/ui/settings/list.contract')).json, value)
  assert.equal((await manager.put('/ui/settings/list.contract', [1])).status, 204)
  assert.deepEqual((await manager.get('/ui/settings/list.contract')).json, [1])
  assert.equal((await engineer.get('/ui/settings/list.contract')).status, 404)
  assert.equal((await manager.put('/ui/settings/big', 'x'.repeat(70000), { 'Content-Type': 'application/json' })).status, 413)
  assert.equal((await manager.put('/ui/settings/bad', '{"a":', { 'Content-Type': 'application/json' })).status, 400)
  assert.equal((await manager.put('/ui/settings/a b', {})).status, 404)
  assert.equal((await manager.delete('/ui/settings/list.contract')).status, 405)
})

test('a form tells values, rules, faults and moves of a draft, and writes nothing', { skip }, async () => {
  const before = app.sql('select count(*) from app.contract')[0][0]
  const fresh = await manager.post('/ui/form/contract', { values: {} })
  assert.equal(fresh.status, 200, fresh.text)
  assert.equal(fresh.json.values.initiator_id, manager.user.id)
  assert.equal(fresh.json.fields.external_approver.hidden, true)
  const external = await manager.post('/ui/form/contract', { values: { route: 'external', amount: 2000000, starts_on: '2030-01-01', ends_on: '2029-01-01' }, changed: ['ends_on'] })
  assert.deepEqual([external.json.fields.external_approver.required, external.json.fields.note.required], [true, true])
  assert.ok(external.json.errors.some((e) => e.target === 'ends_on'), external.text)
  assert.equal(external.json.values.renew_on, '2028-12-01')
  const id = await draft({ ends_on: '2020-01-01' })
  const moves = (await manager.post('/ui/form/contract', { id, values: {} })).json.moves
  assert.equal(moves.find((m) => m.name === 'submit').allowed, false)
  assert.ok(moves.find((m) => m.name === 'submit').reason)
  assert.equal((await manager.post('/ui/form/contract', { id: await draft(), values: {} })).json.moves.find((m) => m.name === 'submit').allowed, true)
  assert.equal(Number(app.sql('select count(*) from app.contract')[0][0]), Number(before) + 2)
  assert.equal((await partner.post('/ui/form/contract', { values: { note: 'x' } })).status, 400)
})

test('a lookup offers what may be chosen, by words, with what tells them apart', { skip }, async () => {
  const r = await manager.post('/ui/lookup/contract/account', { q: 'ромаш', values: {} })
  assert.equal(r.json.items[0].title, 'ООО «Ромашка-Дизайн»')
  assert.ok(r.json.items[0].hints.length >= 1 && r.json.items[0].hints.length <= 3)
  assert.equal(r.json.create, true)
  const contacts = await manager.post('/ui/lookup/contract/contact', { q: '', values: { account_id: 1 } })
  const own = app.sql('select id from app.contact where account = 1').map(([id]) => Number(id)).sort()
  assert.deepEqual(contacts.json.items.map((i) => i.id).sort(), own)
  const few = await manager.post('/ui/lookup/contract/account', { q: '', values: {}, top: 2 })
  assert.deepEqual([few.json.items.length, few.json.more], [2, true])
  assert.equal((await manager.post('/ui/lookup/contract/nothing', { q: '' })).status, 404)
  assert.equal((await partner.post('/ui/lookup/contract/contact', { q: '' })).status, 404)
})

test('bulk: each record its own transaction, what fails is told with its reason', { skip }, async () => {
  const mine = [await draft(), await draft(), await draft()]
  const foreign = Number(app.sql(`select id from app.contract where initiator <> ${manager.user.id} and stage <> 'draft' limit 1`)[0][0])
  const changed = await manager.post('/ui/bulk/contract', { ids: [mine[0], foreign, mine[1], mine[0]], action: 'update', values: { subject: 'Вместе' } })
  assert.equal(changed.status, 200, changed.text)
  assert.equal(changed.json.done, 2)
  assert.deepEqual(changed.json.failed.map((f) => f.id), [foreign])
  assert.ok(changed.json.failed[0].error.code)
  assert.deepEqual(app.sql(`select distinct subject from app.contract where id in (${mine.slice(0, 2)})`), [['Вместе']])
  const moved = await manager.post('/ui/bulk/contract', { ids: mine.slice(0, 1), action: 'move', move: 'submit' })
  assert.equal(moved.json.done, 1, moved.text)
  const preview = await manager.post('/ui/delete/contract', { ids: mine })
  assert.equal(preview.json.deletable, 2)
  const gone = await manager.post('/ui/bulk/contract', { ids: mine, action: 'delete' })
  assert.deepEqual([gone.json.done, gone.json.failed.length, gone.json.failed[0].id], [2, 1, mine[0]])
  assert.equal(gone.json.failed[0].error.code, 'forbidden')
  for (const body of [{ ids: [], action: 'delete' }, { ids: mine, action: 'explode' }, { ids: mine, action: 'update' }, { ids: ['1;'], action: 'delete' }, { ids: Array.from({ length: 1001 }, (_, i) => i + 1), action: 'delete' }, { ids: mine, action: 'move', move: 'fly' }]) {
    const r = await manager.post('/ui/bulk/contract', body)
    assert.equal(r.status, 400, JSON.stringify(body).slice(0, 80))
  }
})

test('the preview of a deletion counts what goes along and what stands in the way', { skip }, async () => {
  const account = Number(app.sql('select account from app.contract group by account order by count(*) desc limit 1')[0][0])
  const r = await admin.post('/ui/delete/account', { ids: [account] })
  assert.equal(r.status, 200, r.text)
  if (r.json.blocked.length) {
    const of = r.json.blocked.find((b) => b.section === 'contract')
    assert.equal(of.count, Number(app.sql(`select count(*) from app.contract where account = ${account}`)[0][0]))
    assert.equal(r.json.deletable, 0)
  }
  const id = await draft({ payments: [{ due_on: '2030-01-01', amount: 1 }, { due_on: '2030-02-01', amount: 2 }] })
  const own = await manager.post('/ui/delete/contract', { ids: [id] })
  assert.deepEqual([own.json.counts.find((c) => c.section === 'planned_payment').count, own.json.blocked.length, own.json.deletable], [2, 0, 1])
  assert.equal((await engineer.post('/ui/delete/contract', { ids: [id] })).json.deletable, 0)
})

test('search goes through all sections, within rights', { skip }, async () => {
  const r = await ceo.get(`/ui/search?q=${encodeURIComponent('ромашка')}`)
  assert.ok(r.json.groups.find((g) => g.section === 'account').items.some((i) => i.title === 'ООО «Ромашка-Дизайн»'))
  for (const g of r.json.groups) assert.ok(g.items.length <= 5 && g.label)
  assert.deepEqual((await ceo.get('/ui/search?q=')).json, { groups: [] })
  assert.equal((await ceo.get(`/ui/search?q=${'x'.repeat(300)}`)).status, 400)
  const number = app.sql(`select number from app.contract where initiator = ${manager.user.id} limit 1`)[0][0]
  assert.ok((await manager.get(`/ui/search?q=${number}`)).json.groups.some((g) => g.section === 'contract'))
  assert.ok(!(await engineer.get(`/ui/search?q=${number}`)).json.groups.some((g) => g.section === 'contract'))
})

/** Texts and numbers of the first sheet by cell name. */
function sheet(bytes) {
  const files = {}
  for (let at = bytes.lastIndexOf(Buffer.from('PK\x05\x06')), i = 0, dir = bytes.readUInt32LE(at + 16); i < bytes.readUInt16LE(at + 10); i++) {
    const [size, n, x, c, start] = [bytes.readUInt32LE(dir + 20), bytes.readUInt16LE(dir + 28), bytes.readUInt16LE(dir + 30), bytes.readUInt16LE(dir + 32), bytes.readUInt32LE(dir + 42)]
    const name = bytes.toString('utf8', dir + 46, dir + 46 + n)
    const body = start + 30 + bytes.readUInt16LE(start + 26) + bytes.readUInt16LE(start + 28)
    files[name] = bytes.readUInt16LE(dir + 10) ? inflateRawSync(bytes.subarray(body, body + size)).toString() : bytes.toString('utf8', body, body + size)
    dir += 46 + n + x + c
  }
  return files['xl/worksheets/sheet1.xml']
}

test('21, 59: exports show titles and labels; a cell that looks like a formula is none', { skip }, async () => {
  const evil = '=HYPERLINK("http://evil.example","x")'
  const id = await draft({ subject: evil, note: '+7, "кавычки"\nи строка', amount: 1234567.89, route: 'short' })
  const options = `columns=number,subject,note,route,account,amount,ends_on,stage,created_at&$filter=id eq ${id}`
  const csv = await manager.get(`/ui/export/contract.csv?${options}`)
  assert.equal(csv.status, 200)
  assert.match(csv.headers.get('content-disposition'), /^attachment;.*filename\*=UTF-8''.*\.csv$/)
  const [head, row] = csv.text.replace(/^\uFEFF/, '').split('\r\n')
  assert.ok(head.startsWith('Номер,'))
  assert.ok(row.includes(`"'=HYPERLINK(""http://evil.example"",""x"")"`), row)
  assert.ok(csv.text.includes('"\'+7, ""кавычки""\nи строка"'))
  assert.ok(row.includes('Короткий') || csv.text.includes('Короткий'))
  assert.ok(csv.text.includes('ООО «Ромашка-Дизайн»') && csv.text.includes(',1234567.89,2031-01-01,Черновик,'))
  const xlsx = await manager.get(`/ui/export/contract.xlsx?${options}`)
  assert.equal(xlsx.status, 200)
  const cells = sheet(xlsx.bytes)
  assert.ok(!cells.includes('<f>'), 'no formula in the sheet')
  assert.ok(cells.includes('=HYPERLINK('))
  assert.ok(/<v>1234567\.89<\/v>/.test(cells), 'money is a number')
  assert.ok(cells.includes('<v>47849</v>'), 'a date is a day of the sheet')
  for (const bad of ['contract.pdf', 'contrakt.csv']) assert.equal((await manager.get(`/ui/export/${bad}`)).status, 404)
  for (const bad of ['columns=amuont', '$top=5', '$expand=account', '$filter=amuont eq 1', 'columns=,']) assert.equal((await manager.get(`/ui/export/contract.csv?${bad}`)).status, 400, bad)
})

test('an export writes columns beyond lookups, as the reader may see them, in the order asked for', { skip }, async () => {
  const id = await draft({ subject: 'Столбцы через ссылки', amount: 5 })
  const seen = (await manager.get(`/api/contract(${id})?$select=id&$expand=account($select=name),initiator($select=id;$expand=department($select=name))`)).json
  const [account, department] = [seen.account.name, seen.initiator.department.name]
  const get = (columns) => manager.get(`/ui/export/contract.csv?columns=${columns}&$filter=id eq ${id}`)
  const csv = await get('amount,account.kind,account.name,number,initiator.department.name,initiator.department,account.created_by,account.created_at')
  assert.equal(csv.status, 200, csv.text)
  const [head, row] = csv.text.replace(/^\uFEFF/, '').split('\r\n')
  assert.ok(head.startsWith('Сумма,Контрагент: Категория,Контрагент: Название,Номер,"Инициатор, Подразделение: Название",Инициатор: Подразделение,'), head)
  assert.ok(row.startsWith('5.00,'), row)
  assert.ok(row.includes(account) && row.includes(`,${department},${department},`), `${row} | ${account} ${department}`)
  const xlsx = await manager.get(`/ui/export/contract.xlsx?columns=number,account.name&$filter=id eq ${id}`)
  assert.ok(sheet(xlsx.bytes).includes(account))
  for (const bad of ['account.nothing', 'account.', '.name', 'amount.name', 'watchers.name', 'payments.amount', Array(12).fill('account').join('.')]) assert.equal((await get(bad)).status, 400, bad)
})

test('an export of many pages has every row once', { skip }, async () => {
  app.sql("insert into app.account (name, kind, created_at, changed_at, owner) select case when g % 4 = 0 then null else 'Выгрузка ' || g % 50 end, 'tenant', now(), now(), 6 from generate_series(1, 4200) g")
  const all = Number((await ceo.get('/api/account/$count')).text)
  for (const order of ['', '&$orderby=name', '&$orderby=name desc', '&$orderby=kind,name']) {
    const r = await ceo.get(`/ui/export/account.csv?columns=id,name${order}`)
    const ids = r.text.trim().split('\r\n').slice(1).map((l) => l.split(',')[0])
    assert.equal(ids.length, all, order)
    assert.equal(new Set(ids).size, all, order)
  }
})

test('a file goes up in pieces and comes down whole or in ranges', { skip }, async () => {
  const body = randomBytes(700001)
  const up = await upload(manager, body, 'application/pdf', '../../etc/Договор № 5.pdf')
  assert.equal(up.status, 201, up.text)
  assert.deepEqual([up.json.name, up.json.size, up.json.media_type], ['Договор № 5.pdf', 700001, 'application/pdf'])
  const id = await draft({ scan_id: up.json.id })
  const record = await manager.get(`/api/contract(${id})`, { Prefer: 'ostov.titles' })
  assert.equal(record.json['scan@ostov.file'].name, 'Договор № 5.pdf')
  const down = await manager.get(`/files/contract(${id})/scan`)
  assert.ok(down.bytes.equals(body))
  const part = await manager.get(`/files/contract(${id})/scan`, { Range: 'bytes=262140-524300' })
  assert.equal(part.status, 206)
  assert.equal(part.headers.get('content-range'), 'bytes 262140-524300/700001')
  assert.ok(part.bytes.equals(body.subarray(262140, 524301)))
  assert.ok((await manager.get(`/files/contract(${id})/scan`, { Range: 'bytes=-10' })).bytes.equals(body.subarray(-10)))
  assert.equal((await manager.get(`/files/contract(${id})/scan`, { Range: 'bytes=700001-' })).status, 416)
  assert.equal((await manager.get(`/files/contract(${id})/scan`, { 'If-None-Match': down.headers.get('etag') })).status, 304)
  const chunks = () => Number(app.sql('select count(*) from ostov.file_body')[0][0])
  const before = chunks()
  assert.equal((await upload(manager, body, 'application/pdf', 'again.pdf')).status, 201)
  assert.equal(chunks(), before, 'equal bodies are stored once')
  assert.equal((await upload(manager, '', 'text/plain', 'empty')).status, 400)
  const huge = randomBytes(3 << 20)
  const big = await upload(manager, huge, 'application/octet-stream', 'big.bin')
  const second = await draft({ scan_id: big.json.id })
  assert.ok((await manager.get(`/files/contract(${second})/scan`)).bytes.equals(huge))
})

test('24: a file shows with the rights of its record and field, asked again at each download', { skip }, async () => {
  const up = await upload(manager, 'secret', 'text/plain', 'a.txt')
  for (const client of [engineer, ceo]) {
    const stolen = await client.post('/api/contract', { account_id: 1, ends_on: '2031-01-01', scan_id: up.json.id })
    assert.equal(stolen.status, 400, stolen.text)
  }
  const id = await draft({ scan_id: up.json.id })
  assert.equal((await manager.get(`/files/contract(${id})/scan`)).text, 'secret')
  assert.equal((await engineer.get(`/files/contract(${id})/scan`)).status, 404)
  assert.equal((await app.anonymous().get(`/files/contract(${id})/scan`)).status, 401)
  await manager.patch(`/api/contract(${id})`, { watchers_ids: [engineer.user.id] })
  assert.equal((await engineer.get(`/files/contract(${id})/scan`)).status, 200)
  await manager.patch(`/api/contract(${id})`, { watchers_ids: [] })
  assert.equal((await engineer.get(`/files/contract(${id})/scan`)).status, 404)
  const again = await manager.post('/api/contract', { account_id: 1, ends_on: '2031-01-01', scan_id: up.json.id })
  assert.equal(again.status, 400, 'an upload belongs to one record')
  for (const target of [`/files/contract(${id})/note`, `/files/contract(${id})/scan/1`, '/files/contract(1)', '/files/1', '/files/']) assert.ok([404, 400].includes((await manager.get(target)).status), target)
})

test('several files of a record are reached by their ids', { skip }, async () => {
  const ids = []
  for (const n of ['один', 'два']) ids.push((await upload(office, `тело ${n}`, 'text/plain', `${n}.txt`)).json.id)
  const made = await office.post('/api/outgoing_letter', { subject: 'Письмо', addressee_id: 1, sender_id: 1, scans_ids: ids })
  assert.equal(made.status, 201, made.text)
  assert.equal((await office.get(`/files/outgoing_letter(${made.json.id})/scans/${ids[1]}`)).text, 'тело два')
  assert.equal((await office.get(`/files/outgoing_letter(${made.json.id})/scans/${ids[1] + 1}`)).status, 404)
  assert.equal((await office.get(`/files/outgoing_letter(${made.json.id})/scans`)).status, 404)
  assert.equal((await engineer.get(`/files/outgoing_letter(${made.json.id})/scans/${ids[1]}`)).status, 404)
})

test('56: whatever was brought is saved, never shown as a page of this site', { skip }, async () => {
  for (const [type, name, body] of [['text/html', 'x.html', '<script>alert(1)</script>'], ['image/svg+xml', 'x.svg', '<svg onload="alert(1)"/>'], ['text/html; charset=utf-7\u0020', 'x.png', '+ADw-script'], ['not a type', 'x\u202Egpj.exe', 'MZ']]) {
    const up = await upload(manager, body, type, name)
    assert.equal(up.status, 201, up.text)
    const id = await draft({ scan_id: up.json.id })
    const r = await manager.get(`/files/contract(${id})/scan`)
    assert.match(r.headers.get('content-disposition'), /^attachment;/)
    assert.equal(r.headers.get('x-content-type-options'), 'nosniff')
    assert.match(r.headers.get('content-security-policy'), /sandbox/)
    assert.ok(!up.json.name.includes('\u202E'))
    assert.ok(!r.headers.get('content-type').includes('charset=utf-7'))
  }
})

test('26, 27: a bulk change and a bound or nested write are checked like any other', { skip }, async () => {
  const id = await draft({ payments: [{ due_on: '2030-01-01', amount: 5 }] })
  for (const values of [{ planned: 5 }, { id: 7 }, { created_by_id: 1 }, { number: 'C-1' }, { nonexistent: 1 }]) {
    const r = await manager.post('/ui/bulk/contract', { ids: [id], action: 'update', values })
    const refused = r.status === 400 || (r.status === 200 && r.json.done === 0 && r.json.failed[0].error.code !== undefined)
    assert.ok(refused, `${JSON.stringify(values)}: ${r.text}`)
  }
  const nested = await manager.patch(`/api/contract(${id})`, { subject: 'новое', 'payments@delta': [{ due_on: '2030-01-01', amount: -5 }] })
  assert.equal(nested.status, 400, nested.text)
  assert.equal(nested.json.error.details[0].target, 'payments/0/amount')
  assert.equal(app.sql(`select subject from app.contract where id = ${id}`)[0][0], 'Черновик')
  const bound = await manager.patch(`/api/contract(${id})`, { 'account@odata.bind': 'account(999999)' })
  assert.equal(bound.status, 400, bound.text)
  const lines = await lawyer.patch(`/api/contract(${id})`, { 'payments@delta': [{ due_on: '2030-01-01', amount: 5 }] })
  assert.ok([400, 403].includes(lines.status), lines.text)
})
