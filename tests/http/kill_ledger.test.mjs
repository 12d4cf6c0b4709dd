// kill -9 of all workers at random moments under write load, writers retrying with Idempotency-Key against a ledger kept outside: no acknowledged
// write is lost, none is doubled. SAFETY 8, 69. time-limit: 600
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { hasDatabase, sleep, sql, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const kills = Number(process.env.KILLS ?? 100)
const writers = 8
let app

before(async () => {
  if (hasDatabase) app = await startServer({ config: 'configs/hotel-contracts' })
})
after(() => app?.stop())

test(`${kills} kills of all workers: no acknowledged write lost or doubled`, { skip, timeout: 390000 }, async () => {
  const manager = await app.signIn('manager')
  const account = (await manager.get('/api/account?$top=1')).json.value[0].id
  const ledger = new Set() // subjects whose creation was acknowledged
  const changed = new Map() // subject → result that was acknowledged last
  let stop = false
  let retries = 0

  /** Repeats one write until it is acknowledged; the key makes the repetition harmless. */
  async function acknowledged(method, address, body, key) {
    for (let tries = 0; tries < 400; tries++) {
      try {
        const answer = await manager.request(method, address, body, { 'Idempotency-Key': key })
        if (answer.status < 300) return answer.json
        if (answer.status < 500) assert.fail(`${method} ${address}: ${answer.status} ${answer.text}`)
      } catch (e) {
        if (e instanceof assert.AssertionError) throw e
      }
      retries++
      await sleep(30 + Math.random() * 70)
    }
    assert.fail(`${method} ${address} was not acknowledged in 400 tries`)
  }

  async function writer(n) {
    for (let i = 0; !stop; i++) {
      const subject = `ledger ${n} ${i}`
      const made = await acknowledged('POST', '/api/activity', { account_id: account, kind: 'call', subject }, `create-${n}-${i}`)
      ledger.add(subject)
      if (i % 3 === 0) {
        const result = `done ${n} ${i}`
        await acknowledged('PATCH', `/api/activity(${made.id})`, { result }, `change-${n}-${i}`)
        changed.set(subject, result)
      }
    }
  }

  const all = Array.from({ length: writers }, (_, n) => writer(n))
  const watched = Promise.all(all)
  let failed
  watched.catch((e) => (failed = e))
  for (let k = 0; k < kills; k++) {
    // every other kill comes when there was work since the last one, at a moment of chance; those between may find workers that just start
    const before = ledger.size
    if (k % 2 === 0) await until('somebody writes', () => failed || ledger.size > before)
    if (failed) throw failed
    await sleep(20 + Math.random() * 180)
    app.killWorkers()
  }
  stop = true
  await watched

  const rows = sql(app.database, `SELECT subject, count(*), min(result) FROM app.activity WHERE subject LIKE 'ledger %' GROUP BY subject`)
  const stored = new Map(rows.map(([subject, count, result]) => [subject, { count: Number(count), result }]))
  const lost = [...ledger].filter((subject) => !stored.has(subject))
  const doubled = rows.filter(([, count]) => Number(count) !== 1)
  const unchanged = [...changed].filter(([subject, result]) => stored.get(subject)?.result !== result)
  const twice = sql(app.database, `SELECT record_id FROM ostov.change c JOIN app.activity a ON a.id = c.record_id AND a.subject LIKE 'ledger %'
    JOIN ostov.object o ON o.id = c.section_id AND o.path = 'activity' WHERE c.kind = 'changed' GROUP BY record_id HAVING count(*) > 1`)
  console.log(`# ${kills} kills, ${ledger.size} creations and ${changed.size} changes acknowledged after ${retries} repetitions; ${lost.length} lost, ${doubled.length} doubled`)
  assert.deepEqual(lost, [])
  assert.deepEqual(doubled, [])
  assert.deepEqual(unchanged, [])
  assert.deepEqual(twice, [])
  assert.ok(ledger.size >= kills / 2, 'the writers wrote something between the kills')
})
