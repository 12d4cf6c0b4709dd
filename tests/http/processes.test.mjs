// The processes of one machine: a private cluster, workers that are killed, a database that is killed, an orderly end (SAFETY 63, 69, 70).
// time-limit: 600
import { test, before, after } from 'node:test'
import assert from 'node:assert/strict'
import { spawn, execFileSync } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { program, srcdir, hasDatabase, freePort, promptly, sleep, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const root = fs.mkdtempSync(path.join(process.env.OSTOV_TEST_TMP ?? '/tmp', 'processes-'))
fs.chmodSync(root, 0o755)
const data = path.join(root, 'data')
const config = path.join(srcdir, 'configs/hotel-contracts')
let app

class Serve {
  constructor(args, port) {
    this.port = port
    this.url = `http://127.0.0.1:${port}`
    this.log = path.join(root, `serve-${port}.log`)
    fs.writeFileSync(this.log, '')
    const out = fs.openSync(this.log, 'a')
    this.child = spawn(program, ['serve', ...args, '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', out, out] })
    fs.closeSync(out)
    this.ended = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve({ code, signal })))
    this.ended.then((end) => (this.end = end))
  }
  output() {
    return fs.readFileSync(this.log, 'utf8')
  }
  async ready(ms = 120000) {
    await until('ready', () => this.end || this.output().includes('serving http'), ms).catch((e) => {
      throw new Error(`${e.message}\n${this.output()}`)
    })
    assert.equal(this.end, undefined, this.output())
    return this
  }
  async stop(signal = 'SIGTERM') {
    this.child.kill(signal)
    return this.ended
  }
  children() {
    return fs.readFileSync(`/proc/${this.child.pid}/task/${this.child.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
  }
  postmaster() {
    return this.children().find((pid) => name(pid) === 'postgres')
  }
  workers() {
    return this.children().filter((pid) => name(pid) !== 'postgres')
  }
}

function name(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}

// Ended, even when nobody has read its status yet.
function gone(pid) {
  try {
    return /^State:\s*[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return true
  }
}

// What the supervisor says of those that it had to end.
const UNWILLING = /SIGKILL|did not end within|does not stop within|ended by signal/

// A connection of its own each time: one that a killed worker held would fail.
const get = (url, ms) => fetch(url, { signal: AbortSignal.timeout(ms), headers: { Connection: 'close' } })
const healthy = (url) => get(`${url}/health`, 5000).then((r) => r.ok, () => false)

before(async () => {
  if (!skip) app = await new Serve([config, '--data', data], await freePort()).ready()
})
after(async () => {
  if (app && !app.end) await app.stop()
  const pointer = path.join(data, 'cluster-elsewhere')
  if (fs.existsSync(pointer)) fs.rmSync(fs.readFileSync(pointer, 'utf8').trim(), { recursive: true, force: true })
  fs.rmSync(root, { recursive: true, force: true })
})

test('what a start says', { skip }, () => {
  const text = app.output()
  for (const line of ['database ...', 'configuration ...', 'workers ...', `serving http://127.0.0.1:${app.port}`]) assert.ok(text.includes(line), text)
})

test('workers do not run as root', { skip: skip || (process.getuid() !== 0 && 'only root has somebody else to become') }, () => {
  for (const pid of [...app.workers(), app.postmaster()]) assert.notEqual(fs.statSync(`/proc/${pid}`).uid, 0)
})

test('69: killed workers are back within a second', { skip }, async () => {
  await promptly('the server answers again', 1000, async () => {
    const old = app.workers()
    assert.ok(old.length >= 3)
    for (const pid of old) process.kill(pid, 'SIGKILL')
    const began = Date.now()
    await until('health', () => healthy(app.url))
    const took = Date.now() - began
    await until('all workers', () => app.workers().length === old.length && !app.workers().some((pid) => old.includes(pid)))
    return took
  })
})

test('63, 69: a killed PostgreSQL comes back, and the workers with it', { skip }, async () => {
  const old = app.postmaster(), workers = app.workers()
  process.kill(old, 'SIGKILL')
  await until('another postmaster', () => app.postmaster() && app.postmaster() !== old)
  await until('health', () => healthy(app.url))
  assert.deepEqual(app.workers(), workers, 'no worker was restarted')
})

test('70: SIGTERM: requests in hand are answered, then everything ends', { skip }, async () => {
  // sign-ins compute for a while (argon2): they are in hand when the signal comes
  const login = () =>
    fetch(`${app.url}/auth/login`, {
      method: 'POST', headers: { 'Content-Type': 'application/json', Connection: 'close' },
      body: JSON.stringify({ login: 'nobody', password: 'wrong wrong' }), signal: AbortSignal.timeout(60000)
    })
  // PostgreSQL was killed a moment ago: every worker must have found it again, whichever takes the request
  let good = 0
  await until('sign-ins are answered by all workers', async () => {
    const r = await login()
    await r.text()
    good = r.status === 401 ? good + 1 : 0
    return good === 4
  })
  // each was asked for its body by its worker, and has sent it, before the signal
  const inHand = () =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify({ login: 'nobody', password: 'wrong wrong' })
      const answer = new Promise((settle, fail) => {
        const q = http.request(`${app.url}/auth/login`, { method: 'POST', agent: false, headers: { 'Content-Type': 'application/json', 'Content-Length': body.length, Expect: '100-continue' } }, (r) => (r.resume(), settle(r.statusCode)))
        q.on('error', (e) => (reject(e), fail(e)))
        q.on('continue', () => q.end(body, () => resolve(answer)))
        q.flushHeaders()
      })
      answer.catch(() => {})
    }).then((answer) => ({ answer }))
  const begun = await Promise.all([inHand(), inHand(), inHand(), inHand()])
  const postmaster = app.postmaster()
  const end = await app.stop()
  assert.deepEqual(await Promise.all(begun.map((b) => b.answer)), [401, 401, 401, 401])
  assert.deepEqual(end, { code: 0, signal: null })
  assert.ok(gone(postmaster))
  assert.equal(await healthy(app.url), false)
})

