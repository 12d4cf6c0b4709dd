// The web application's files: caching, and builds that come while the server runs. time-limit: 600 mostly-waits
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, test } from 'node:test'
import { hasDatabase, program, srcdir, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'

// a program with files of its own beside it
const home = path.join(process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-static-'), 'home')
const dist = path.join(home, 'web/dist')
fs.mkdirSync(dist, { recursive: true })
for (const dir of ['lua', 'modules']) fs.cpSync(path.join(srcdir, dir), path.join(home, dir), { recursive: true })
fs.copyFileSync(program, path.join(home, 'ostov'))
fs.writeFileSync(path.join(home, 'configure.ac'), '')

const page = (name) => `<!doctype html><script type="module" src="/assets/main-${name}.js"></script>`

/** A build as the bundler writes it: the folder is emptied, then filled. */
function build(name, { main = true } = {}) {
  fs.rmSync(dist, { recursive: true, force: true })
  fs.mkdirSync(path.join(dist, 'assets'), { recursive: true })
  fs.writeFileSync(path.join(dist, 'index.html'), page(name))
  fs.writeFileSync(path.join(dist, 'assets', `part-${name}.js`), `part of ${name}`)
  if (main) fs.writeFileSync(path.join(dist, 'assets', `main-${name}.js`), `main of ${name}`)
}

const app = skip ? null : await startServer({ exe: path.join(home, 'ostov'), args: ['--workers', '2'] })
after(() => app?.stop())

/** Asks on a new connection, so that any worker may answer. */
const get = (target, headers = {}) => fetch(app.url + target, { headers: { ...headers, Connection: 'close' } }).then(async (r) => ({ status: r.status, headers: r.headers, text: await r.text() }))
/** Every one of many answers is `ok`: all workers say the same. */
const everywhere = (what, target, ok) =>
  until(what, async () => {
    for (let i = 0; i < 12; i++) if (!ok(await get(target))) return false
    return true
  })

test('without a web application the server says so, and serves one as soon as it is built', { skip }, async () => {
  assert.equal((await get('/')).status, 404)
  build('one')
  await everywhere('the first build', '/', (r) => r.status === 200 && r.text === page('one'))
})

test('what may be kept, and what is asked for again', { skip }, async () => {
  const index = await get('/s/contract/5')
  assert.equal(index.text, page('one'))
  assert.equal(index.headers.get('cache-control'), 'no-cache')
  assert.match(index.headers.get('content-security-policy'), /frame-ancestors 'none'/)
  const again = await get('/', { 'If-None-Match': index.headers.get('etag') })
  assert.deepEqual([again.status, again.text], [304, ''])
  const main = await get('/assets/main-one.js')
  assert.deepEqual([main.status, main.text], [200, 'main of one'])
  assert.match(main.headers.get('cache-control'), /immutable/)
  assert.equal((await get('/assets/main-none.js')).status, 404)
  assert.equal((await get('/assets/main-none.js')).headers.get('cache-control'), 'no-store')
})

test('a new build is served without a restart; open pages find the files of the old one', { skip }, async () => {
  const etag = (await get('/')).headers.get('etag')
  build('two')
  await everywhere('the second build', '/', (r) => r.text === page('two'))
  const changed = await get('/', { 'If-None-Match': etag })
  assert.equal(changed.status, 200)
  for (let i = 0; i < 12; i++) {
    assert.equal((await get('/assets/main-two.js')).text, 'main of two')
    // its name is gone from the disk
    assert.equal((await get('/assets/part-one.js')).text, 'part of one')
  }
})

test('a page of one worker finds its files at the other, too, from the first moment', { skip }, async () => {
  build('three')
  const end = Date.now() + 60000
  for (let seen = 0; seen < 30; ) {
    assert.ok(Date.now() < end, 'the third build is not served')
    const name = (await get('/')).text.match(/main-(\w+)\.js/)[1]
    const main = await get(`/assets/main-${name}.js`)
    assert.deepEqual([main.status, main.text], [200, `main of ${name}`])
    seen += name === 'three'
  }
})

test('a build that is not whole is not served', { skip }, async () => {
  build('four', { main: false })
  // longer than a whole one takes to be found
  const found = Date.now() + 6000
  while (Date.now() < found) assert.equal((await get('/')).text, page('three'))
  fs.writeFileSync(path.join(dist, 'assets', 'main-four.js'), 'main of four')
  await everywhere('the completed build', '/', (r) => r.text === page('four'))
  assert.equal((await get('/assets/main-four.js')).text, 'main of four')
})

test('the files of the oldest builds are let go', { skip }, async () => {
  build('five')
  await everywhere('the fifth build', '/', (r) => r.text === page('five'))
  assert.equal((await get('/assets/part-four.js')).status, 200)
  assert.equal((await get('/assets/part-three.js')).status, 200)
  await everywhere('the first is forgotten', '/assets/part-one.js', (r) => r.status === 404)
})
