// Many connections and few: a crowd that says nothing, one over the bound, and how two workers share them: SAFETY 2. time-limit: 600
import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { after, test } from 'node:test'
import { freePort, hasDatabase, program, sleep, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const app = skip ? null : await startServer({ args: ['--workers', '2'] })
after(() => app?.stop())
const files = Number(fs.readFileSync('/proc/self/limits', 'utf8').match(/Max open files +(\d+)/)[1])

const get = (port, target, more = '') => `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${more}\r\n`

function open(port) {
  const s = net.connect(port, '127.0.0.1')
  s.got = ''
  s.on('data', (d) => (s.got += d))
  s.on('error', () => {})
  s.on('connect', () => (s.there = true))
  return s
}

/** One request on a connection of its own; gives the status and how long it took. */
async function ask(port) {
  const began = performance.now()
  const s = open(port)
  s.write(get(port, '/health', 'Connection: close\r\n'))
  await until('an answer', () => s.closed && s.got)
  return { status: Number(s.got.slice(9, 12)), text: s.got, ms: performance.now() - began }
}

/** Resident bytes of the web workers. */
function resident(server) {
  const children = fs.readFileSync(`/proc/${server.child.pid}/task/${server.child.pid}/children`, 'utf8').trim().split(/\s+/)
  return children.map((p) => Number(fs.readFileSync(`/proc/${p}/statm`, 'utf8').split(' ')[1]) * 4096).reduce((a, b) => a + b, 0)
}

test('2: eight connections kept alive are shared by two workers', { skip }, async (t) => {
  const rounds = []
  // a worker that the machine does not let run takes few: on one that is busy it shows later
  const even = () => rounds.filter((n) => n >= 2).length
  for (let round = 0; round < 20 || (round < 80 && even() < rounds.length / 2); round++) {
    const kept = Array.from({ length: 8 }, () => open(app.port))
    // all are open before the first of them is counted
    for (const s of kept) s.write(get(app.port, '/health'))
    await until('all are answered', () => kept.every((s) => s.got.includes('"status"')))
    for (const s of kept) {
      s.got = ''
      s.write(get(app.port, '/metrics'))
    }
    const of = await Promise.all(kept.map((s) => until('figures', () => s.got.match(/ostov_connections\{(.*?)\} (\d+)/))))
    const workers = new Map(of.map((m) => [m[1], Number(m[2])]))
    rounds.push(workers.size < 2 ? 0 : Math.min(...workers.values()))
    for (const s of kept) s.destroy()
    await until('they are gone', async () => {
      const s = open(app.port)
      s.write(get(app.port, '/metrics', 'Connection: close\r\n'))
      await until('figures', () => s.closed)
      return /ostov_connections\{.*?\} 1\n/.test(s.got)
    })
  }
  t.diagnostic(`of the worker with fewer: ${rounds}`)
  // left to the kernel, one has all of them most times
  assert.ok(even() >= rounds.length / 2, `of the worker with fewer: ${rounds}`)
})

test('2: ten thousand connections that say nothing hold up nobody, and what they took is given back', { skip }, async (t) => {
  const many = Math.min(10000, files - 500)
  t.diagnostic(`${many} connections`)
  const before = resident(app)
  const idle = []
  while (idle.length < many) {
    const some = Array.from({ length: 250 }, () => open(app.port))
    idle.push(...some)
    await until('they are open', () => some.every((s) => s.there))
  }
  const grown = resident(app) - before
  assert.ok(grown < many * 16384, `${Math.round(grown / many)} bytes a connection`)
  // a server that does nothing, asked in turns with ours, tells how late this machine is by itself
  const bare = http.createServer((q, r) => r.end('"status"'))
  const barePort = await freePort()
  await new Promise((resolve) => bare.listen(barePort, '127.0.0.1', resolve))
  const slowest = [], late = []
  let all = false
  const watch = (async () => {
    while (!all) {
      const r = await ask(app.port)
      assert.equal(r.status, 200)
      slowest.push(r.ms)
      late.push((await ask(barePort)).ms)
      await sleep(20)
    }
  })()
  await until('all are ended', () => idle.every((s) => s.closed), 200000)
  all = true
  await watch
  bare.close()
  assert.deepEqual([...new Set(idle.map((s) => s.got.slice(9, 12)))], ['408'])
  const p99 = (ms) => ms.sort((a, b) => a - b)[Math.floor(ms.length * 0.99)]
  assert.ok(p99(slowest) < 1000 + 5 * p99(late), `others waited ${slowest.at(-1)} ms, at a bare server ${late.at(-1)} ms`)
  await until('memory is given back', () => resident(app) - before < grown / 2 + (4 << 20))
})

test('2: who comes over the bound is told 503 at once, and there is room again when others leave', { skip }, async () => {
  const wrapper = path.join(process.env.OSTOV_TEST_TMP ?? '/tmp', 'few-files')
  fs.writeFileSync(wrapper, `#!/bin/sh\nulimit -n 400\nexec ${program} "$@"\n`, { mode: 0o755 })
  const few = await startServer({ exe: wrapper, args: ['--workers', '2'] })
  after(() => few.stop())
  // half of its descriptors are for connections, in each of the workers; a busy one may be full a little before the other
  const kept = []
  let refused = 0
  for (let i = 0; i < 600 && refused < 20; i++) {
    const s = open(few.port), began = performance.now()
    s.write(get(few.port, '/health'))
    await Promise.race([new Promise((resolve) => s.once('data', resolve)), new Promise((resolve) => s.once('close', resolve))])
    if (s.got.startsWith('HTTP/1.1 200')) {
      kept.push(s)
      refused = 0
      continue
    }
    refused++
    // not when one of the others has been silent for so long that it is ended
    const ms = performance.now() - began
    assert.ok(ms < 10000, `told after ${ms} ms`)
    await until('the whole answer', () => s.closed)
    assert.match(s.got, /^HTTP\/1\.1 503 [^]*retry-after: \d/i)
    assert.equal(JSON.parse(s.got.split('\r\n\r\n')[1]).error.code, 'unavailable')
  }
  assert.equal(refused, 20)
  assert.ok(kept.length > 300 && kept.length <= 400, `${kept.length} connections`)
  // those within the bound are served
  kept[0].got = ''
  kept[0].write(get(few.port, '/health'))
  await until('an answer', () => kept[0].got.startsWith('HTTP/1.1 200'))
  for (const s of kept.splice(0, 50)) s.destroy()
  await until('there is room', async () => (await ask(few.port)).status === 200)
  for (const s of kept) s.destroy()
})
