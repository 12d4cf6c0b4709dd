// kill -9 of all workers while hooks run after commit: every job runs again until it is done, and what it writes is written once, for its end is stored with
// its effect. time-limit: 600
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { databaseUrl, hasDatabase, program, sleep, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const password = 'a long password 1'
let app, clerk

before(async () => {
  if (skip) return
  const dir = path.join(scratch, 'echoing')
  fs.mkdirSync(path.join(dir, 'sections'), { recursive: true })
  fs.mkdirSync(path.join(dir, 'hooks'))
  fs.writeFileSync(path.join(dir, 'module.lua'), 'module "echoing" { label = "Echoing", version = "1.0.0", core = "1", language = "en" }\n')
  fs.writeFileSync(path.join(dir, 'sections/all.lua'), `
section "call" { label = "Call", plural = "Calls", title = "{word}", text "word" { required = true } }
section "echo" { label = "Echo", plural = "Echoes", title = "{word}", text "word" {}, autonumber "number" { pattern = "E-{seq:6}" } }
section "answer" { label = "Answer", plural = "Answers", title = "{word}", text "word" {} }
role "clerk" { label = "Clerk" }
allow "clerk" { on = { "call", "echo", "answer" }, create = true, read = true }
`)
  // long enough that a kill hits some in the middle; the echo leads to a job of its own
  fs.writeFileSync(path.join(dir, 'hooks/call.lua'), `on "call.created" "echo" (function(record, ctx)
  local n = 0
  for i = 1, 200000 do n = n + i end
  ctx:create("echo", { word = record.word })
  for i = 1, 200000 do n = n - i end
end)
on "echo.created" "answer" (function(record, ctx) ctx:create("answer", { word = record.word }) end)
`)
  app = await startServer({ config: dir, sample: false })
  // being killed again and again is no reason to give a job up
  app.sql(`create function public.patient() returns trigger language plpgsql as $$ begin new.max_attempts := 1000; return new; end $$;
    create trigger patient before insert on ostov.job for each row execute function public.patient()`)
  const r = spawnSync(program, ['user', 'add', 'clerk', '--name', 'clerk', '--language', 'en', '--role', 'clerk', '--password-stdin', '--database', databaseUrl(app.database)], { input: `${password}\n`, encoding: 'utf8' })
  assert.equal(r.status, 0, r.stderr)
  clerk = await app.signIn('clerk', password)
})
after(() => app?.stop())

test('jobs of hooks under kills: each at least once, its records exactly once', { skip }, async () => {
  const words = []
  let stop = false
  const writer = async (n) => {
    for (let i = 0; !stop; i++) {
      const word = `call ${n} ${i}`
      for (let tries = 0; ; tries++) {
        assert.ok(tries < 400, `${word} was not acknowledged`)
        const r = await clerk.post('/api/call', { word }, { 'Idempotency-Key': word }).catch(() => null)
        if (r && r.status < 300) break
        if (r && r.status < 500) assert.fail(r.text)
        await sleep(50)
      }
      words.push(word)
      await sleep(80)
    }
  }
  let failed
  const all = Promise.all([writer(1), writer(2), writer(3)])
  all.catch((e) => (failed = e))
  const held = () => app.sql("select id from ostov.job where state = 'running' and kind = 'hook'").map(([id]) => id)
  // at moments of chance, not when a look at the table finds a job at work: what blocks this process falls into step with the jobs
  const interrupted = new Set()
  for (let kills = 0; kills < 20 || interrupted.size < 5; kills++) {
    assert.ok(kills < 100, `only ${interrupted.size} jobs were interrupted by 100 kills`)
    await sleep(200 + Math.random() * 800)
    if (failed) throw failed
    app.killWorkers()
    // what is still in hand now was in a dead worker's
    for (const id of held()) interrupted.add(id)
  }
  stop = true
  await all
  await until('all jobs end', () => {
    const dead = app.sql("select error from ostov.job where kind = 'hook' and state = 'dead' limit 1")
    assert.deepEqual(dead, [], 'a job was given up')
    return app.sql("select count(*) from ostov.job where kind = 'hook' and state <> 'done'")[0][0] === '0'
  }, 120000)
  // leased again by others, not given up
  assert.ok(Number(app.sql("select count(*) from ostov.job where kind = 'hook' and attempts > 1 and state = 'done'")[0][0]) > 0)
  for (const section of ['call', 'echo', 'answer']) {
    const rows = app.sql(`select word, count(*) from app.${section} group by 1 order by word collate "C"`)
    assert.deepEqual(rows, [...words].sort().map((word) => [word, '1']).sort(), section)
  }
  assert.deepEqual(app.sql('select count(*), count(distinct number) from app.echo')[0], [String(words.length), String(words.length)])
})
