// Applying beside people at work: no request fails while the workers go over to the new configuration. time-limit: 600
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { after, test } from 'node:test'
import { Client, databaseUrl, hasDatabase, program, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const dir = path.join(scratch, 'going_over')
let app
after(() => app?.stop())

function write(fields) {
  fs.mkdirSync(dir, { recursive: true })
  fs.writeFileSync(
    path.join(dir, 'module.lua'),
    `module "going_over" { label = "Going over", version = "1.0.0", core = "1", language = "ru" }
section "note" { label = "Note", title = "{name}", text "name" { required = true }, ${fields} }
role "clerk" { label = "Clerk" }
allow "clerk" { on = "note", create = true, read = true, update = true }
`
  )
}

test('readers and writers see no failure while configurations change under them', { skip }, async () => {
  write('integer "first" {}')
  app = await startServer({ config: dir, sample: false })
  app.sql(`INSERT INTO app."user" (login, name, active, language, created_at, changed_at) VALUES ('ann', 'Ann', true, 'en', now(), now());
    INSERT INTO app.user__roles (record, target) SELECT u.id, r.id FROM app."user" u, app.role r WHERE u.login = 'ann' AND r.code = 'clerk';
    INSERT INTO ostov.token (hash, user_id, name, created_at, expires_at) SELECT sha256('ost_${'a'.repeat(43)}'), id, 't', now(), now() + interval '1 day' FROM app."user" WHERE login = 'ann'`)
  const ann = new Client(app.url, { Authorization: `Bearer ost_${'a'.repeat(43)}` })
  let stop = false
  let written = 0
  const failed = []
  const work = async () => {
    while (!stop) {
      const w = await ann.post('/api/note', { name: 'x' })
      if (w.status === 201) written++
      else failed.push(`${w.status} ${w.text}`)
      const r = await ann.get('/api/note?$top=1&$select=name')
      if (r.status !== 200) failed.push(`${r.status} ${r.text}`)
    }
  }
  const people = [work(), work(), work(), work()]
  const apply = (...args) => promisify(execFile)(program, ['apply', dir, '--quiet', '--database', databaseUrl(app.database), ...args])
  for (let i = 0; i < 4; i++) {
    write(i % 2 ? 'integer "first" {}' : 'integer "first" {}, text "second" { default = "s" }, choice "third" { value "a" {}, default = "a" }')
    const before = written
    await until('somebody writes', () => written > before + 5)
    await apply('--allow-loss', 'note.second', '--allow-loss', 'note.third')
  }
  const then = written
  await until('they go on', () => written > then + 5)
  stop = true
  await Promise.all(people)
  assert.deepEqual(failed, [])
  assert.ok(written > 20)
  assert.equal(Number(app.sql('select count(*) from app.note')[0][0]), written)
})
