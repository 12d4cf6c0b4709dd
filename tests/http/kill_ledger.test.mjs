// kill -9 of all workers at random moments under write load, writers retrying with Idempotency-Key against a ledger kept outside: no acknowledged
// write is lost, none is doubled. SAFETY 8, 69. time-limit: 400
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test, { after, before } from 'node:test'
import { hasDatabase, sleep, sql, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const kills = Number(process.env.KILLS ?? 100)
const writers = 8
let app

before(async () => {
  if (hasDatabase) app = await startServer({ config: 'configs/hotel-contracts' })
})
after(() => app?.stop())

/** The worker processes of the server. */
function workers() {
  try {
    return execFileSync('ps', ['-o', 'pid=', '--ppid', String(app.child.pid)], { encoding: 'utf8' }).split(/\s+/).filter(Boolean).map(Number)
  } catch {
    return []
  }
}

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
  watched.catch(() => {})
  for (let k = 0; k < kills; k++) {
    await sleep(20 + Math.random() * 180)
    for (const pid of workers()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // it is gone already
      }
    }
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
  assert.ok(ledger.size >= kills, 'the writers wrote something between the kills')
})
