// A real server for a test file: `const app = await startServer({ config: 'configs/hotel-contracts' })`, then
// `const manager = await app.signIn('manager')`, `await manager.get('/api/contract')`.
//
// The first use of a configuration in a run applies it and loads its sample data into a template database; every server then gets a copy, so a
// test file may change what it likes. Servers are stopped when the test process ends.
import assert from 'node:assert/strict'
import { spawn, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'

export const srcdir = process.env.OSTOV_SRCDIR ?? path.resolve(import.meta.dirname, '../..')
export const program = process.env.OSTOV ?? path.join(srcdir, 'ostov')
export const hasDatabase = Boolean(process.env.OSTOV_TEST_DATABASE)
export const samplePassword = 'ostov-demo'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const live = new Set()
let serial = 0

/** Runs SQL in a database of the test cluster with psql; rows as arrays of texts. */
export function sql(database, text) {
  const out = execFileSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-F', '\x1f', '-R', '\x1e', '-d', database, '-c', text], { encoding: 'utf8', maxBuffer: 1 << 28 })
  return out.trimEnd() === '' ? [] : out.replace(/\n$/, '').split('\x1e').map((row) => row.split('\x1f'))
}

/** The address of a database of the test cluster, as --database takes it. */
export function databaseUrl(database) {
  return process.env.OSTOV_TEST_DATABASE.replace(/\/postgres$/, `/${database}`)
}

/** A port that nobody listens on now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const s = net.createServer()
    s.once('error', reject)
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address()
      s.close(() => resolve(port))
    })
  })
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until `probe` gives something true; fails with `what` after `ms`. */
export async function until(what, probe, ms = 60000) {
  const end = Date.now() + ms
  for (;;) {
    const got = await probe()
    if (got) return got
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`)
    await sleep(50)
  }
}

/** How many times longer than alone a computation takes at this moment, for others use the processors, too; at least 1. */
export function load() {
  const began = performance.now(), before = process.cpuUsage()
  let used = 0
  for (let n = 0; used < 60; n++) {
    for (let i = 0; i < 200000; i++) n ^= i
    const { user, system } = process.cpuUsage(before)
    used = (user + system) / 1000
  }
  return Math.max(1, (performance.now() - began) / used)
}

/**
 * Shows that something takes at most `ms`. What is at fault is late every time; a busy machine makes it late now and then, and by as much as it makes everything
 * late. `measure` does it once and gives its milliseconds.
 */
export async function promptly(what, ms, measure, turns = 8) {
  const took = []
  for (let i = 0; i < turns; i++) {
    took.push(Math.round(await measure()))
    if (took[i] <= ms || took[i] <= ms * load()) return
  }
  assert.fail(`${what}: ${took} ms, never ${ms}`)
}

/** A psql session of its own: `run` gives when its SQL was executed, `end` ends it (and what it held) with one last statement. */
export function session(database) {
  const child = spawn('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database], { stdio: ['pipe', 'pipe', 'inherit'] })
  let out = '', n = 0, over = null
  child.stdout.on('data', (d) => (out += d))
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve((over = { code }))))
  process.once('exit', () => child.kill('SIGKILL'))
  return {
    run: async (text) => {
      const mark = `done ${++n}`
      child.stdin.write(`${text};\nselect '${mark}';\n`)
      await until(text, () => {
        if (over) throw new Error(`psql ended: ${text}`)
        return out.includes(mark)
      })
    },
    end: (how = 'rollback') => (child.stdin.end(`${how};\n`), ended)
  }
}

class Server {
  constructor(child, port, database, log) {
    Object.assign(this, { child, port, database, log, url: `http://127.0.0.1:${port}` })
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
    live.add(this)
  }

  output() {
    return fs.readFileSync(this.log, 'utf8')
  }

  /** SIGTERM, then waiting for the end; SIGKILL after 45 s. Gives exit code and signal. */
  async stop(signal = 'SIGTERM') {
    if (!live.delete(this)) return this.ended
    this.child.kill(signal)
    const hard = setTimeout(() => this.child.kill('SIGKILL'), 45000)
    const end = await this.ended
    clearTimeout(hard)
    return end
  }

  sql(text) {
    return sql(this.database, text)
  }

  /** The processes of its workers. */
  workers() {
    return fs.readFileSync(`/proc/${this.child.pid}/task/${this.child.pid}/children`, 'utf8').split(' ').map(Number).filter((pid) => pid > 0)
  }

  /** Kills every worker at once; the supervisor starts others. */
  killWorkers() {
    for (const pid of this.workers()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // it is gone already
      }
    }
  }

  /** Waits until every worker runs the generation that is in force. */
  async followed() {
    await until('all workers run the generation in force', () => {
      const rows = new Map(this.sql("select substring(id from '[0-9]+$'), generation = (select id from ostov.generation where current) from ostov.worker"))
      const pids = this.workers()
      return pids.length > 1 && pids.every((pid) => rows.get(String(pid)) === 't')
    })
  }

  /** Makes every row that is written to a table of the application take `ms`, until `release`: what is to be looked at in its middle has one, however fast the machine. */
  brake(table, ms) {
    this.sql(`create or replace function public.brake_${table}() returns trigger language plpgsql as $$ begin perform pg_catalog.pg_sleep(${ms / 1000}); return new; end $$;
      create or replace trigger brake before insert or update on app."${table}" for each row execute function public.brake_${table}()`)
  }
  release(table) {
    this.sql(`create or replace function public.brake_${table}() returns trigger language plpgsql as $$ begin return new; end $$`)
  }

  /** A client without a session. */
  anonymous() {
    return new Client(this.url)
  }

  /** A client with a session of one of the sample people (or of whom the password is given). */
  async signIn(login, password = samplePassword, headers = {}) {
    const c = new Client(this.url, headers)
    const r = await c.post('/auth/login', { login, password })
    if (r.status !== 200) throw new Error(`sign-in of ${login}: ${r.status} ${r.text}`)
    c.csrf = r.json.csrf
    c.user = r.json.user
    return c
  }
}

