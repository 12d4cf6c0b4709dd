// A configuration that `ostov new` wrote, served: with sample rows its people sign in and work; without, `ostov user add` makes the first administrator. time-limit: 600
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { databaseUrl, hasDatabase, program, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const dir = path.join(scratch, 'first_steps')
const ostov = (args, input) => spawnSync(program, args, { encoding: 'utf8', input })

test('what it tells to do next works: sample people sign in and work', { skip }, async () => {
  const made = ostov(['new', dir])
  assert.equal(made.status, 0, made.stderr)
  const next = made.stdout.match(/ostov serve .*/)[0]
  assert.equal(next, `ostov serve --sample ${dir}`)
  const people = made.stdout.match(/Sample people: (.*); password (.*)\n/)
  const app = await startServer({ config: dir, sample: next.includes('--sample') })
  try {
    for (const who of people[1].split(', ')) {
      const c = await app.signIn(who, people[2])
      assert.equal((await c.get('/api/request')).status, 200, who)
    }
    const boris = await app.signIn('boris', people[2])
    const made = await boris.post('/api/request', { subject: 'A lamp' })
    assert.equal(made.status, 201, made.text)
    const anna = await app.signIn('anna', people[2])
    assert.equal((await anna.get(`/api/request(${made.json.id})`)).json.subject, 'A lamp')
  } finally {
    await app.stop()
  }
})

test('without sample rows the first administrator is added by hand', { skip }, async () => {
  const app = await startServer({ config: dir, sample: false })
  try {
    assert.equal(app.sql('SELECT count(*) FROM app."user"')[0][0], '0')
    const added = ostov(['user', 'add', 'first', '--name', 'First', '--role', 'administrator', '--password-stdin', '--database', databaseUrl(app.database)], 'a long password\n')
    assert.equal(added.status, 0, added.stderr + added.stdout)
    const first = await app.signIn('first', 'a long password')
    assert.equal((await first.get('/api/request')).status, 200)
    const second = await first.post('/api/user', { login: 'second', name: 'Second', active: true })
    assert.equal(second.status, 201, second.text)
  } finally {
    await app.stop()
  }
})
