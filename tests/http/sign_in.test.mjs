// Signing in over HTTP: sessions, tokens, Basic, throttling, cross-site requests: SAFETY 9, 11, 12, 14. time-limit: 600
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, test } from 'node:test'
import { Client, hasDatabase, samplePassword, promptly, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const app = skip ? null : await startServer()
after(() => app?.stop())

test('who one is, in which language, with which roles', { skip }, async () => {
  const lawyer = await app.signIn('lawyer')
  const me = await lawyer.get('/auth/me')
  assert.equal(me.status, 200)
  assert.deepEqual([me.json.user.login, me.json.user.language], ['lawyer', 'ru'])
  assert.ok(me.json.user.roles.includes('lawyer'))
  const changed = await lawyer.patch('/auth/me', { language: 'en', theme: 'dark' })
  assert.deepEqual([changed.json.user.language, changed.json.user.theme], ['en', 'dark'])
  // every worker hears of it
  const told = async (words) => words.test((await lawyer.get('/api/contract(999999)', { Connection: 'close' })).json.error.message)
  const allTold = async (words) => { for (let i = 0; i < 8; i++) if (!await told(words)) return false; return true }
  await until('English from all workers', () => allTold(/no such record/))
  await lawyer.patch('/auth/me', { language: 'ru' })
  await until('Russian from all workers', () => allTold(/нет/))
  assert.equal((await lawyer.patch('/auth/me', { theme: 'plaid' })).status, 400)
  assert.equal((await lawyer.patch('/auth/me', { login: 'root' })).status, 400)
})

test('9: wrong and unknown look the same, in text and in time; guessing is slowed down', { skip }, async () => {
  const c = new Client(app.url)
  const time = async (login) => {
    const began = performance.now()
    const r = await c.post('/auth/login', { login, password: 'wrong-password' })
    return { r, ms: performance.now() - began }
  }
  // the quickest of each tells what they cost: whatever else the machine does comes on top
  const known = [], unknown = []
  for (let i = 0; i < 5; i++) {
    known.push(await time('accountant'))
    unknown.push(await time(`nobody-of-this-name-${i}`))
    assert.equal(known[i].r.status, 401)
    assert.equal(unknown[i].r.text, known[i].r.text)
  }
  const [slow, quick] = [known, unknown].map((all) => Math.min(...all.map(({ ms }) => ms)))
  assert.ok(quick > slow / 4, `an unknown login answers in ${quick} ms, a known one in ${slow} ms`)
  let last
  for (let i = 0; i < 30 && last?.status !== 429; i++) last = await c.post('/auth/login', { login: 'accountant', password: `guess-${i}-guess` })
  assert.equal(last.status, 429)
  assert.ok(Number(last.headers.get('retry-after')) > 0)
  assert.equal(last.json.error.code, 'too_many_attempts')
  const right = await c.post('/auth/login', { login: 'accountant', password: samplePassword })
  assert.equal(right.status, 429, 'the right password is not told apart while guesses are slowed down')
})

test('9: many who guess at once are slowed down like one after the other', { skip }, async () => {
  const guess = async (ask) => {
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => ask(i)))
    const tried = answers.filter((r) => r.json.error.code === 'bad_credentials' || r.json.error.target === 'old').length
    assert.ok(answers.some((r) => r.status === 429), String(answers.map((r) => r.status)))
    /* ten, and those that each worker had begun */
    assert.ok(tried >= 10 && tried <= 10 + 2 * app.workers().length, `${tried} passwords were tried`)
  }
  await guess((i) => new Client(app.url).post('/auth/login', { login: 'deputy', password: `at-once-${i}` }))
  const lawyer = await app.signIn('lawyer')
  await guess((i) => lawyer.post('/auth/password', { old: `at-once-${i}`, new: 'a long new password' }))
})

test('11: a new session at each sign-in; leaving and being switched off end it within a second', { skip }, async () => {
  const one = await app.signIn('engineer')
  const two = await app.signIn('engineer')
  assert.notEqual(one.cookies.get('ostov_session'), two.cookies.get('ostov_session'))
  const fixed = new Client(app.url)
  fixed.cookies.set('ostov_session', 'chosen-by-somebody-else')
  await fixed.post('/auth/login', { login: 'engineer', password: samplePassword })
  assert.notEqual(fixed.cookies.get('ostov_session'), 'chosen-by-somebody-else')
  const admin = await app.signIn('admin')
  const user = (await admin.get("/api/user?$filter=login eq 'engineer'&$select=id")).json.value[0]
  const within = (what, act) =>
    promptly(what, 1000, async () => {
      const mine = await app.signIn('engineer'), copy = new Client(app.url)
      copy.cookies = new Map(mine.cookies)
      assert.equal((await copy.get('/auth/me')).status, 200)
      await act(mine)
      const began = Date.now()
      await until(what, async () => (await copy.get('/auth/me')).status === 401)
      const took = Date.now() - began
      await admin.patch(`/api/user(${user.id})`, { active: true })
      return took
    })
  await within('the session ends', async (mine) => assert.equal((await mine.post('/auth/logout')).status, 204))
  assert.equal((await two.get('/auth/me')).status, 200)
  await within('the user is out', async () => assert.equal((await admin.patch(`/api/user(${user.id})`, { active: false })).status, 200))
  assert.equal((await two.get('/auth/me')).status, 401)
})

