// The disk of the write-ahead log of the private cluster fills up: SAFETY 65. time-limit: 240
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { Client, freePort, hasDatabase, program, samplePassword, srcdir, until } from '../support/ostov.mjs'

let skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const root = fs.mkdtempSync(path.join(process.env.OSTOV_TEST_TMP ?? '/tmp', 'wal-'))
fs.chmodSync(root, 0o755)
const data = path.join(root, 'data')
const disk = path.join(root, 'disk')
const log = path.join(root, 'serve.log')
fs.mkdirSync(disk)
if (!skip) {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300m,mode=0777', 'tmpfs', disk], { stdio: 'pipe' })
  } catch {
    skip = 'a small file system cannot be mounted here'
  }
}
let child, ended, port

async function start() {
  port = await freePort()
  const out = fs.openSync(log, 'w')
  child = spawn(program, ['serve', path.join(srcdir, 'configs/hotel-contracts'), '--sample', '--data', data, '--listen', `127.0.0.1:${port}`], { stdio: ['ignore', out, out] })
  fs.closeSync(out)
  ended = new Promise((resolve) => child.once('exit', resolve))
  await until('it serves', () => output().includes('serving http'), 120000)
}
const output = () => fs.readFileSync(log, 'utf8')
async function stop() {
  child?.kill('SIGTERM')
  await ended
}

before(async () => {
  if (skip) return
  await start()
  await stop()
  // where the folder is closed to the cluster's user, it lives elsewhere
  const pointer = path.join(data, 'cluster-elsewhere')
  const base = fs.existsSync(pointer) ? fs.readFileSync(pointer, 'utf8').trim() : path.join(data, 'cluster')
  const wal = path.join(base, 'postgresql', 'pg_wal')
  execFileSync('cp', ['-a', wal, disk])
  fs.rmSync(wal, { recursive: true })
  fs.symlinkSync(path.join(disk, 'pg_wal'), wal)
  await start()
})
after(async () => {
  await stop()
  if (!skip) execFileSync('umount', ['-l', disk])
})

test('65: a full disk of the write-ahead log: writes are 503 and told why, reads go on, and it recovers by itself', { skip, timeout: 200000 }, async () => {
  const free = () => {
    const s = fs.statfsSync(disk)
    return s.bavail * s.bsize
  }
  const manager = new Client(`http://127.0.0.1:${port}`)
  const who = await manager.post('/auth/login', { login: 'manager', password: samplePassword })
  assert.equal(who.status, 200, who.text)
  manager.csrf = who.json.csrf
  const ballast = path.join(disk, 'ballast')
  let made = 0
  const create = () => manager.post('/api/account', { name: `Запись ${++made}`, kind: 'tenant', note: randomBytes(6000).toString('base64') })
  const acknowledged = []
  for (let i = 0; i < 20; i++) acknowledged.push((await create()).json.id)
  const reads = async () => {
    assert.equal((await manager.get('/api/contract?$top=5&$expand=account')).status, 200)
    assert.equal((await manager.get(`/api/account(${acknowledged.at(-1)})`)).status, 200)
    assert.equal((await manager.get('/health')).status, 200)
  }
  // somebody else takes all but one segment at once
  fs.writeFileSync(ballast, Buffer.alloc(free() - (10 << 20)))
  let refusals = 0
  for (let i = 0; i < 4000 && refusals < 40; i++) {
    const r = await create()
    if (r.status === 201) {
      acknowledged.push(r.json.id)
      continue
    }
    refusals++
    assert.equal(r.status, 503, r.text)
    assert.equal(r.json.error.code, 'unavailable', r.text)
    assert.match(r.json.error.message, /места|место/i)
    assert.ok(Number(r.headers.get('retry-after')) > 0)
    await reads()
  }
  assert.ok(refusals > 0, 'the disk never filled')
  const upload = await manager.post('/files', randomBytes(1 << 20), { 'Content-Type': 'application/octet-stream', 'X-File-Name': 'big' })
  assert.equal(upload.status, 503, upload.text)
  assert.equal((await manager.put('/ui/settings/columns', { a: 1 })).status, 503)
  await reads()
  fs.rmSync(ballast)
  await until('writes go again', async () => {
    const r = await create()
    if (r.status === 201) acknowledged.push(r.json.id)
    return r.status === 201
  }, 20000)
  const stored = await Promise.all(acknowledged.map((id) => manager.get(`/api/account(${id})?$select=id`)))
  assert.deepEqual(acknowledged.filter((_, i) => stored[i].status !== 200), [], 'acknowledged writes are there')
  assert.doesNotMatch(output(), /ended unexpectedly|ended by signal|ended with status/)
})