/** An HTTP client with cookies and the CSRF token of its session; answers carry status, headers, text and json. */
export class Client {
  constructor(url, headers = {}) {
    this.url = url
    this.headers = headers
    this.cookies = new Map()
  }

  async request(method, target, body, headers = {}) {
    const h = { ...this.headers, ...headers }
    if (this.cookies.size) h.Cookie = [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; ')
    if (this.csrf && method !== 'GET' && method !== 'HEAD') h['X-CSRF-Token'] ??= this.csrf
    let raw = body
    if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
      raw = JSON.stringify(body)
      h['Content-Type'] ??= 'application/json'
    }
    const r = await fetch(this.url + target, { method, headers: h, body: raw, redirect: 'manual', signal: AbortSignal.timeout(90000) })
    for (const c of r.headers.getSetCookie()) {
      const [pair] = c.split(';')
      const at = pair.indexOf('=')
      if (/max-age=0/i.test(c)) this.cookies.delete(pair.slice(0, at))
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    const bytes = Buffer.from(await r.arrayBuffer())
    const text = bytes.toString('utf8')
    let json
    if (/\bjson\b/.test(r.headers.get('content-type') ?? '') && text !== '') json = JSON.parse(text)
    return { status: r.status, headers: r.headers, bytes, text, json }
  }

  get(target, headers) {
    return this.request('GET', target, undefined, headers)
  }
  post(target, body, headers) {
    return this.request('POST', target, body, headers)
  }
  put(target, body, headers) {
    return this.request('PUT', target, body, headers)
  }
  patch(target, body, headers) {
    return this.request('PATCH', target, body, headers)
  }
  delete(target, headers) {
    return this.request('DELETE', target, undefined, headers)
  }
}

/** Starts a server; once more on another port when somebody took the one that was free a moment ago. */
async function launch(config, database, options) {
  for (let tries = 0; ; tries++) {
    try {
      return await launchOnce(config, database, options)
    } catch (e) {
      if (tries >= 4 || !/another program listens/.test(e.message)) throw e
    }
  }
}

async function launchOnce(config, database, { sample, args = [], env = {}, exe = program }) {
  const port = await freePort()
  const n = ++serial
  const data = path.join(scratch, `data${n}`)
  fs.mkdirSync(data)
  fs.chmodSync(data, 0o777)
  const log = path.join(scratch, `server${n}.log`)
  const out = fs.openSync(log, 'w')
  const argv = ['serve', path.resolve(srcdir, config), '--database', databaseUrl(database), '--data', data, '--listen', `127.0.0.1:${port}`]
  if (sample) argv.push('--sample')
  const child = spawn(exe, [...argv, ...args], { stdio: ['ignore', out, out], env: { ...process.env, ...env } })
  fs.closeSync(out)
  const server = new Server(child, port, database, log)
  let ended = null
  server.ended.then((end) => (ended = end))
  try {
    await until('GET /health', async () => {
      if (ended) throw new Error(`the server ended with ${JSON.stringify(ended)}`)
      return fetch(`${server.url}/health`, { signal: AbortSignal.timeout(2000) }).then((r) => r.ok, () => false)
    }, 120000)
  } catch (e) {
    await server.stop('SIGKILL')
    throw new Error(`${e.message}\n${server.output()}`)
  }
  return server
}

/** Makes the template database of a configuration if this run has none yet; gives its name. */
async function template(config, sample) {
  const stamp = createHash('sha1').update(path.resolve(srcdir, config) + sample)
  for (const dir of [path.resolve(srcdir, config), path.join(srcdir, 'modules'), path.join(srcdir, 'lua'), program]) {
    for (const f of fs.statSync(dir, { throwIfNoEntry: false })?.isDirectory() ? fs.readdirSync(dir, { recursive: true }).sort() : ['']) {
      const st = fs.statSync(path.join(dir, f))
      if (st.isFile()) stamp.update(`${f} ${st.size} ${st.mtimeMs}\n`)
    }
  }
  const name = `template_${stamp.digest('hex').slice(0, 16)}`
  const there = () => sql('postgres', `select 1 from pg_database where datname = '${name}'`).length > 0
  if (!there()) {
    const draft = `${name}_${process.pid}`
    sql('postgres', `create database ${draft}`)
    const server = await launch(config, draft, { sample })
    await server.stop()
    await until('the template is free', () => sql('postgres', `select 1 from pg_stat_activity where datname = '${draft}'`).length === 0)
    try {
      sql('postgres', `alter database ${draft} rename to ${name}`)
    } catch (e) {
      if (!there()) throw e
      sql('postgres', `drop database ${draft}`)
    }
  }
  return name
}

/**
 * Starts a server on a free port with a database of its own. `config`: folder; `sample`: with sample data (default true); `args`, `env`: more for the
 * command line and the environment; `database`: an existing database to use instead of a new one; `exe`: a copy of the program with files of its own beside it.
 */
export async function startServer({ config = 'configs/hotel-contracts', sample = true, args, env, database, exe } = {}) {
  let name = database
  if (!name) {
    name = `test_${process.pid}_${++serial}`
    const from = await template(config, sample)
    sql('postgres', `create database ${name} template ${from}`)
  }
  return launch(config, name, { sample, args, env, exe })
}

process.on('exit', () => {
  for (const s of live) s.child.kill('SIGKILL')
})
