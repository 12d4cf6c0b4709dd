// GET /ui/events: open pages hear what others change, with the reader's own rights at that moment. time-limit: 600
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { databaseUrl, hasDatabase, program, sleep, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const password = 'a long password 1'
let app, dir, ann, bob
const desks = {}

const module = 'module "live" { label = "Live", version = "1.0.0", core = "1", language = "en" }\n'
const sections = `
section "desk" { label = "Desk", plural = "Desks", title = "{name}", text "name" { required = true }, lookup "holder" { to = "user" },
  detail "lines" { section = "line", by = "desk", owned = true }, rollup "total" { "sum(lines, amount)" } }
section "line" { label = "Line", plural = "Lines", title = "{word}", text "word" {}, integer "amount" {}, lookup "desk" { to = "desk" } }
section "safe" { label = "Safe", plural = "Safes", title = "{name}", text "name" {} }
role "chief" { label = "Chief" }
role "clerk" { label = "Clerk" }
allow "chief" { on = { "desk", "safe", "user" }, create = true, read = true, update = true, delete = true }
allow "clerk" { on = "desk", read = "holder == me", update = "holder == me" }
`

before(async () => {
  if (skip) return
  dir = path.join(scratch, 'live')
  fs.mkdirSync(path.join(dir, 'sections'), { recursive: true })
  fs.writeFileSync(path.join(dir, 'module.lua'), module)
  fs.writeFileSync(path.join(dir, 'sections/all.lua'), sections)
  app = await startServer({ config: dir, sample: false, args: ['--workers', '2'] })
  for (const [login, role] of [['ann', 'chief'], ['bob', 'clerk']]) {
    const r = spawnSync(program, ['user', 'add', login, '--name', login, '--language', 'en', '--role', role, '--password-stdin', '--database', databaseUrl(app.database)], { input: `${password}\n`, encoding: 'utf8' })
    assert.equal(r.status, 0, r.stderr)
  }
  ann = await app.signIn('ann', password)
  bob = await app.signIn('bob', password)
  for (const name of ['a', 'b', 'strange', 'out', ...Array.from({ length: 5 }, (_, i) => `burst ${i}`)]) desks[name] = await made(ann, 'desk', { name })
  desks.lines = await made(ann, 'desk', { name: 'with lines', lines: [{ word: 'x', amount: 1 }] })
  desks.own = await made(ann, 'desk', { name: 'own', holder_id: bob.user.id })
})
after(() => app?.stop())

/** A stream as a browser reads it: what came so far, and its end. */
async function listen(client, query) {
  const stop = new AbortController()
  const r = await fetch(`${app.url}/ui/events?${query}`, { signal: stop.signal, headers: { Cookie: [...client.cookies].map(([k, v]) => `${k}=${v}`).join('; ') } })
  const s = { status: r.status, type: r.headers.get('content-type'), text: '', ended: false, close: () => stop.abort() }
  s.events = () => [...s.text.matchAll(/event: change\ndata: (.*)\n\n/g)].map((m) => JSON.parse(m[1]))
  const decoder = new TextDecoder()
  s.done = (async () => {
    try {
      for await (const piece of r.body) s.text += decoder.decode(piece, { stream: true })
    } catch {
      // closed by ourselves
    }
    s.ended = true
  })()
  if (r.status === 200) await until('the stream is open', () => s.text.includes('event: open'))
  return s
}

const made = async (client, section, body) => {
  const r = await client.post(`/api/${section}`, body)
  assert.equal(r.status, 201, r.text)
  return r.json.id
}

test('a change of a shown record is told with its id, of another only that there is one', { skip }, async () => {
  const { a, b } = desks
  const s = await listen(ann, `desk=${a}`)
  assert.equal(s.type, 'text/event-stream')
  // what was changed within the last five seconds is told to a page that opens: each change here is waited for behind what came before it
  const after = async (what, act, fits) => {
    const before = s.events().length
    await act()
    return until(what, () => s.events().slice(before).find(fits))
  }
  const changed = await after('the change', () => ann.patch(`/api/desk(${a})`, { name: 'a2' }), (e) => e.changed.length)
  assert.deepEqual([changed.section, changed.changed, changed.gone], ['desk', [a], []])
  const other = await after('the other', () => ann.patch(`/api/desk(${b})`, { name: 'b2' }), (e) => e.more)
  assert.deepEqual(other, { section: 'desk', changed: [], gone: [], more: true })
  const gone = await after('the end', () => ann.delete(`/api/desk(${a})`), (e) => e.gone.length)
  assert.deepEqual([gone.section, gone.changed, gone.gone], ['desk', [], [a]])
  s.close()
})

test('a line and a rollup over it are changes of the record that holds them', { skip }, async () => {
  const desk = desks.lines
  const lines = (await ann.get(`/api/desk(${desk})?$expand=lines`)).json.lines
  const s = await listen(ann, `desk=${desk}&line=${lines[0].id}`)
  await ann.patch(`/api/desk(${desk})`, { 'lines@delta': [{ id: lines[0].id, amount: 7 }] })
  await until('both', () => new Set(s.events().flatMap((e) => e.changed.map((id) => `${e.section} ${id}`))).size === 2)
  assert.deepEqual(s.events().filter((e) => e.changed.length).map((e) => [e.section, e.changed]).sort(), [['desk', [desk]], ['line', [lines[0].id]]])
  s.close()
})

test('SAFETY 20, 23: nothing of records that the reader does not see; what is taken away goes', { skip }, async () => {
  const { own, strange } = desks
  const s = await listen(bob, `desk=${own},${strange}`)
  const watch = await listen(ann, `desk=${strange},${own}`)
  await ann.patch(`/api/desk(${strange})`, { name: 'strange 2' })
  await until('the chief hears', () => watch.events().length > 0)
  await ann.patch(`/api/desk(${own})`, { name: 'own 2' })
  await until('bob hears of his own', () => s.events().length > 0)
  await ann.patch(`/api/desk(${own})`, { holder_id: null })
  await until('it is taken away', () => s.events().some((e) => e.gone.length))
  const told = s.events()
  // the one that he named and does not see is neither changed, nor gone, nor more
  assert.deepEqual(told.pop(), { section: 'desk', changed: [], gone: [own], more: false })
  for (const e of told) assert.deepEqual(e, { section: 'desk', changed: [own], gone: [], more: false })
  const heard = watch.events().length
  await ann.patch(`/api/desk(${own})`, { name: 'own 3' })
  await until('the chief hears of the last', () => watch.events().slice(heard).some((e) => e.changed.includes(own)))
  await sleep(1500)
  assert.equal(s.events().length, told.length + 1)
  for (const [client, query, status] of [[bob, 'safe=1', 404], [bob, 'nothing=1', 404], [ann, 'desk=x', 400], [ann, 'desk=-1', 400], [ann, `desk=${Array.from({ length: 501 }, (_, i) => i + 1)}`, 400]])
    assert.equal((await listen(client, query)).status, status, query)
  assert.equal((await app.anonymous().get('/ui/events')).status, 401)
  s.close()
  watch.close()
})

test('a page that opens just after a change hears of it', { skip }, async () => {
  await ann.patch(`/api/desk(${desks.lines})`, { name: 'just now' })
  const s = await listen(ann, `desk=${desks.lines}`)
  await until('the change', () => s.events().some((e) => e.changed.includes(desks.lines)))
  s.close()
})

test('a burst is one event a second', { skip }, async () => {
  const ids = Array.from({ length: 5 }, (_, i) => desks[`burst ${i}`])
  const s = await listen(ann, `desk=${ids}`)
  const begun = Date.now()
  for (let round = 0; round < 10; round++) for (const id of ids) await ann.patch(`/api/desk(${id})`, { name: `burst ${round} ${id}` })
  await until('all are told', () => new Set(s.events().flatMap((e) => e.changed)).size === ids.length)
  await sleep(1500)
  assert.ok(s.events().length <= Math.floor((Date.now() - begun) / 1000) + 1, `${s.events().length} events`)
  s.close()
})

test('the 21st page of one user does not watch; a page that closed gives its place back', { skip }, async () => {
  const open = []
  // two workers: each counts its own
  while (open.length < 60) {
    const s = await listen(ann, 'desk=')
    open.push(s)
    if (s.status !== 200) break
  }
  assert.equal(open.at(-1).status, 503)
  for (const s of open) s.close()
  await until('places are free', async () => {
    const s = await listen(ann, 'desk=')
    s.close()
    return s.status === 200
  })
})

test('11: signing out ends the stream; so does a new configuration', { skip }, async () => {
  const id = desks.out
  const eve = await app.signIn('ann', password)
  const s = await listen(eve, `desk=${id}`)
  assert.equal((await eve.post('/auth/logout')).status, 204)
  let n = 0
  await until('the stream ends', async () => {
    await ann.patch(`/api/desk(${id})`, { name: `out ${n++}` })
    return s.ended
  })
  assert.deepEqual(s.events().flatMap((e) => e.changed), [])
  const two = await listen(ann, `desk=${id}`)
  fs.writeFileSync(path.join(dir, 'sections/all.lua'), sections.replace('text "name" {} }', 'text "name" {}, text "more" {} }'))
  const r = spawnSync(program, ['apply', dir, '--database', databaseUrl(app.database)], { encoding: 'utf8' })
  assert.equal(r.status, 0, r.stderr)
  await until('the stream ends', () => two.ended)
})

test('a stream ends when the connection that listens for it breaks: the page reads again', { skip }, async () => {
  const s = await listen(ann, 'desk=')
  await until('the listener is found', () => Number(app.sql("select count(pg_terminate_backend(pid)) from pg_stat_activity where query ilike 'listen%' and datname = current_database()")[0][0]) > 0)
  await until('the stream ends', () => s.ended)
})

test('70: a server that stops does not wait for its pages', { skip }, async () => {
  const s = await listen(ann, 'desk=')
  await app.stop()
  assert.doesNotMatch(app.output(), /did not end within|ended by signal/)
  await s.done
})
