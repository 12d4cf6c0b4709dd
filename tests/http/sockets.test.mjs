// Bytes that no well-behaved client sends: SAFETY 1 to 5 over raw sockets, beyond guard.test.mjs. time-limit: 600 mostly-waits
import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import { after, test } from 'node:test'
import { hasDatabase, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const app = skip ? null : await startServer({ args: ['--workers', '1'] })
const manager = skip ? null : await app.signIn('manager')
after(() => app?.stop())

const host = () => `Host: 127.0.0.1:${app.port}\r\n`
const cookie = () => `Cookie: ${[...manager.cookies].map(([k, v]) => `${k}=${v}`).join('; ')}\r\nX-CSRF-Token: ${manager.csrf}\r\n`
const accounts = () => Number(app.sql('select count(*) from app.account')[0][0])
const healthy = () => manager.get('/health', { Connection: 'close' }).then((r) => r.status === 200)

function open() {
  const s = net.connect(app.port, '127.0.0.1')
  s.got = ''
  s.on('data', (d) => (s.got += d.toString('latin1')))
  s.on('error', () => {})
  s.ended = new Promise((resolve) => s.once('close', () => resolve(true)))
  s.statuses = () => [...s.got.matchAll(/HTTP\/1\.1 (\d+) [A-Z]/g)].map((m) => Number(m[1]))
  return s
}

/** Sends bytes; waits until the server closes or has given `answers` answers, and not until it closes what nothing comes on, which it does after 20 s. */
async function raw(bytes, answers = 99) {
  const s = open()
  let closed = false
  s.ended.then(() => (closed = true))
  s.write(bytes)
  await until('an answer or the end', () => closed || s.statuses().filter((n) => n !== 100).length >= answers, 15000).catch(() => {})
  s.destroy()
  return { statuses: s.statuses(), closed, text: s.got }
}

test('1: what can be read in two ways is refused, closed, and nothing behind it is done', { skip }, async () => {
  const before = accounts()
  const body = '{"name":"smuggled","kind":"tenant"}'
  const post = (more) => `POST /api/account HTTP/1.1\r\n${host()}${cookie()}Content-Type: application/json\r\n${more}`
  const inner = post(`Content-Length: ${body.length}\r\n\r\n${body}`)
  const cases = {
    'a folded transfer encoding': post(`Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${inner}`),
    'a folded host': `GET /health HTTP/1.1\r\nHost: evil.example\r\n 127.0.0.1\r\n\r\n${inner}`,
    'a blank before the colon': post(`Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${inner}`),
    'a list of lengths': post(`Content-Length: 5, 5\r\n\r\n12345${inner}`),
    'a negative length': post(`Content-Length: -5\r\n\r\n${inner}`),
    'a hexadecimal length': post(`Content-Length: 0x5\r\n\r\n12345${inner}`),
    'another encoding': post(`Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${inner}`),
    'chunks in HTTP/1.0': post(`Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`).replace('HTTP/1.1', 'HTTP/1.0'),
    'a chunk without a size': post(`Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n${inner}`),
    'a chunk of negative size': post(`Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n${inner}`),
    'a chunk over every bound': post(`Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc\r\n0\r\n\r\n${inner}`),
    'a chunk longer than its size': post(`Transfer-Encoding: chunked\r\n\r\n3\r\nabcX0\r\n\r\n${inner}`),
    'a NUL in a name': `GET /health HTTP/1.1\r\n${host()}X\0A: a\r\n\r\n${inner}`,
    'a NUL in a value': `GET /health HTTP/1.1\r\n${host()}X-A: a\0b\r\n\r\n${inner}`,
    'a NUL that hides a length': post(`Transfer-Encoding: chunked\0, gzip\r\nX-A: a\r\n\r\n0\r\n\r\n${inner}`),
    'a NUL that hides the end of the host': `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${app.port}\0.evil.example\r\n\r\n${inner}`,
    'a NUL at the end of a value': `GET /health HTTP/1.1\r\nX-A: a\0\r\n${host()}\r\n${inner}`,
    'a NUL at the end of the last value': `GET /health HTTP/1.1\r\n${host()}X-A: a\0\r\n\r\n${inner}`,
    'a NUL in the address': `GET /health\0x HTTP/1.1\r\n${host()}\r\n${inner}`,
    'a NUL behind the address': `GET /health\0 HTTP/1.1\r\n${host()}\r\n${inner}`,
    'a NUL in the method': `GET\0 /health HTTP/1.1\r\n${host()}\r\n${inner}`,
    'a CR alone': `GET /health HTTP/1.1\r\n${host()}X-A: a\rX-B: b\r\n\r\n${inner}`,
    // what a proxy before us may take for a part of a value
    'an LF alone behind a value': `GET /health HTTP/1.1\r\nX-A: a\n${host()}\r\n${inner}`,
    'an LF alone before the end': `GET /health HTTP/1.1\r\n${host()}X-A: a\n\r\n${inner}`,
    'an LF alone as the empty line': `GET /health HTTP/1.1\r\n${host()}X-A: a\r\n\n${inner}`,
    'lines that end with LF alone': `GET /health HTTP/1.1\r\n${host()}\r\n`.replaceAll('\r\n', '\n') + inner,
    'a folded header without a meaning': `GET /health HTTP/1.1\r\n${host()}X-A: b\r\n c\r\n\r\n${inner}`,
    'two blanks before the address': `GET  /health HTTP/1.1\r\n${host()}\r\n${inner}`,
    'a line without a colon': `GET /health HTTP/1.1\r\n${host()}nothing\r\n\r\n${inner}`,
    'another version': `GET /health HTTP/1.2\r\n${host()}\r\n${inner}`,
    'no version': `GET /health\r\n${host()}\r\n${inner}`,
    'HTTP/2': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${inner}`
  }
  for (const [name, bytes] of Object.entries(cases)) {
    const r = await raw(bytes)
    assert.ok(r.closed, `${name}: the connection stays open: ${r.text}`)
    assert.ok(r.statuses.length > 0 && r.statuses.every((n) => n >= 400 && n < 600), `${name}: ${r.statuses}`)
    assert.equal(accounts(), before, name)
  }
})

test('1: forms that may be read leniently are one request with one answer each', { skip }, async () => {
  const before = accounts()
  const health = `GET /health HTTP/1.1\r\n${host()}\r\n`
  const smuggled = '{"name":"smuggled","kind":"tenant"}'
  const hidden = `POST /api/account HTTP/1.1\r\n${host()}${cookie()}Content-Type: application/json\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`
  const cases = {
    'ten at once': [health.repeat(10), Array(10).fill(200)],
    'empty lines before': [`\r\n\r\n${health}`, [200]],
    'values that are empty or have blanks about them': [`GET /health HTTP/1.1\r\nX-A:\r\nX-B: \t \r\nX-C:  c \t\r\n${host()}X-D: \r\n\r\n${health}`, [200, 200]],
    'a body that begins with NUL': [`GET /health HTTP/1.1\r\n${host()}Content-Length: 6\r\n\r\n\0\0\0\0ab${health}`, [200, 200]],
    'cookies in two lines': [`GET /health HTTP/1.1\r\n${host()}Cookie: a=b; c=d\r\nCookie: e=f\r\n\r\n`, [200]],
    'HTTP/1.0, kept open': [`GET /health HTTP/1.0\r\n${host()}Connection: keep-alive\r\n\r\nGET /health HTTP/1.0\r\n${host()}\r\n`, [200, 200]],
    // what stands in a body is a body
    'a request in the body of a GET': [`GET /health HTTP/1.1\r\n${host()}Content-Length: ${hidden.length}\r\n\r\n${hidden}${health}`, [200, 200]],
    'framing headers behind the last chunk': [`POST /auth/login HTTP/1.1\r\n${host()}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 50\r\nHost: evil.example\r\n\r\n${health}`, [415, 200]],
    'an upgrade that nobody offers': [`GET /health HTTP/1.1\r\n${host()}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`, [200]]
  }
  for (const [name, [bytes, statuses]] of Object.entries(cases)) assert.deepEqual((await raw(bytes, statuses.length)).statuses, statuses, name)
  assert.equal(accounts(), before)
})

test('1: a head that comes byte by byte is read as one that comes at once', { skip }, async () => {
  for (const [bytes, status] of [[`GET /health?a=b HTTP/1.1\r\nX-A: \r\n${host()}X-B: b\r\n\r\n`, 200], [`GET /health HTTP/1.1\r\n${host()}X-A: a\0b\r\n\r\n`, 400], [`GET /health HTTP/1.1\r\n${host()}X-A: a\nX-B: b\r\n\r\n`, 400]]) {
    const s = open()
    s.setNoDelay(true)
    for (const c of bytes) {
      s.write(c)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until('an answer', () => s.statuses().length > 0)
    assert.deepEqual(s.statuses(), [status])
    s.destroy()
  }
})

test('3: whatever the HTTP library refuses by itself is told as JSON, in the language of who asks', { skip }, async () => {
  const many = Array.from({ length: 40 }, (_, i) => `X-H${i}: ${'a'.repeat(2000)}\r\n`).join('')
  const cases = {
    'headers that are too large': [(lang) => `GET /health HTTP/1.1\r\n${host()}${lang}${many}\r\n`, 431, 'headers_too_large'],
    'one header that is too large': [(lang) => `GET /health HTTP/1.1\r\n${host()}${lang}Cookie: ${'a'.repeat(60000)}\r\n\r\n`, 431, 'headers_too_large'],
    'too many headers': [(lang) => `GET /health HTTP/1.1\r\n${host()}${lang}${'a:b\r\n'.repeat(9000)}\r\n`, 431, 'headers_too_large'],
    'an address beyond the memory': [() => `GET /${'a'.repeat(60000)} HTTP/1.1\r\n${host()}\r\n`, 414, 'uri_too_long'],
    'a length that is none': [(lang) => `POST /auth/login HTTP/1.1\r\n${host()}${lang}Content-Length: x\r\n\r\n`, 400, 'syntax'],
    'a chunk without a size': [(lang) => `POST /auth/login HTTP/1.1\r\n${host()}${lang}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, 'syntax'],
    'a line without a colon': [(lang) => `GET /health HTTP/1.1\r\n${host()}${lang}nothing\r\n\r\n`, 400, 'syntax']
  }
  for (const [name, [bytes, status, code]] of Object.entries(cases)) {
    const messages = []
    for (const lang of ['Accept-Language: ru\r\n', 'Accept-Language: en\r\n']) {
      const r = await raw(bytes(lang))
      assert.ok(r.closed, name)
      assert.deepEqual(r.statuses, [status], `${name}: ${r.text}`)
      const [head, body] = Buffer.from(r.text, 'latin1').toString('utf8').split('\r\n\r\n')
      assert.match(head, /content-type: application\/json/i, name)
      assert.match(head, /nosniff/i, name)
      const { error } = JSON.parse(body)
      assert.equal(error.code, code, name)
      messages.push(error.message)
    }
    // before its headers nobody has said a language
    if (status === 414) assert.equal(messages[0], messages[1])
    else assert.ok(/[а-я]/i.test(messages[0]) && !/[а-я]/i.test(messages[1]), `${name}: ${messages}`)
  }
  const up = open()
  up.write(`POST /files HTTP/1.1\r\n${host()}${cookie()}Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n`)
  assert.ok(await up.ended, 'an upload with a broken chunk is ended')
  assert.deepEqual(up.statuses(), [400])
  // on a connection of its own: one that was kept may have been closed for its age
  assert.deepEqual((await raw(`GET /health HTTP/1.1\r\n${host()}\r\n`, 1)).statuses, [200])
  assert.doesNotMatch(app.output(), /ended by signal|ended with status/)
})

