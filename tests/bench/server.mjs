// make bench: requests against the server, beside pgbench running the statements that the server itself logs for them, in turns on the same database.
// Prints one line a kind of request and number of clients: medians of several rounds, each with a run of both; docs/benchmarks.md says what the columns mean.
import { spawn, spawnSync, execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { startOf } from './start.mjs'
import { pgbenchScript } from './script.mjs'

const here = import.meta.dirname
const rows = Number(process.env.BENCH_ROWS ?? 1000000)
const seconds = Number(process.env.BENCH_SECONDS ?? 8)
const rounds = Math.max(1, Number(process.env.BENCH_ROUNDS ?? 3))
const kept = process.env.BENCH_DATA
const kinds = (process.env.BENCH_KINDS ?? 'record,list,create,update').split(',')
const data = kept ?? fs.mkdtempSync(path.join(os.tmpdir(), 'ostov-bench-'))
const FIRST = 1000000
const HZ = 100
fs.chmodSync(data, 0o755)

const pgbench = ['/usr/bin/pgbench', ...fs.readdirSync('/usr/lib/postgresql').map((v) => `/usr/lib/postgresql/${v}/bin/pgbench`)].find((f) => fs.existsSync(f))
const cpu = (pid, ended) => {
  try {
    const f = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').map(Number)
    return (f[11] + f[12] + (ended ? f[13] + f[14] : 0)) / HZ
  } catch {
    return 0
  }
}
const children = (pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)
const rss = (pid, what) => Number(new RegExp(`${what}:\\s+(\\d+)`).exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024

let server
process.on('exit', () => server?.kill())
const start = async (...options) => (server = await startOf(data, options))
const psql = (args, text) => execFileSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', server.socket, '-U', 'ostov', '-d', 'ostov', ...args], { encoding: 'utf8', input: text })

const answer = async (kind, session) => {
  const headers = { Cookie: session.cookie, 'X-CSRF-Token': session.csrf, 'Content-Type': 'application/json' }
  const targets = {
    record: ['GET', `/api/contract(${FIRST})`],
    list: ['GET', '/api/contract?$select=number,subject,amount,ends_on,stage&$expand=account($select=name)&$orderby=ends_on&$top=50&$filter=ends_on%20ge%202026-03-14'],
    create: ['POST', '/api/contract', { subject: 'Bench', account_id: FIRST + 17, amount: 120000, ends_on: '2028-01-01' }],
    update: ['PATCH', `/api/contract(${FIRST})`, { amount: Math.floor(Math.random() * 900000) }],
  }
  const [method, target, body] = targets[kind]
  if (kind === 'update') headers['If-Match'] = (await fetch(server.url + targets.record[1], { headers })).headers.get('etag')
  const skip = server.logged().length
  const r = await fetch(server.url + target, { method, headers, body: body && JSON.stringify(body) })
  const json = await r.json()
  if (!r.ok) throw new Error(`${kind}: ${r.status} ${JSON.stringify(json)}`)
  /* what a worker does on its own account, outside of transactions, is nobody's request */
  return { json, units: server.logged().slice(skip).filter((u) => u.kind !== 'outside') }
}

/** The server's own statements of a request, from a server that has not run them before (each is logged once). */
async function statements(kind, types) {
  await start('--log-statements', null, '--workers', '1')
  const session = await server.signIn('manager')
  await fetch(`${server.url}/api/account?$top=1`, { headers: { Cookie: session.cookie } })
  const { json, units } = await answer(kind, session)
  await server.stop()
  const id = (v) => (p) => p.type === 20 && p.value === String(v)
  const half = Math.floor(rows / 2)
  const draws = {
    record: [{ name: 'n', draw: `random(0, ${half - 1}) * 2 + ${FIRST}`, match: id(FIRST) }],
    list: [{ name: 'n', draw: 'random(0, 364)', cast: "date '2026-01-01' + ?::int", match: (p) => p.value === '2026-03-14' }],
    create: [{ name: 'n', draw: `random(0, 9999) + ${FIRST}`, match: id(FIRST + 17) }],
    /* the last quarter: the requests change the others, each once */
    update: [{ name: 'n', draw: `random(${Math.floor(half * 0.75)}, ${half - 1}) * 2 + ${FIRST}`, match: id(FIRST) }],
  }
  return { units, ...pgbenchScript(units, types, draws[kind], kind === 'create' ? String(json.id) : null) }
}

function runPgbench(file, defines, clients, time = seconds) {
  const postgres = server.postgres(), before = cpu(postgres, true)
  const r = spawnSync('bash', ['-c', 'TIMEFORMAT="TIME %U %S"; time "$@"', 'time', pgbench, '-n', '-M', 'prepared', '-f', file, '-c', String(clients), '-j', '1', '-T', String(time), '-h', server.socket, '-U', 'ostov', ...defines, 'ostov'], { encoding: 'utf8' })
  const tps = /tps = ([\d.]+)/.exec(r.stdout), done = /actually processed: (\d+)/.exec(r.stdout), used = /TIME ([\d.]+) ([\d.]+)/.exec(r.stderr)
  if (r.status !== 0 || !tps || !done || !used) throw new Error(`pgbench: ${r.stderr.slice(0, 2000)}`)
  /* its back ends end a moment later: then their time has gone to the postmaster */
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  return { rate: Number(tps[1]), postgres: ((cpu(postgres, true) - before) / Number(done[1])) * 1000, client: ((Number(used[1]) + Number(used[2])) / Number(done[1])) * 1000 }
}

let part = 0
/** One run of wrk. Every second record is the manager's; updates of different runs take different parts of the table. */
async function runWrk(kind, clients, session, time = seconds) {
  const share = Math.floor((rows * 0.75) / 48) * 2
  const span = { record: [FIRST, rows], list: [FIRST, rows], create: [FIRST, 10000], update: [FIRST + share * (part++ % 24), share] }[kind]
  const workers = server.workers(), postgres = server.postgres()
  const pgs = () => cpu(postgres, true) + children(postgres).reduce((n, p) => n + cpu(p), 0)
  const own = () => workers.reduce((n, p) => n + cpu(p), 0)
  const before = [own(), pgs()]
  const child = spawn('bash', ['-c', 'TIMEFORMAT="TIME %U %S"; time "$@"', 'time', 'wrk', '-t1', `-c${clients}`, `-d${time}s`, '-s', path.join(here, 'load.lua'), server.url, '--', kind,
    String(span[0]), String(span[1]), session.cookie, session.csrf])
  let out = ''
  child.stdout.on('data', (d) => (out += d))
  child.stderr.on('data', (d) => (out += d))
  await new Promise((resolve) => child.on('close', resolve))
  const line = /RESULT (.*)/.exec(out), used = /TIME ([\d.]+) ([\d.]+)/.exec(out)
  if (!line || !used) throw new Error(`wrk: ${out}`)
  const r = JSON.parse(line[1])
  const ms = (v) => (v / r.requests) * 1000
  return { ...r, rate: r.requests / r.seconds, server: ms(own() - before[0]), postgres: ms(pgs() - before[1]), client: ms(Number(used[1]) + Number(used[2])) }
}

const median = (values) => {
  const v = [...values].sort((a, b) => a - b), half = Math.floor(v.length / 2)
  return v.length % 2 ? v[half] : (v[half - 1] + v[half]) / 2
}

/** Both in turns, each round in the other order, so that neither always runs on what the other has left in the caches. */
async function measure(kind, script, clients, session) {
  const got = []
  for (let round = 0; round < rounds; round++) {
    const run = { sql: () => runPgbench(script.file, script.defines, clients), wrk: () => runWrk(kind, clients, session) }
    const one = {}
    for (const which of round % 2 ? ['wrk', 'sql'] : ['sql', 'wrk']) one[which] = await run[which]()
    got.push({ ...one, ratio: one.wrk.rate / one.sql.rate, load: os.loadavg()[0] })
  }
  return got
}

let ok = true
try {
  await start()
  if (psql([], `SELECT count(*) FROM app.contract WHERE id >= ${FIRST}`).trim() === '0') {
    const began = Date.now()
    psql(['-v', `rows=${rows}`, '-f', path.join(here, 'fill.sql')])
    console.log(`# ${rows} contracts made in ${((Date.now() - began) / 1000).toFixed(0)} s`)
  }
  const types = new Map(psql([], 'SELECT oid, oid::regtype FROM pg_type').trim().split('\n').map((l) => [Number(l.split('|')[0]), l.split('|')[1]]))
  await server.stop()
  const scripts = {}
  for (const kind of kinds) scripts[kind] = await statements(kind, types)
  for (const kind of kinds) {
    scripts[kind].file = path.join(data, `${kind}.sql`)
    fs.writeFileSync(scripts[kind].file, scripts[kind].script)
    console.log(`# ${kind}: ${scripts[kind].units.map((u) => `${u.kind} of ${u.statements.length}`).join(', ')}`)
  }
  await start()
  const session = await server.signIn('manager')
  console.log(`# ${os.cpus().length} x ${os.cpus()[0].model}, load ${os.loadavg()[0].toFixed(1)}, ${rounds} rounds of ${seconds} s, ${execFileSync(pgbench, ['--version'], { encoding: 'utf8' }).trim()}`)
  console.log('                                                              ms of CPU a request:               of pgbench:')
  console.log('request  clients   req/s  p50 ms  p99 ms  pgbench/s  ratio    server  postgres    client  postgres    client   by CPU  refused  ratios of the rounds')
  for (const kind of kinds) {
    if (kind === 'record' || kind === 'list') {
      /* what is read for the first time is not measured */
      runPgbench(scripts[kind].file, scripts[kind].defines, 8, 2)
      await runWrk(kind, 8, session, 2)
    }
    for (const clients of [8, 32]) {
      const got = await measure(kind, scripts[kind], clients, session)
      const of = (pick) => median(got.map(pick))
      /* the table may be used up by updates before the time is; anything more is an error */
      if (got.some(({ wrk }) => wrk.broken || wrk.refused > wrk.requests * 0.01)) ok = false
      console.log([kind.padEnd(8), String(clients).padStart(7), of((g) => g.wrk.rate).toFixed(0).padStart(7), of((g) => g.wrk.p50).toFixed(2).padStart(7), of((g) => g.wrk.p99).toFixed(2).padStart(7),
        of((g) => g.sql.rate).toFixed(0).padStart(10), of((g) => g.ratio).toFixed(2).padStart(6),
        ...[(g) => g.wrk.server, (g) => g.wrk.postgres, (g) => g.wrk.client, (g) => g.sql.postgres, (g) => g.sql.client].map((pick) => of(pick).toFixed(3).padStart(9)),
        of(({ sql, wrk }) => (sql.postgres + sql.client) / (wrk.server + wrk.postgres + wrk.client)).toFixed(2).padStart(8),
        String(got.reduce((n, { wrk }) => n + wrk.refused, 0)).padStart(8), `  ${got.map((g) => `${g.ratio.toFixed(2)} (load ${g.load.toFixed(1)})`).join(', ')}`].join(' '))
    }
  }
  for (const p of server.workers()) console.log(`# worker ${p}: RSS ${rss(p, 'VmRSS').toFixed(1)} MB, of it own ${rss(p, 'RssAnon').toFixed(1)} MB`)
} catch (e) {
  ok = false
  console.log(e.stack)
} finally {
  await server?.stop()
  if (!kept) fs.rmSync(data, { recursive: true, force: true })
}
console.log(ok ? 'ok bench' : 'not ok bench')
process.exitCode = ok ? 0 : 1
