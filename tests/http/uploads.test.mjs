// What uploads leave behind, and whose they are: SAFETY 24, 65, 69, 71. time-limit: 600
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { after, test } from 'node:test'
import { hasDatabase, session as sessionOf, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const scratch = fs.mkdtempSync(path.join(process.env.OSTOV_TEST_TMP ?? '/tmp', 'uploads-'))
fs.chmodSync(scratch, 0o777)
const app = skip ? null : await startServer({ env: { TMPDIR: scratch } })
const manager = skip ? null : await app.signIn('manager')
after(() => app?.stop())

const upload = (c, body, name = 'a.bin') => c.post('/files', body, { 'Content-Type': 'application/octet-stream', 'X-File-Name': encodeURIComponent(name) })
const draft = async (more) => {
  const r = await manager.post('/api/contract', { account_id: 1, ends_on: '2031-01-01', ...more })
  assert.equal(r.status, 201, r.text)
  return r.json.id
}
const files = () => new Set(app.sql('select id from app.file').map((r) => Number(r[0])))
const bodies = () => new Set(app.sql("select encode(sha256, 'hex') from ostov.file_body where chunk = 0").map((r) => r[0]))
const age = (ids) => app.sql(`update app.file set created_at = created_at - interval '25 hours' where id in (${ids.join(',')})`)
const sweep = () => app.sql("notify ostov_job, 'sweep'")
const digest = (id) => app.sql(`select sha256 from app.file where id = ${id}`)[0][0]

const session = () => sessionOf(app.database)

test('uploads that no record took go after a day with their bodies; what is held or young stays', { skip }, async () => {
  const id = {}
  const same = randomBytes(3000)
  for (const k of ['left', 'taken', 'young', 'imported', 'many']) id[k] = (await upload(manager, randomBytes(300000), k)).json.id
  id.twin = (await upload(manager, same, 'twin')).json.id
  id.held = (await upload(manager, same, 'held')).json.id
  await draft({ scan_id: id.taken })
  await draft({ scan_id: id.held })
  const office = await app.signIn('office')
  id.scan = (await upload(office, 'scan of a letter', 'scan')).json.id
  const letter = await office.post('/api/outgoing_letter', { subject: 'Письмо', addressee_id: 1, sender_id: 1, scans_ids: [id.scan] })
  assert.equal(letter.status, 201, letter.text)
  app.sql(`insert into ostov.import (section, file_id, mapping, state, user_id, created_at) values ('account', ${id.imported}, '{}', 'ready', ${manager.user.id}, clock_timestamp())`)
  const sum = Object.fromEntries(Object.entries(id).map(([k, v]) => [k, digest(v)]))
  // all but one are old
  age(Object.entries(id).filter(([k]) => k !== 'young').map(([, v]) => v))
  sweep()
  await until('the bodies left over are gone', () => !bodies().has(sum.left) && !bodies().has(sum.many))
  const there = files()
  for (const k of ['left', 'twin', 'many']) assert.ok(!there.has(id[k]), `${k} is still there`)
  for (const k of ['taken', 'held', 'young', 'imported', 'scan']) {
    assert.ok(there.has(id[k]), `${k} is gone`)
    assert.ok(bodies().has(sum[k]), `the body of ${k} is gone`)
  }
  assert.equal((await office.get(`/files/outgoing_letter(${letter.json.id})/scans/${id.scan}`)).text, 'scan of a letter')
})

test('a file goes after its record or its replacement, and a body without any row at once', { skip }, async () => {
  const first = (await upload(manager, randomBytes(600000), 'first')).json.id
  const second = (await upload(manager, randomBytes(600000), 'second')).json.id
  const third = (await upload(manager, randomBytes(600000), 'third')).json.id
  const replaced = await draft({ scan_id: first })
  assert.equal((await manager.patch(`/api/contract(${replaced})`, { scan_id: second })).status, 200)
  const deleted = await draft({ scan_id: third })
  assert.equal((await manager.delete(`/api/contract(${deleted})`)).status, 204)
  const sums = [first, second, third].map(digest)
  app.sql("insert into ostov.file_body select sha256('orphan'), n, 'x' from generate_series(0, 2) n")
  age([first, second, third])
  sweep()
  await until('what nobody holds is gone', () => !bodies().has(sums[0]) && !bodies().has(sums[2]) && app.sql("select 1 from ostov.file_body where sha256 = sha256('orphan')").length === 0)
  assert.ok(files().has(second) && !files().has(first) && !files().has(third))
  assert.equal((await manager.get(`/files/contract(${replaced})/scan`)).bytes.length, 600000)
  const history = await manager.get(`/ui/history/contract/${replaced}`)
  assert.equal(history.status, 200, history.text)
  // what is gone is known by the name that it had
  const scans = history.json.items.flatMap((item) => item.changes).filter((c) => c.field === 'scan')
  assert.deepEqual(scans.map((c) => [c.old?.title ?? null, c.new?.title ?? null]), [['first', 'second'], [null, 'first']])
})

test('the history of several files names those that were taken away', { skip }, async () => {
  const office = await app.signIn('office')
  const one = (await upload(office, 'page one', 'one.txt')).json.id
  const two = (await upload(office, 'page two', 'two.txt')).json.id
  const letter = (await office.post('/api/outgoing_letter', { subject: 'Листы', addressee_id: 1, sender_id: 1, scans_ids: [one, two] })).json.id
  assert.equal((await office.patch(`/api/outgoing_letter(${letter})`, { scans_ids: [two] }, { 'If-Match': '*' })).status, 200)
  age([one, two])
  sweep()
  await until('the one taken away is gone', () => !files().has(one))
  const { items } = (await office.get(`/ui/history/outgoing_letter/${letter}`)).json
  const change = items.flatMap((item) => item.changes).find((c) => c.field === 'scans')
  assert.deepEqual([change.old.map((v) => v.title), change.new.map((v) => v.title)], [['one.txt', 'two.txt'], ['two.txt']])
})

test('a record that is being saved keeps its old upload; one that comes too late is told', { skip }, async () => {
  const kept = (await upload(manager, randomBytes(1000), 'kept')).json.id
  const gone = (await upload(manager, randomBytes(1000), 'gone')).json.id
  const contract = await draft({})
  age([kept, gone])
  // as a save in another process: the reference is written, its transaction still open while the sweep looks
  const save = session()
  const column = app.sql("select physical from ostov.object where kind = 'field' and path = 'contract.scan' and dropped_at is null")[0][0]
  await save.run('begin')
  await save.run(`update app.contract set ${column} = ${kept} where id = ${contract}`)
  sweep()
  await until('the other upload is gone', () => !files().has(gone))
  assert.ok(files().has(kept))
  await save.end('commit')
  sweep()
  const marker = (await upload(manager, randomBytes(1000), 'marker')).json.id
  age([marker])
  sweep()
  await until('a later sweep has passed', () => !files().has(marker))
  assert.ok(files().has(kept), 'a file that a record holds was removed')
  const late = await manager.post('/api/contract', { account_id: 1, ends_on: '2031-01-01', scan_id: gone })
  assert.equal(late.status, 400, late.text)
  assert.equal(late.json.error.target, 'scan')
})

test('an upload whose equal body is being removed stores it again', { skip }, async () => {
  const body = randomBytes(700000)
  const first = (await upload(manager, body, 'first')).json.id
  const sum = digest(first)
  // the sweep as another process: it has the body's lock and is about to remove it
  app.sql(`delete from app.file where id = ${first}`)
  const remove = session()
  await remove.run('begin')
  await remove.run(`select 1 from ostov.file_body where sha256 = decode('${sum}', 'hex') and chunk = 0 for update`)
  const second = upload(manager, body, 'second')
  await until('the upload waits for the lock', () => app.sql("select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%FOR KEY SHARE%'").length > 0)
  await remove.run(`delete from ostov.file_body where sha256 = decode('${sum}', 'hex')`)
  await remove.end('commit')
  const again = await second
  assert.equal(again.status, 201, again.text)
  const contract = await draft({ scan_id: again.json.id })
  assert.ok((await manager.get(`/files/contract(${contract})/scan`)).bytes.equals(body))
})

test("24: nobody takes, reads or replaces somebody else's upload", { skip }, async () => {
  const up = await upload(manager, 'not yours', 'private.txt')
  const admin = await app.signIn('admin')
  const office = await app.signIn('office')
  for (const [who, act] of Object.entries({
    'as one file': () => admin.post('/api/contract', { account_id: 1, ends_on: '2031-01-01', scan_id: up.json.id }),
    'as one of several': () => office.post('/api/outgoing_letter', { subject: 'Письмо', addressee_id: 1, sender_id: 1, scans_ids: [up.json.id] }),
    'into an import': () => admin.post('/ui/import', { section: 'account', file: up.json.id })
  })) {
    const r = await act()
    assert.ok([400, 403, 404].includes(r.status), `${who}: ${r.status} ${r.text}`)
    assert.ok(!r.text.includes('private.txt') && !r.text.includes('not yours'), who)
  }
  // by patch, of a record that is one's own
  const letter = await office.post('/api/outgoing_letter', { subject: 'Письмо', addressee_id: 1, sender_id: 1 })
  assert.equal(letter.status, 201, letter.text)
  assert.equal((await office.patch(`/api/outgoing_letter(${letter.json.id})`, { scans_ids: [up.json.id] })).status, 400)
  for (const target of [`/files/${up.json.id}`, `/files/file(${up.json.id})/body`, `/files/file(${up.json.id})/name`, `/files/outgoing_letter(${letter.json.id})/scans/${up.json.id}`]) {
    const r = await office.get(target)
    assert.ok([400, 404].includes(r.status), `${target}: ${r.status}`)
    assert.ok(!r.text.includes('not yours'))
  }
  assert.equal((await office.get(`/api/file(${up.json.id})`)).status, 404)
  // it still is its uploader's
  const mine = await draft({ scan_id: up.json.id })
  assert.equal((await manager.get(`/files/contract(${mine})/scan`)).text, 'not yours')
})

test('69: killed workers leave no temporary file', { skip }, async () => {
  const head = `POST /files HTTP/1.1\r\nHost: 127.0.0.1:${app.port}\r\nCookie: ${[...manager.cookies].map(([k, v]) => `${k}=${v}`).join('; ')}\r\nX-CSRF-Token: ${manager.csrf}\r\nContent-Type: application/octet-stream\r\nContent-Length: 9000000\r\n\r\n`
  // whatever has a name for a moment could keep it
  const named = []
  const watcher = fs.watch(scratch, (_, name) => named.push(name))
  const s = net.connect(app.port, '127.0.0.1')
  s.on('error', () => {})
  s.write(head)
  s.write(randomBytes(4000000))
  const pids = () => fs.readFileSync(`/proc/${app.child.pid}/task/${app.child.pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean)
  const open = () => pids().flatMap((pid) => {
    try {
      return fs.readdirSync(`/proc/${pid}/fd`).map((fd) => fs.readlinkSync(`/proc/${pid}/fd/${fd}`))
    } catch {
      return []
    }
  })
  await until('the upload is on disk', () => open().some((f) => f.startsWith(scratch)))
  assert.deepEqual(fs.readdirSync(scratch), [])
  for (const pid of pids()) process.kill(Number(pid), 'SIGKILL')
  await until('the server is back', () => fetch(`${app.url}/health`).then((r) => r.ok, () => false))
  assert.deepEqual(fs.readdirSync(scratch), [])
  s.destroy()
  const book = await manager.get('/ui/export/contract.xlsx')
  assert.equal(book.status, 200)
  assert.equal(book.bytes.subarray(0, 2).toString(), 'PK')
  fs.writeFileSync(path.join(scratch, 'last'), '')
  await until('the watcher has told everything', () => named.includes('last'))
  watcher.close()
  // '#…' has no name; 'tmp.…' is the xlsx library's own, unlinked as soon as it is open
  assert.deepEqual(named.filter((n) => n !== 'last' && !/^(#\d+|tmp\..*)$/.test(n)), [])
  assert.deepEqual(fs.readdirSync(scratch), ['last'])
})