test('3: a body over the bound is refused without being asked for; one within it is asked for', { skip }, async () => {
  const head = (more) => `POST /api/account HTTP/1.1\r\n${host()}${cookie()}Content-Type: application/json\r\nExpect: 100-continue\r\n${more}\r\n`
  const big = await raw(head('Content-Length: 50000000\r\n'))
  assert.deepEqual([big.statuses, big.closed], [[413], true])
  const s = open()
  s.write(head('Content-Length: 2\r\n'))
  await until('the body is asked for', () => s.statuses().includes(100))
  s.write('{}')
  await until('the answer', () => s.statuses().length === 2)
  assert.equal(s.statuses()[1], 400)
  s.destroy()
  // chunks tell no length: what is over the bound ends the connection, and the process keeps its size
  const pid = fs.readFileSync(`/proc/${app.child.pid}/task/${app.child.pid}/children`, 'utf8').trim().split(/\s+/)
  const resident = () => pid.map((p) => Number(fs.readFileSync(`/proc/${p}/statm`, 'utf8').split(' ')[1]) * 4096).reduce((a, b) => a + b, 0)
  const before = resident()
  const endless = open()
  endless.write(`POST /api/account HTTP/1.1\r\n${host()}${cookie()}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`)
  const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
  let closed = false
  endless.ended.then(() => (closed = true))
  let sent = 0
  await until('the endless body is ended', () => {
    for (let i = 0; i < 20 && !closed && endless.writableLength < 1 << 20; i++, sent++) endless.write(chunk)
    return closed
  })
  assert.ok(resident() - before < 64 << 20, `${resident() - before} bytes more`)
  assert.ok(await healthy())
})

