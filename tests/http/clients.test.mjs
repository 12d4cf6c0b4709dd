// Clients that leave while they are served: SAFETY 67. time-limit: 600
import assert from 'node:assert/strict'
import net from 'node:net'
import { after, test } from 'node:test'
import { hasDatabase, session, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const app = skip ? null : await startServer()
const manager = skip ? null : await app.signIn('manager')
after(() => app?.stop())

/** A session that runs `text` in a transaction and keeps it open until `end()`. */
async function hold(text) {
  const held = session(app.database)
  await held.run(`begin; ${text}`)
  return held
}

const head = () => `Host: 127.0.0.1:${app.port}\r\nCookie: ${[...manager.cookies].map(([k, v]) => `${k}=${v}`).join('; ')}\r\nX-CSRF-Token: ${manager.csrf}\r\n`

function ask(text) {
  const s = net.connect(app.port, '127.0.0.1')
  s.got = ''
  s.on('data', (d) => (s.got += d))
  s.on('error', () => {})
  s.write(text)
  return s
}

/** Statements on `table` of this server that wait for a lock longer than the fast lane lets them. */
const waiting = (table, more = '') =>
  app.sql(`select pid from pg_stat_activity where datname = current_database() and application_name = 'ostov web' and wait_event_type = 'Lock'
    and query like '%${table}%' and clock_timestamp() - query_start > interval '400 ms' ${more}`).map((row) => row[0])

test('67: the long read of a client that leaves ends with it; others of the same lane never do', { skip }, async () => {
  const lock = await hold('lock table app.account in access exclusive mode')
  let stop = false
  const bad = []
  // counts run on the slow lane, beside those that are cancelled and on the connections after them
  const others = (async () => {
    for (let n = 0; !stop; n++) {
      const r = await manager.get('/api/incoming_letter?$top=1&$count=true')
      if (r.status !== 200) bad.push(`${n}: ${r.status} ${r.text}`)
    }
  })()
  for (let i = 0; i < 8; i++) {
    const s = ask(`GET /api/account?$top=${i + 1} HTTP/1.1\r\n${head()}\r\n`)
    await until('the read waits on the slow lane', () => waiting('account').length === 1)
    // the last one only stops sending: whoever does not take the answer in looks no different, and the connection may end without one
    if (i < 7) s.destroy()
    else s.end()
    await until('its statement is gone', () => waiting('account').length === 0, 30000)
    if (i === 7) await until('its connection ends', () => s.destroyed && /^(HTTP\/1.1 503 .*)?$/s.test(s.got), 30000)
  }
  stop = true
  await others
  await lock.end()
  assert.deepEqual(bad, [])
  for (let i = 0; i < 20; i++) assert.equal((await manager.get('/api/account?$top=1&$count=true')).status, 200)
})

test('67: one who leaves while waiting for a slow connection runs nothing when there is one', { skip }, async () => {
  const lock = await hold('lock table app.account in access exclusive mode')
  const kept = Array.from({ length: 12 }, () => ask(`GET /api/account?$top=1 HTTP/1.1\r\n${head()}\r\n`))
  await until('the slow lanes are full', () => waiting('account').length >= 2)
  for (const s of kept) s.destroy()
  await until('all statements are gone', () => waiting('account').length === 0, 30000)
  await lock.end()
  assert.equal((await manager.get('/api/account?$top=1')).status, 200)
})

test('67: the write of a client that leaves goes on', { skip }, async () => {
  const id = Number(app.sql('select min(id) from app.account')[0][0])
  const before = await manager.get(`/api/account(${id})`)
  assert.equal(before.status, 200, before.text)
  const lock = await hold(`select 1 from app.account where id = ${id} for update`)
  const body = JSON.stringify({ note: 'written though nobody waited' })
  const s = ask(`PATCH /api/account(${id}) HTTP/1.1\r\n${head()}Content-Type: application/json\r\nContent-Length: ${body.length}\r\nIf-Match: ${before.json['@odata.etag']}\r\n\r\n${body}`)
  await until('the write waits', () => waiting('account').length === 1)
  s.destroy()
  // longer than it takes to notice and cancel
  await until('the write still waits', () => waiting('account', "and clock_timestamp() - query_start > interval '1500 ms'").length === 1, 30000)
  await lock.end()
  await until('it is written', async () => (await manager.get(`/api/account(${id})?$select=note`)).json.note === 'written though nobody waited', 30000)
})