test('a second start; an idle connection does not hold up the end', { skip }, async () => {
  app = await new Serve([config, '--data', data], app.port).ready()
  const idle = net.connect(app.port, '127.0.0.1')
  idle.on('error', () => {})
  await new Promise((resolve) => idle.once('connect', resolve))
  assert.deepEqual(await app.stop('SIGINT'), { code: 0, signal: null })
  assert.doesNotMatch(app.output(), UNWILLING)
  idle.destroy()
})

test('70: Ctrl-C under load: what was begun is answered whole, the rest refused, nothing stays behind', { skip }, async () => {
  app = await new Serve([config, '--data', data], app.port).ready()
  const seen = { whole: 0, refused: 0, cut: [] }
  let over = false
  const client = async (n) => {
    while (!over) {
      let began = false
      try {
        const r = n % 4
          ? await fetch(`${app.url}/`, { signal: AbortSignal.timeout(60000) })
          : await fetch(`${app.url}/auth/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: `nobody${n}`, password: 'wrong wrong' }), signal: AbortSignal.timeout(60000) })
        began = true
        await r.text()
        if (r.status >= 500 && r.status !== 503) seen.cut.push(r.status)
        seen.whole++
      } catch (e) {
        if (began || e.name === 'TimeoutError') seen.cut.push(String(e.cause ?? e))
        seen.refused++
        await sleep(5)
      }
    }
  }
  const clients = Array.from({ length: 16 }, (_, n) => client(n))
  await until('there is load', () => seen.whole > 200)
  const end = await app.stop('SIGINT')
  over = true
  await Promise.all(clients)
  assert.deepEqual(end, { code: 0, signal: null })
  assert.deepEqual(seen.cut, [])
  const elsewhere = path.join(data, 'cluster-elsewhere')
  const base = fs.existsSync(elsewhere) ? fs.readFileSync(elsewhere, 'utf8').trim() : data
  assert.ok(fs.existsSync(path.join(base, 'cluster/postgresql/PG_VERSION')))
  assert.ok(!fs.existsSync(path.join(base, 'cluster/postgresql/postmaster.pid')), 'postmaster.pid is left')
  assert.doesNotMatch(app.output(), UNWILLING)
})

test('a killed supervisor takes everything along, and the next one starts', { skip }, async () => {
  app = await new Serve([config, '--data', data], app.port).ready()
  const all = app.children()
  await app.stop('SIGKILL')
  await until('all have ended', () => all.every(gone))
  app = await new Serve(['-', '--data', data], app.port).ready()
  assert.ok(await healthy(app.url))
})

test('what stands in the way is said, with exit status 3', { skip }, async () => {
  const run = async (args, port) => {
    const log = path.join(root, 'refused.log'), out = fs.openSync(log, 'w')
    const child = spawn(program, ['serve', ...args, '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', out, out] })
    const code = await new Promise((resolve) => child.once('exit', resolve))
    fs.closeSync(out)
    return [code, fs.readFileSync(log, 'utf8')]
  }
  const [portCode, portText] = await run(['-', '--data', data], app.port)
  assert.equal(portCode, 3)
  assert.match(portText, /another program listens on 127\.0\.0\.1:\d+ already/)
  const [dataCode, dataText] = await run(['-', '--data', data], await freePort())
  assert.equal(dataCode, 3)
  assert.match(dataText, new RegExp(`process ${app.child.pid} runs the database in '.*' already`))
  const [urlCode, urlText] = await run(['-', '--database', 'postgresql://127.0.0.1:1/none?connect_timeout=2'], await freePort())
  assert.equal(urlCode, 3)
  assert.match(urlText, /cannot be reached/)
  const file = path.join(root, 'a-file')
  fs.writeFileSync(file, '')
  for (const [what, folder, text] of [[config, file, /a-file/], [config, '/proc/nothing', /cannot use the data folder '\/proc\/nothing'/], ['-', '/proc/nothing', /there is no database under '\/proc\/nothing'/]]) {
    const [code, said] = await run([what, '--data', folder], await freePort())
    assert.equal(code, 3, said)
    assert.match(said, text)
  }
  assert.ok(await healthy(app.url))
})

test('wrong command lines: exit status 2 or 1', () => {
  const run = (...args) => {
    try {
      execFileSync(program, ['serve', ...args], { stdio: 'pipe', timeout: 60000 })
      return 0
    } catch (e) {
      return e.status
    }
  }
  assert.equal(run(), 2)
  assert.equal(run('-', '--listen'), 2)
  assert.equal(run('-', '--listen', '8080'), 2)
  assert.equal(run('-', '--workers', '0'), 2)
  assert.equal(run('-', '--base-url', 'ostov.example'), 2)
  assert.equal(run('-', '--base-url', 'https://ostov.example/crm'), 2)
  assert.equal(run('-', '--proxy', '10.0.0.1'), 2)
  assert.equal(run('-', '--base-url', 'https://ostov.example', '--proxy', '10.0.0.1,proxy.example'), 2)
  assert.equal(run('-', '--no-such'), 2)
  assert.equal(run('no/such/folder'), 1)
})
