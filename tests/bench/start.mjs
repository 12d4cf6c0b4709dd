// A server on a data folder of its own, with a private PostgreSQL, as the benchmark needs it: its statement log, its processes, its socket.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { freePort, until } from '../support/ostov.mjs'

export const srcdir = process.env.OSTOV_SRCDIR ?? path.resolve(import.meta.dirname, '../..')
export const program = process.env.OSTOV ?? path.join(srcdir, 'ostov')

const children = (pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)

/** Starts `ostov serve` on the folder and waits until it answers. */
export async function startOf(data, options) {
  const port = await freePort()
  const log = path.join(data, 'statements.jsonl'), output = path.join(data, 'serve.log')
  fs.rmSync(log, { force: true })
  const fd = fs.openSync(output, 'w')
  const args = options.map((o) => o ?? log)
  const child = spawn(program, ['serve', path.join(srcdir, 'configs/hotel-contracts'), '--data', data, '--sample', '--listen', `127.0.0.1:${port}`, ...args], { stdio: ['ignore', fd, fd] })
  fs.closeSync(fd)
  const url = `http://127.0.0.1:${port}`
  const ended = new Promise((resolve) => child.once('exit', resolve))
  let gone = false
  ended.then(() => (gone = true))
  await until(`the server on ${data}: ${output}`, async () => {
    if (gone) throw new Error(fs.readFileSync(output, 'utf8'))
    return fetch(`${url}/health`).then((r) => r.ok, () => false)
  }, 120000)
  const pointer = path.join(data, 'cluster-elsewhere')
  const cluster = fs.existsSync(pointer) ? fs.readFileSync(pointer, 'utf8').trim() : path.join(data, 'cluster')
  const postmaster = [path.join(cluster, 'postgresql/postmaster.pid'), path.join(cluster, 'cluster/postgresql/postmaster.pid')].find((f) => fs.existsSync(f))
  const postgres = fs.readFileSync(postmaster, 'utf8').split('\n')
  return {
    url, socket: postgres[4],
    postgres: () => Number(postgres[0]),
    /* in the order in which they were started: the last one works off jobs */
    workers: () => children(child.pid).filter((p) => p !== Number(postgres[0])).slice(0, -1),
    logged: () => (fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trim().split('\n').filter(Boolean).map((l) => JSON.parse(l)) : []),
    kill: () => child.kill(),
    async stop() {
      child.kill()
      await ended
    },
    /** Cookie and CSRF token of a person of the sample. */
    async signIn(login) {
      const r = await fetch(`${url}/auth/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login, password: 'ostov-demo' }) })
      if (!r.ok) throw new Error(`signing in: ${r.status}`)
      return { cookie: r.headers.getSetCookie().map((c) => c.split(';')[0]).join('; '), csrf: (await r.json()).csrf }
    },
  }
}
