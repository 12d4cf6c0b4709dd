// Behind a reverse proxy: whose word counts, cookies, links, HSTS: SAFETY 6, 9, 12. time-limit: 600
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, test } from 'node:test'
import { hasDatabase, samplePassword, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const behind = skip ? null : await startServer({ args: ['--base-url', 'https://crm.example'] })
const plain = skip ? null : await startServer()
after(() => Promise.all([behind?.stop(), plain?.stop()]))

/** A request with whatever headers, Host included. */
function ask(app, method, target, headers = {}, body) {
  return new Promise((resolve, reject) => {
    const q = http.request({ host: '127.0.0.1', port: app.port, method, path: target, agent: false, headers: { Connection: 'close', ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers } }, (r) => {
      let text = ''
      r.on('data', (d) => (text += d))
      r.on('end', () => resolve({ status: r.statusCode, headers: r.headers, text, json: /json/.test(r.headers['content-type'] ?? '') && text ? JSON.parse(text) : undefined }))
    })
    q.on('error', reject)
    q.end(body && JSON.stringify(body))
  })
}
const through = (address, more = {}) => ({ Host: 'crm.example', 'X-Forwarded-For': address, 'X-Forwarded-Proto': 'https', ...more })
const login = (app, headers, name = 'manager', password = samplePassword) => ask(app, 'POST', '/auth/login', headers, { login: name, password })
const address = (app) => app.sql('select address from ostov.session order by created_at desc limit 1')[0][0]
const basic = { Authorization: `Basic ${Buffer.from(`lawyer:${samplePassword}`).toString('base64')}` }

test('6: the host of the base URL is answered, others are not, and links name it', { skip }, async () => {
  assert.equal((await ask(behind, 'GET', '/health', through('203.0.113.5'))).status, 200)
  for (const Host of ['evil.example', 'crm.example.evil.example', 'crm.example@evil.example']) assert.equal((await ask(behind, 'GET', '/health', { Host })).status, 421, Host)
  const me = await login(behind, through('203.0.113.5'))
  assert.equal(me.status, 200, me.text)
  const page = await ask(behind, 'GET', '/api/contract', through('203.0.113.5', { Cookie: me.headers['set-cookie'][0].split(';')[0], 'X-Forwarded-Host': 'evil.example', Forwarded: 'host=evil.example', Prefer: 'odata.maxpagesize=1' }))
  assert.equal(page.status, 200, page.text)
  assert.ok(page.json['@odata.nextLink'].startsWith('https://crm.example/api/'), page.json['@odata.nextLink'])
  assert.ok(!page.text.includes('evil.example'))
})

test('cookies are for TLS only and browsers are told to stay with it, where the base URL says https', { skip }, async () => {
  assert.match((await login(behind, through('203.0.113.6'))).headers['set-cookie'][0], /; Secure/)
  for (const [target, headers] of [['/', {}], ['/api/', {}], ['/health', {}], ['/no/../such', {}], ['/health', { Host: 'evil.example' }]]) {
    assert.match((await ask(behind, 'GET', target, through('203.0.113.6', headers))).headers['strict-transport-security'] ?? '', /^max-age=\d{8}$/, target)
    assert.equal((await ask(plain, 'GET', target, headers)).headers['strict-transport-security'], undefined)
  }
  assert.doesNotMatch((await login(plain, {})).headers['set-cookie'][0], /Secure/)
})

test('6: the client is who the proxy says, not who the client says', { skip }, async () => {
  for (const [given, seen] of [['203.0.113.7', '203.0.113.7'], ['10.9.9.9, 203.0.113.8', '203.0.113.8'], ['127.0.0.1, 2001:db8::9', '2001:db8::9'], ['unknown', '127.0.0.1']]) {
    assert.equal((await login(behind, through(given))).status, 200)
    assert.equal(address(behind), seen, given)
  }
  // without a base URL nobody stands in front: the header is a client's invention
  assert.equal((await login(plain, { 'X-Forwarded-For': '203.0.113.7' })).status, 200)
  assert.equal(address(plain), '127.0.0.1')
})

test('9: guesses from one address behind the proxy do not lock the others out', { skip }, async () => {
  let last
  for (let i = 0; i < 120 && last?.status !== 429; i++) last = await login(behind, through('198.51.100.1'), `nobody-${i}`, 'wrong-password')
  assert.equal(last.status, 429, 'guessing from one address is not slowed down')
  assert.equal((await login(behind, through('198.51.100.1'))).status, 429)
  assert.equal((await login(behind, through('198.51.100.2'))).status, 200)
  // nor does one who invents addresses on the left get further
  assert.equal((await login(behind, through('198.51.100.77, 198.51.100.1'), 'somebody', 'wrong-password')).status, 429)
})

test('12: pages of the base URL sign in, pages of other sites do not', { skip }, async () => {
  // as nginx passes it on without proxy_set_header Host
  const own = await login(behind, { Host: `127.0.0.1:${behind.port}`, 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https', Origin: 'https://crm.example' })
  assert.equal(own.status, 200, own.text)
  for (const Origin of ['https://evil.example', 'https://crm.example.evil.example', 'http://crm.example', 'null']) {
    const r = await login(behind, { Host: `127.0.0.1:${behind.port}`, 'X-Forwarded-For': '203.0.113.9', Origin })
    assert.equal(r.status, 403, Origin)
  }
})

test('passwords in clear and metrics are for this machine itself, not for whoever comes through a proxy on it', { skip }, async () => {
  assert.equal((await ask(behind, 'GET', '/api/contract?$top=1', through('203.0.113.9', basic))).status, 200)
  assert.equal((await ask(behind, 'GET', '/api/contract?$top=1', through('203.0.113.9', { ...basic, 'X-Forwarded-Proto': 'http' }))).status, 401)
  assert.equal((await ask(plain, 'GET', '/api/contract?$top=1', { ...basic, 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https' })).status, 401)
  assert.equal((await ask(plain, 'GET', '/api/contract?$top=1', basic)).status, 200)
  for (const app of [behind, plain]) {
    assert.equal((await ask(app, 'GET', '/metrics')).status, 200)
    for (const header of [{ 'X-Forwarded-For': '127.0.0.1' }, { Via: '1.1 proxy' }, { Forwarded: 'for=203.0.113.9' }]) assert.equal((await ask(app, 'GET', '/metrics', header)).status, 401, JSON.stringify(header))
  }
})
