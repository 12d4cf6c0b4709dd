// What the server refuses before it understands it, over raw sockets: SAFETY 1 to 8. time-limit: 600 mostly-waits
import assert from 'node:assert/strict'
import net from 'node:net'
import { after, test } from 'node:test'
import { hasDatabase, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const app = skip ? null : await startServer()
const manager = skip ? null : await app.signIn('manager')
after(() => app?.stop())

/** Sends bytes as they are; gives what comes back until the server closes or `ms` are over: less than it gives a connection on which nothing comes. */
function raw(text, { ms = 15000 } = {}) {
  return new Promise((resolve) => {
    const s = net.connect(app.port, '127.0.0.1')
    let got = ''
    const done = (closed) => {
      s.destroy()
      clearTimeout(timer)
      resolve({ text: got, status: Number(got.match(/^HTTP\/1\.1 (\d+)/)?.[1] ?? 0), answers: got.split(/^HTTP\/1\.1 /m).length - 1, closed })
    }
    const timer = setTimeout(() => done(false), ms)
    s.on('data', (d) => (got += d))
    s.on('error', () => done(true))
    s.on('close', () => done(true))
    s.write(text)
  })
}

const host = () => `Host: 127.0.0.1:${app.port}\r\n`
const cookie = () => `Cookie: ${[...manager.cookies].map(([k, v]) => `${k}=${v}`).join('; ')}\r\nX-CSRF-Token: ${manager.csrf}\r\n`
const accounts = () => Number(app.sql('select count(*) from app.account')[0][0])

test('1: ambiguous framing is refused and the connection closed', { skip }, async () => {
  const before = accounts()
  const body = '{"name":"smuggled","kind":"tenant"}'
  const head = () => `POST /api/account HTTP/1.1\r\n${host()}${cookie()}Content-Type: application/json\r\n`
  const inner = `${head()}Content-Length: ${body.length}\r\n\r\n${body}`
  const cases = {
    'two lengths': `${head()}Content-Length: ${body.length}\r\nContent-Length: 0\r\n\r\n${body}${inner}`,
    'length with chunks': `${head()}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
    'chunks named twice': `${head()}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${inner}`,
    'two hosts': `GET /health HTTP/1.1\r\n${host()}Host: evil.example\r\n\r\n${inner}`,
    'no host': `GET /health HTTP/1.1\r\n\r\n${inner}`,
    'a length that is none': `${head()}Content-Length: +${body.length}\r\n\r\n${body}${inner}`
  }
  for (const [name, text] of Object.entries(cases)) {
    const r = await raw(text)
    assert.equal(r.status, 400, `${name}: ${r.text.slice(0, 200)}`)
    assert.equal(r.answers, 1, name)
    assert.ok(r.closed, `${name}: the connection stays open`)
  }
  assert.equal(accounts(), before)
})

test('2: connections that never finish their request are ended and hold up nobody', { skip }, async () => {
  const slow = Array.from({ length: 300 }, () => {
    const s = net.connect(app.port, '127.0.0.1')
    s.answer = ''
    s.on('data', (d) => (s.answer += d))
    s.on('error', () => {})
    s.ended = new Promise((resolve) => s.on('close', resolve))
    s.write('GET /health HTTP/1.1\r\nHost: 127')
    return s
  })
  let over = 0
  for (const s of slow) s.ended.then(() => over++)
  await Promise.all(slow.map((s) => Promise.race([s.ended, new Promise((resolve) => s.once('connect', resolve))])))
  // who waited for those would be answered when they end
  let meanwhile = 0
  for (let i = 0; i < 100 && over === 0; i++) {
    assert.equal((await manager.get('/api/contract?$top=1')).status, 200)
    if (over === 0) meanwhile++
  }
  assert.ok(meanwhile >= 20, `${meanwhile} answers while slow ones are held`)
  await until('slow connections end', () => over === slow.length, 90000)
})

test('3: what is too big is refused before it is read', { skip }, async () => {
  const big = await raw(`POST /api/contract HTTP/1.1\r\n${host()}${cookie()}Content-Type: application/json\r\nContent-Length: 50000000\r\n\r\n{`)
  assert.equal(big.status, 413, big.text.slice(0, 200))
  const long = await raw(`GET /api/contract?x=${'a'.repeat(20000)} HTTP/1.1\r\n${host()}\r\n`)
  assert.equal(long.status, 414, long.text.slice(0, 200))
  const heads = await raw(`GET /health HTTP/1.1\r\n${host()}${Array.from({ length: 40 }, (_, i) => `X-H${i}: ${'a'.repeat(2000)}\r\n`).join('')}\r\n`)
  assert.equal(heads.status, 431, heads.text.slice(0, 200))
})

test('4: JSON that is deep, doubled, badly encoded or huge is 400', { skip }, async () => {
  const before = accounts()
  const bodies = {
    deep: '['.repeat(5000) + ']'.repeat(5000),
    deeper: '{"name":' + '{"a":'.repeat(60) + '1' + '}'.repeat(61),
    doubled: '{"name":"a","name":"b"}',
    'bad UTF-8': Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')]),
    overlong: Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    'escaped NUL': '{"name":"a\\u0000b"}',
    'raw NUL': '{"name":"a\0b"}',
    'lone surrogate': '{"name":"\\ud800"}',
    'huge number': `{"name":"a","kind":${'9'.repeat(400)}}`,
    'behind the value': '{"name":"a"} {}',
    cut: '{"name":"a"',
    'no object': '[1,2]',
    empty: ''
  }
  for (const [name, body] of Object.entries(bodies)) {
    const r = await manager.post('/api/account', body, { 'Content-Type': 'application/json' })
    assert.equal(r.status, 400, `${name}: ${r.status} ${r.text}`)
    assert.ok(r.json.error.code && r.json.error.message, name)
  }
  assert.equal(accounts(), before)
  for (const type of ['text/plain', 'application/jsonx', 'application/json+x', 'text/application/json']) assert.equal((await manager.post('/api/account', '{"name":"a"}', { 'Content-Type': type })).status, 415, type)
  assert.equal(accounts(), before)
})

test('5: paths that hide something are 400', { skip }, async () => {
  for (const path of ['/%00', '/api/contract%00', '/api%2fcontract', '/a/../health', '/a/%2e%2e/health', '/%c0%ae%c0%ae/x', '/%ff', '/api//contract', '/%5c..', '/%zz', '/api/contract?x=%00', '/api/contract?x=%ff']) {
    const r = await raw(`GET ${path} HTTP/1.1\r\n${host()}${cookie()}Connection: close\r\n\r\n`)
    assert.equal(r.status, 400, `${path}: ${r.text.slice(0, 200)}`)
  }
})

test('6: an unknown host is 421 and links do not follow the client', { skip }, async () => {
  const other = await raw(`GET /api/ HTTP/1.1\r\nHost: evil.example\r\n${cookie()}Connection: close\r\n\r\n`)
  assert.equal(other.status, 421, other.text.slice(0, 200))
  const forged = await manager.get('/api/contract', { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https', Forwarded: 'host=evil.example', Prefer: 'odata.maxpagesize=1' })
  assert.equal(forged.status, 200)
  assert.ok(forged.json['@odata.nextLink'].startsWith(app.url), forged.json['@odata.nextLink'])
  assert.ok(!forged.text.includes('evil.example'))
})

test('7: queries over the bounds are 400 and told as such', { skip }, async () => {
  const filter = (text) => `/api/contract?$filter=${encodeURIComponent(text)}`
  const cases = {
    depth: filter(`${'('.repeat(60)}amount eq 1${')'.repeat(60)}`),
    terms: filter(Array.from({ length: 600 }, (_, i) => `amount eq ${i}`).join(' or ')),
    not: filter(`${'not '.repeat(100)}(amount eq 1)`),
    items: filter(`amount in (${Array.from({ length: 900 }, (_, i) => i).join(',')})`),
    page: '/api/contract?$top=1000000',
    skip: '/api/contract?$skip=100000000',
    expand: '/api/contract?$expand=account($expand=contracts($expand=account($expand=contracts)))',
    orders: '/api/contract?$orderby=number,amount,starts_on,ends_on,renew_on,note,subject'
  }
  for (const [name, target] of Object.entries(cases)) {
    const r = await manager.get(target)
    assert.equal(r.status, target.length > 8000 ? r.status : 400, `${name}: ${r.status} ${r.text.slice(0, 200)}`)
    assert.ok([400, 414].includes(r.status), name)
    assert.ok(['query_too_complex', 'uri_too_long'].includes(r.json.error.code), `${name}: ${r.text}`)
  }
})

test('8: a client that leaves and asks again with its key gets the first answer, with one effect', { skip }, async () => {
  const before = accounts()
  const body = JSON.stringify({ name: 'Дважды спрошенный', kind: 'tenant', inn: '0077029999' })
  const head = `POST /api/account HTTP/1.1\r\n${host()}${cookie()}Content-Type: application/json\r\nIdempotency-Key: once-only\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`
  await new Promise((resolve) => {
    const s = net.connect(app.port, '127.0.0.1', () => s.write(head + body, () => setTimeout(() => resolve(s.destroy()), 5)))
  })
  const again = await manager.post('/api/account', body, { 'Content-Type': 'application/json', 'Idempotency-Key': 'once-only' })
  assert.equal(again.status, 201, again.text)
  const third = await manager.post('/api/account', body, { 'Content-Type': 'application/json', 'Idempotency-Key': 'once-only' })
  assert.equal(third.json.id, again.json.id)
  assert.equal(accounts(), before + 1)
  const other = await manager.post('/api/account', { name: 'Другой', kind: 'tenant' }, { 'Idempotency-Key': 'once-only' })
  assert.equal(other.status, 409, other.text)
  assert.equal(accounts(), before + 1)
})