test('5: targets that are no path of this server are 400', { skip }, async () => {
  for (const target of ['http://127.0.0.1/health', 'http://evil.example/health', `//127.0.0.1:${app.port}/health`, '127.0.0.1:80', '*', '?x', '/assets/%2e%2e/%2e%2e/etc/passwd', '/assets/..%2f..%2fetc/passwd',
    '/assets/%2e%2e%5c', '/./health', '/assets/.', '/assets/%2E', '/%c0%ae%c0%ae/', '/%e0%80%ae/', '/%ed%a0%80', '/%f5%80%80%80', '/a%0d%0aX: y', '/%7f', '/%1b', '/%', '/%4', '/health%', '/api/contract?$filter=%', '/api/contract?a=%c3%28']) {
    const r = await raw(`GET ${target} HTTP/1.1\r\n${host()}${cookie()}Connection: close\r\n\r\n`)
    assert.deepEqual([...new Set(r.statuses)], [400], `${target}: ${r.text.slice(0, 200)}`)
    assert.ok(!/root:/.test(r.text))
  }
})

test('2: a slow header, body or upload is ended in about twenty seconds; two thousand idle connections go, too, and hold up nobody', { skip }, async () => {
  const start = {
    header: `GET /health HTTP/1.1\r\n${host()}X-A: `,
    body: `POST /api/account HTTP/1.1\r\n${host()}${cookie()}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n`,
    upload: `POST /files HTTP/1.1\r\n${host()}${cookie()}Content-Type: text/plain\r\nContent-Length: 100000000\r\n\r\n`,
    'upload of a stranger': `POST /files HTTP/1.1\r\n${host()}Content-Type: text/plain\r\nContent-Length: 100000000\r\n\r\n`
  }
  const began = Date.now()
  const slow = Object.entries(start).map(([what, text]) => {
    const s = open()
    s.write(text)
    const drip = setInterval(() => s.write('x'), 200)
    s.ended.then(() => {
      clearInterval(drip)
      s.after = Date.now() - began
    })
    return [what, s]
  })
  const idle = Array.from({ length: 2000 }, open)
  // who waited for those would be answered when they end
  let meanwhile = 0
  for (let i = 0; i < 20 && slow.every(([, s]) => !s.after); i++) {
    assert.ok(await healthy())
    if (slow.every(([, s]) => !s.after)) meanwhile++
  }
  assert.ok(meanwhile >= 5, `${meanwhile} answers while slow ones are held`)
  for (const [what, s] of slow) {
    assert.ok(await Promise.race([s.ended, new Promise((resolve) => setTimeout(() => resolve(false), Math.max(0, 120000 - (Date.now() - began))))]), `${what}: still open`)
    assert.ok(s.after > 10000, `${what}: ended after ${s.after} ms`)
    assert.match(s.got, /^HTTP\/1\.1 (408[^]*"code":"timeout"|401)/, `${what}: ${s.got}`)
  }
  await until('idle connections are closed', () => idle.every((s) => s.closed), 120000)
  assert.ok(await healthy())
})
