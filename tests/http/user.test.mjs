// `ostov user`: people from the command line. time-limit: 600
import { spawnSync } from 'node:child_process'
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { databaseUrl, hasDatabase, program, sql } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const db = `user_${process.pid}`

function ostov(args, input = '') {
  const r = spawnSync(program, args, { encoding: 'utf8', input })
  return { code: r.status, out: r.stdout, text: r.stdout + r.stderr }
}
const user = (args, input) => ostov(['user', ...args, '--database', databaseUrl(db)], input)

test.before(() => {
  if (skip) return
  sql('postgres', `CREATE DATABASE ${db}`)
})
test.after(() => {
  if (!skip) sql('postgres', `DROP DATABASE ${db} WITH (FORCE)`)
})

test('before a configuration is applied', { skip }, () => {
  const r = user(['list'])
  assert.equal(r.code, 1)
  assert.match(r.text, /no configuration was applied/)
})

test('add, password, deactivate, list', { skip }, () => {
  const dir = path.join(scratch, 'people')
  fs.mkdirSync(path.join(dir, 'roles'), { recursive: true })
  fs.writeFileSync(path.join(dir, 'module.lua'), 'module "shop" { label = "Shop", version = "1.0.0", core = "1", language = "ru" }\n')
  fs.writeFileSync(path.join(dir, 'roles', 'clerk.lua'), 'role "clerk" { label = "Clerk" }\n')
  assert.equal(ostov(['apply', '--quiet', '--database', databaseUrl(db), dir]).code, 0)

  const made = user(['add', 'boss', '--name', 'Большой Начальник', '--role', 'administrator', '--role', 'clerk', '--password-stdin'], 'geheim-123\n')
  assert.equal(made.code, 0, made.text)
  assert.deepEqual(sql(db, 'SELECT role FROM ostov.role_member ORDER BY 1').flat(), ['administrator', 'clerk'])
  const [[hash]] = sql(db, 'SELECT hash FROM ostov.credential')
  assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  assert.equal(sql(db, "SELECT count(*) FROM ostov.change WHERE kind = 'created'")[0][0], '1')
  assert.doesNotMatch(sql(db, 'SELECT fields FROM ostov.change').flat().join(), /geheim/)

  const twice = user(['add', 'boss', '--name', 'x', '--password-stdin'], 'geheim-123\n')
  assert.equal(twice.code, 1)
  assert.match(twice.text, /somebody signs in as 'boss' already/)
  assert.match(user(['add', 'x', '--name', 'x', '--role', 'clrk', '--password-stdin'], 'geheim-123\n').text, /did you mean 'clerk'/)
  assert.match(user(['add', 'x', '--name', 'x', '--password-stdin'], 'short\n').text, /8 to 200/)
  assert.equal(sql(db, 'SELECT count(*) FROM app.user')[0][0], '1')

  sql(db, "INSERT INTO ostov.session (id, user_id, csrf, created_at, seen_at, expires_at) SELECT 'x', id, 'y', now(), now(), now() + interval '1 day' FROM app.user")
  assert.equal(user(['password', 'boss', '--password-stdin'], 'another-one\n').code, 0)
  assert.notEqual(sql(db, 'SELECT hash FROM ostov.credential')[0][0], hash)
  assert.equal(sql(db, 'SELECT count(*) FROM ostov.session')[0][0], '0')
  assert.equal(user(['password', 'nobody', '--password-stdin'], 'another-one\n').code, 1)

  assert.match(user(['list']).out, /^boss {2,}Большой Начальник {2,}administrator, clerk\n$/)
  assert.equal(user(['deactivate', 'boss']).code, 0)
  assert.deepEqual(JSON.parse(user(['list', '--json']).out), [{ login: 'boss', name: 'Большой Начальник', roles: ['administrator', 'clerk'], active: false, password: true }])
  assert.deepEqual(sql(db, 'SELECT * FROM ostov.role_member'), [])
})

test('the first person becomes administrator unless roles are named; later ones do not', { skip }, () => {
  /* the one of the test above is switched off: nobody can sign in */
  assert.match(user(['add', 'first', '--role', 'boss', '--password-stdin'], 'geheim-123\n').text, /the roles are administrator, clerk/)
  const first = user(['add', 'first', '--password-stdin'], 'geheim-123\n')
  assert.equal(first.code, 0, first.text)
  assert.match(first.out, /first may sign in now, as administrator: the first one/)
  assert.equal(user(['add', 'second', '--password-stdin'], 'geheim-123\n').out, 'second may sign in now\n')
  const people = JSON.parse(user(['list', '--json']).out)
  assert.deepEqual(people.map((p) => [p.login, p.name, p.roles]).slice(1), [['first', 'first', ['administrator']], ['second', 'second', []]])
})

test('--json tells what was done and what was not; without a terminal the password is the line of standard input', { skip }, () => {
  const third = user(['add', 'third', '--role=clerk', '--json'], 'geheim-123\n')
  assert.equal(third.code, 0, third.text)
  const { id, ...rest } = JSON.parse(third.out)
  assert.ok(id > 0)
  assert.deepEqual(rest, { login: 'third', roles: ['clerk'], active: true })
  const again = user(['add', 'third', '--json'], 'geheim-123\n')
  assert.deepEqual([again.code, JSON.parse(again.out).error.code], [1, 'not_unique'])
  assert.equal(JSON.parse(user(['deactivate', 'third', '--json']).out).active, false)
})

test('usage', () => {
  assert.equal(ostov(['user']).code, 2)
  assert.equal(ostov(['user', 'remove', 'x']).code, 2)
  assert.equal(ostov(['user', 'add']).code, 2)
  assert.equal(ostov(['user', 'list', 'x']).code, 2)
})
