// Hostile scripts as hooks (tests/lua/hostile, SAFETY 32 to 41): each ends with its error, nothing of it is stored, and others are answered within a second.
// time-limit: 600
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import test, { after, before } from 'node:test'
import { Client, hasDatabase, promptly, srcdir, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const folder = path.join(srcdir, 'tests/lua/hostile')
const scripts = fs.readdirSync(folder).filter((f) => f.endsWith('.lua')).map((f) => f.slice(0, -4))
const status = { script_limit: 500, script_error: 500, invalid: 400, ok: 201 }
let app, user

function configuration() {
  const dir = path.join(scratch, 'hostile')
  for (const d of ['sections', 'hooks']) fs.mkdirSync(path.join(dir, d), { recursive: true })
  fs.writeFileSync(path.join(dir, 'module.lua'), 'module "hostile" { label = "Hostile", version = "1.0.0", core = "1", language = "ru" }\n')
  fs.writeFileSync(
    path.join(dir, 'sections/all.lua'),
    `section "probe" { label = "Probe", text "script" {}, text "note" {}, money "sum" {} }
role "tester" { label = "Tester" }
allow "tester" { on = "probe", create = true, read = true, update = true, delete = true }
`
  )
  for (const name of scripts) {
    const body = fs.readFileSync(path.join(folder, `${name}.lua`), 'utf8')
    fs.writeFileSync(
      path.join(dir, `hooks/${name}.lua`),
      `on "probe.before_save" "${name}" (function(...)\nif (...).script ~= "${name}" then return end\n${body}\nend)\n`
    )
  }
  // what a hook keeps in its file's locals is new in every unit
  fs.writeFileSync(
    path.join(dir, 'hooks/zz_counter.lua'),
    `local seen, kept = 0, {}
on "probe.before_save" "zz_counter" (function(record)
  if record.script ~= "counter" then return end
  seen = seen + 1
  kept[#kept + 1] = record
  record.note = seen .. " " .. #kept
end)
`
  )
  return dir
}

function token(n) {
  return 'ost_' + createHash('sha256').update(n).digest('hex').slice(0, 43)
}

before(async () => {
  if (skip) return
  app = await startServer({ config: configuration(), sample: false })
  app.sql(`INSERT INTO app."user" (login, name, active, created_at, changed_at) VALUES ('t', 'T', true, now(), now());
    INSERT INTO app.user__roles (record, target) SELECT u.id, r.id FROM app."user" u, app.role r WHERE u.login = 't' AND r.code = 'tester';
    INSERT INTO ostov.token (hash, user_id, name, created_at, expires_at) SELECT sha256('${token('t')}'), id, 't', now(), now() + interval '1 day' FROM app."user" WHERE login = 't'`)
  user = new Client(app.url, { Authorization: `Bearer ${token('t')}` })
})
after(() => app?.stop())

test('there are thirty scripts at least', () => assert.ok(scripts.length >= 30))

for (const name of scripts) {
  test(`hostile: ${name}`, { skip }, async () => {
    const expect = fs.readFileSync(path.join(folder, `${name}.lua`), 'utf8').match(/^-- expect: (\w+)$/m)[1]
    const count = () => Number(app.sql('SELECT count(*) FROM app.probe')[0][0])
    const stored = count()
    await promptly('others are answered', 1000, async () => {
      let slowest = 0, running = true
      const others = (async () => {
        while (running) {
          const begun = Date.now()
          const r = await user.get('/api/probe?$top=1')
          assert.equal(r.status, 200)
          slowest = Math.max(slowest, Date.now() - begun)
        }
      })()
      const r = await user.post('/api/probe', { script: name })
      running = false
      await others
      assert.equal(r.status, status[expect], `${r.status} ${r.text}`)
      if (expect !== 'ok') {
        assert.equal(r.json.error.code, expect, r.text)
        assert.equal(count(), stored, 'nothing is stored')
      }
      if (expect === 'script_limit') assert.match(r.json.error.hint, new RegExp(`hooks/${name}\\.lua:1: сценарий «${name}».*превысил предел: `))
      if (expect === 'script_error') assert.doesNotMatch(r.text, /0x[0-9a-f]{6}|SELECT|INSERT/)
      return slowest
    })
  })
}

test('a hook keeps nothing from one request to the next', { skip }, async () => {
  for (let i = 0; i < 12; i++) {
    const r = await user.post('/api/probe', { script: 'counter' })
    assert.equal(r.status, 201, r.text)
    assert.equal(r.json.note, '1 1')
  }
})

test('workers were not replaced', { skip }, async () => {
  assert.doesNotMatch(app.output(), /killed|died|SIGSEGV|signal/i)
})