test('12: cross-site writes are refused, GET writes nothing, nobody may frame or read across', { skip }, async () => {
  const manager = await app.signIn('manager')
  const token = manager.csrf
  for (const csrf of [undefined, 'x', token.slice(1)]) {
    manager.csrf = csrf
    const r = await manager.post('/api/account', { name: 'Чужой сайт', kind: 'tenant' }, csrf ? {} : { 'X-CSRF-Token': '' })
    assert.equal(r.status, 403, r.text)
    assert.equal(r.json.error.code, 'csrf')
  }
  manager.csrf = token
  const foreign = await new Client(app.url).post('/auth/login', { login: 'manager', password: samplePassword }, { Origin: 'https://evil.example' })
  assert.equal(foreign.status, 403)
  // nor with what a browser sends by itself: a password that it keeps, a cookie whose token leaked
  const kept = new Client(app.url, { Authorization: `Basic ${btoa(`manager:${samplePassword}`)}` })
  const accounts = app.sql('select count(*) from app.account')[0][0]
  for (const Origin of ['https://evil.example', 'null', `${app.url}.evil.example`]) {
    for (const who of [kept, manager]) {
      const w = await who.post('/api/account', { name: 'Чужой сайт', kind: 'tenant' }, { Origin })
      assert.deepEqual([w.status, w.json.error.code], [403, 'csrf'], Origin)
    }
  }
  assert.equal(app.sql('select count(*) from app.account')[0][0], accounts)
  assert.equal((await kept.post('/api/account', { name: 'Свой', kind: 'tenant' }, { Origin: app.url })).status, 201)
  assert.equal((await manager.post('/api/account', { name: 'Свой', kind: 'tenant' }, { Origin: app.url })).status, 201)
  const r = await manager.get('/api/contract?$top=1', { Origin: 'https://evil.example' })
  assert.equal(r.headers.get('access-control-allow-origin'), null)
  const login = await fetch(`${app.url}/auth/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: 'manager', password: samplePassword }) })
  const cookie = login.headers.getSetCookie()[0]
  assert.match(cookie, /HttpOnly/i)
  assert.match(cookie, /SameSite=Lax/i)
  const before = app.sql('select count(*) from ostov.change')[0][0]
  for (const target of ['/api/contract(1)/submit', '/ui/bulk/contract', '/ui/delete/contract', '/auth/logout']) assert.ok((await manager.get(target)).status >= 400, target)
  assert.equal((await manager.get('/auth/me')).status, 200)
  assert.equal(app.sql('select count(*) from ostov.change')[0][0], before)
})

test('14: tokens act for their owner, are stored hashed, and end', { skip }, async () => {
  const manager = await app.signIn('manager')
  const made = await manager.post('/auth/tokens', { name: 'отчёты', days: 30 })
  assert.equal(made.status, 201)
  const machine = new Client(app.url, { Authorization: `Bearer ${made.json.token}` })
  assert.equal((await machine.get('/api/contract?$top=1')).status, 200)
  assert.equal((await machine.post('/auth/tokens', { name: 'another' })).status, 403)
  const dump = app.sql('select * from ostov.token').flat().join(' ')
  assert.ok(!dump.includes(made.json.token) && !dump.includes(made.json.token.slice(4)))
  assert.ok(!app.output().includes(made.json.token.slice(4)))
  const list = await manager.get('/auth/tokens')
  assert.equal(list.json.value[0].name, 'отчёты')
  assert.ok(!list.text.includes(made.json.token))
  const lawyer = await app.signIn('lawyer')
  assert.equal((await lawyer.delete(`/auth/tokens(${made.json.id})`)).status, 404)
  let { id, token } = made.json
  await promptly('the token ends at once', 300, async () => {
    const ask = () => new Client(app.url, { Authorization: `Bearer ${token}` }).get('/api/contract?$top=1', { Connection: 'close' })
    // all workers know it
    for (let i = 0; i < 8; i++) assert.equal((await ask()).status, 200)
    assert.equal((await manager.delete(`/auth/tokens(${id})`)).status, 204)
    const began = Date.now()
    await until('the token ends in every worker', async () => {
      for (let i = 0; i < 8; i++) if ((await ask()).status !== 401) return false
      return true
    })
    const took = Date.now() - began
    ;({ id, token } = (await manager.post('/auth/tokens', { name: 'отчёты', days: 30 })).json)
    return took
  })
  assert.equal((await new Client(app.url, { Authorization: 'Bearer ost_nonsense' }).get('/api/contract')).status, 401)
})

test('Basic is for clients that know nothing else', { skip }, async () => {
  const basic = (login, password) => new Client(app.url, { Authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}` })
  assert.equal((await basic('lawyer', samplePassword).get('/api/contract?$top=1')).status, 200)
  const wrong = await basic('lawyer', 'no-such-password').get('/api/contract?$top=1')
  assert.equal(wrong.status, 401)
  // fetch marks itself as a page's script, which gets no challenge; other clients do
  assert.equal((await app.anonymous().get('/api/contract')).headers.get('www-authenticate'), null)
  const nobody = await new Promise((resolve) => http.get(`${app.url}/api/contract`, resolve))
  nobody.resume()
  assert.equal(nobody.statusCode, 401)
  assert.match(nobody.headers['www-authenticate'], /Basic/)
})

test('a password is changed by who knows the old one, and other sessions end', { skip }, async () => {
  const one = await app.signIn('office')
  const two = await app.signIn('office')
  assert.equal((await one.post('/auth/password', { old: 'wrong', new: 'another-password' })).json.error.target, 'old')
  assert.equal((await one.post('/auth/password', { old: samplePassword, new: 'short' })).json.error.target, 'new')
  assert.equal((await one.post('/auth/password', { old: samplePassword, new: 'another-password' })).status, 204)
  await until('the other session ends', async () => (await two.get('/auth/me')).status === 401)
  assert.equal((await one.get('/auth/me')).status, 200)
  assert.equal((await new Client(app.url).post('/auth/login', { login: 'office', password: samplePassword })).status, 401)
})
