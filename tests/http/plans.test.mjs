// Plans kept by the shape of a request: whose values differ shares one, and nobody gets another's values, rights or language. time-limit: 600
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { hasDatabase, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
/* one worker: its counters are all there are */
const app = skip ? null : await startServer({ args: ['--workers', '1'] })
after(() => app?.stop())
const people = {}
for (const login of skip ? [] : ['ceo', 'manager', 'manager2', 'lawyer']) people[login] = await app.signIn(login)
const q = (o) => '?' + Object.entries(o).map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join('&')
const plans = async () => {
  const text = (await app.anonymous().get('/metrics')).text
  const of = (plan) => Number(new RegExp(`^ostov_plans_total\\{[^}]*plan="${plan}"\\} (\\d+)$`, 'm').exec(text)[1])
  return { compiled: of('compiled'), kept: of('kept') }
}
const numbers = (r) => {
  assert.equal(r.status, 200, r.text)
  return r.json.value.map((v) => v.number)
}
const ids = (login) => app.sql(`select id from app."user" where login = '${login}'`)[0][0]

test('a changing literal, page or position asks with the plan that is there', { skip }, async () => {
  const all = app.sql('select number, amount from app.contract order by id desc')
  const list = (filter, more = {}) => people.ceo.get('/api/contract' + q({ $select: 'number', $filter: filter, ...more }))
  const shapes = [
    (n) => list(`number eq '${all[n][0]}'`),
    (n) => list(`number in ('${all[n][0]}','${all[n + 1][0]}')`),
    (n) => list(`contains(number,'${all[n][0].slice(-3)}')`),
    (n) => list(`amount ge ${1000 + n}.50 and ends_on gt 20${20 + n}-01-31`),
    (n) => list(`created_at gt 20${20 + n}-01-01T00:00:00Z`, { $skip: n + 1 })
  ]
  for (const ask of shapes) {
    await ask(0)
    const before = await plans()
    for (let n = 1; n < 6; n++) numbers(await ask(n))
    const later = await plans()
    assert.deepEqual({ compiled: later.compiled - before.compiled, kept: later.kept - before.kept }, { compiled: 0, kept: 5 }, String(ask))
  }
  /* following next links: the first page and those behind it are two shapes */
  const before = await plans(), seen = []
  for (let at = '/api/contract' + q({ $select: 'number', $orderby: 'number' }), pages = 0; at && pages < 6; pages++) {
    const r = await people.ceo.get(at, { Prefer: 'odata.maxpagesize=3' })
    seen.push(...numbers(r))
    at = r.json['@odata.nextLink']?.replace(app.url, '')
  }
  assert.deepEqual(seen, app.sql('select number from app.contract order by number collate "und-x-icu" limit 18').map(([n]) => n))
  assert.equal((await plans()).compiled - before.compiled, 2)
})

test('values of one request never answer another: users and literals in turns, at once', { skip }, async () => {
  const mine = Object.fromEntries(Object.keys(people).map((login) => [login, Number(ids(login))]))
  const all = app.sql('select number, amount, ends_on from app.contract where amount is not null')
  const truth = new Map()
  for (const login of Object.keys(people)) {
    let at = '/api/contract' + q({ $select: 'number', $top: 1000 })
    truth.set(login, new Set(numbers(await people[login].get(at))))
  }
  assert.notDeepEqual(truth.get('manager'), truth.get('manager2'), 'the two managers see different contracts')
  assert.equal(mine.manager === mine.manager2, false)
  const work = []
  for (let round = 0; round < 4; round++)
    for (const login of Object.keys(people))
      for (const [number, amount, ends] of all.slice(0, 25)) {
        const sees = truth.get(login)
        work.push(async () => {
          const got = numbers(await people[login].get('/api/contract' + q({ $select: 'number', $filter: `number eq '${number}'` })))
          assert.deepEqual(got, sees.has(number) ? [number] : [], `${login} ${number}`)
        })
        work.push(async () => {
          const got = numbers(await people[login].get('/api/contract' + q({ $select: 'number', $filter: `amount eq ${Number(amount).toFixed(2)} and ends_on le ${ends || '2030-01-01'}`, $top: 1000 })))
          const want = all.filter((c) => Number(c[1]) === Number(amount) && c[2] && c[2] <= (ends || '2030-01-01') && sees.has(c[0])).map((c) => c[0])
          assert.deepEqual([...got].sort(), want.sort(), `${login} ${amount}`)
        })
      }
  for (let at = 0; at < work.length; at += 16) await Promise.all(work.slice(at, at + 16).map((w) => w()))
})

test('what only a value decides is looked at each time: choices, errors and where they are', { skip }, async () => {
  const get = (filter, client = people.ceo) => client.get('/api/contract' + q({ $select: 'number,stage', $filter: filter }))
  for (let round = 0; round < 2; round++) {
    for (const stage of ['draft', 'approval', 'active']) {
      const r = await get(`stage eq '${stage}'`)
      assert.equal(r.status, 200, r.text)
      assert.ok(r.json.value.every((v) => v.stage === stage))
    }
    assert.equal((await get("stage eq 'nonsense'")).status, 400)
    assert.equal((await get('ends_on ge 2026-02-28')).status, 200)
    assert.equal((await get('ends_on ge 2026-02-30')).status, 400)
    assert.equal((await get("ends_on ge '2026-02-28'")).status, (await get("ends_on ge '2026-02-27'")).status)
    assert.equal((await get("ends_on ge '2026-02-30'")).status, 400)
    assert.equal((await get('amount gt 5')).status, 200)
    assert.equal((await get("amount gt '5'")).status, 400)
    assert.equal((await get('number eq null')).json.value.length, 0)
    assert.equal((await people.ceo.get('/api/contract?$skip=1')).status, 200)
    assert.equal((await people.ceo.get('/api/contract?$skip=100001')).status, 400)
    /* a broken position behind a good one of the same shape */
    const first = await people.ceo.get('/api/contract?$orderby=ends_on', { Prefer: 'odata.maxpagesize=2' })
    const next = first.json['@odata.nextLink'].replace(app.url, '')
    assert.equal((await people.ceo.get(next)).status, 200)
    const broken = await people.ceo.get(next.replace(/\$skiptoken=.*/, '$skiptoken=' + Buffer.from('[0,"x"]').toString('base64url')))
    assert.equal(broken.status, 400, broken.text)
  }
  /* the refusal is in the language of who asks, whoever asked first */
  const ru = await app.signIn('lawyer'), en = await app.signIn('lawyer')
  const texts = new Set()
  for (const [client, language] of [[ru, 'ru'], [en, 'en']]) {
    await client.patch('/auth/me', { language })
    texts.add((await get("nothing eq 'x'", client)).json.error.message)
  }
  assert.equal(texts.size, 2)
})
