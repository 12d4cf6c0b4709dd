// What stands beside /api/: methods and OPTIONS of every address, numbers that are none, and who is told how to sign in.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { hasDatabase, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const app = skip ? null : await startServer()
after(() => app?.stop())
const manager = await app?.signIn('manager')

test('405 with the methods that an address takes; OPTIONS tells them', { skip }, async () => {
  for (const [address, allow, wrong] of [
    ['/health', 'GET, HEAD', 'POST'], ['/metrics', 'GET, HEAD', 'DELETE'], ['/', 'GET, HEAD', 'POST'], ['/auth/login', 'POST', 'GET'], ['/auth/logout', 'POST', 'GET'], ['/auth/me', 'GET, HEAD, PATCH', 'PUT'],
    ['/auth/password', 'POST', 'PUT'], ['/auth/tokens', 'GET, HEAD, POST', 'PUT'], ['/auth/tokens(1)', 'DELETE', 'GET'], ['/ui/meta', 'GET, HEAD', 'POST'], ['/ui/form/contract', 'POST', 'GET'],
    ['/ui/history/contract/1', 'GET, HEAD', 'POST'], ['/ui/search', 'GET, HEAD', 'DELETE'], ['/ui/settings/list.contract', 'GET, HEAD, PUT', 'DELETE'], ['/ui/events', 'GET', 'POST'],
    ['/ui/export/contract.csv', 'GET', 'POST'], ['/ui/import', 'POST', 'GET'], ['/files', 'POST', 'GET'], ['/files/contract(1)/scan', 'GET, HEAD', 'DELETE']
  ]) {
    const r = await manager.request(wrong, address, ['POST', 'PUT'].includes(wrong) ? {} : undefined)
    assert.deepEqual([r.status, r.json?.error.code, r.headers.get('allow')], [405, 'method', allow], address)
    const options = await manager.request('OPTIONS', address)
    assert.deepEqual([options.status, options.headers.get('allow'), options.text], [204, allow, ''], address)
  }
})

test('SAFETY 12: a preflight of another site is refused before anything else', { skip }, async () => {
  for (const address of ['/api/contract', '/auth/login', '/ui/meta', '/health']) {
    const r = await app.anonymous().request('OPTIONS', address, undefined, { Origin: 'http://evil.example', 'Access-Control-Request-Method': 'POST' })
    assert.equal(r.status, 403, address)
    assert.deepEqual([...r.headers.keys()].filter((k) => k.startsWith('access-control')), [], address)
  }
})

test('who is not signed in is told how to be, a page is not', { skip }, async () => {
  const anyone = app.anonymous()
  const basic = (text) => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  /* (fetch says Sec-Fetch-Mode, as pages do) */
  const http = await import('node:http')
  const plain = (path, headers = {}) => new Promise((resolve, reject) => http.get(`${app.url}${path}`, { headers }, (r) => (r.resume(), resolve(r))).on('error', reject))
  for (const [path, headers] of [['/api/', {}], ['/auth/me', {}], ['/auth/tokens', {}], ['/auth/me', basic('manager:wrong')], ['/api/', basic('manager:wrong')], ['/api/', basic('nonsense')], ['/api/', { Authorization: 'Bearer ost_wrong' }]]) {
    const r = await plain(path, headers)
    assert.deepEqual([r.statusCode, r.headers['www-authenticate']], [401, 'Basic realm="Ostov", charset="UTF-8"'], `${path} ${JSON.stringify(headers)}`)
  }
  assert.equal((await anyone.get('/auth/me')).headers.get('www-authenticate'), null)
})

test('numbers that are none: 400 with their name', { skip }, async () => {
  for (const id of ['x', 1.5, true, [1], {}, 0, -1]) {
    const r = await manager.post('/ui/form/contract', { id, values: {} })
    assert.deepEqual([r.status, r.json.error.target], [400, 'id'], JSON.stringify(id))
  }
  assert.equal((await manager.post('/ui/form/contract', { id: null, values: {} })).status, 200)
  const own = (await manager.get('/api/contract?$top=1&$select=id')).json.value[0].id
  for (const before of ['x', '1x', '-1', '', '99999999999999999999']) {
    const r = await manager.get(`/ui/history/contract/${own}?before=${before}`)
    assert.deepEqual([r.status, r.json.error.target], [400, 'before'], before)
  }
  assert.equal((await manager.get(`/ui/history/contract/${own}?before=1`)).status, 200)
  for (const body of ['5', '"x"', 'null', '[]'])
    for (const address of ['/ui/form/contract', '/ui/lookup/contract/account', '/ui/delete/contract'])
      assert.equal((await manager.post(address, body, { 'Content-Type': 'application/json' })).status, 400, `${address} ${body}`)
  assert.equal((await manager.get(`/ui/history/contract/${own}x`)).status, 404)
})

test('settings of the user are changed all together or not at all', { skip }, async () => {
  const theme = async () => (await manager.get('/auth/me')).json.user.theme
  const before = await theme()
  for (const [body, target] of [[{ theme: 'dark', language: 'zz' }, 'language'], [{ theme: 'dark', nosuch: 1 }, 'nosuch']]) {
    const r = await manager.patch('/auth/me', body)
    assert.deepEqual([r.status, r.json.error.target], [400, target])
    assert.equal(await theme(), before, JSON.stringify(body))
  }
})

test('a write that comes from elsewhere is refused in the language of its user', { skip }, async () => {
  const r = await manager.post('/api/contract', {}, { 'X-CSRF-Token': 'wrong', 'Accept-Language': 'en' })
  assert.deepEqual([r.status, r.json.error.code], [403, 'csrf'])
  assert.match(r.json.error.message, /[а-я]/)
})

test('SAFETY 14: a token reads only where it was made so, and says nothing that it does not keep', { skip }, async () => {
  const make = (body) => manager.post('/auth/tokens', body)
  const reader = await make({ name: 'reader', scopes: ['read'] })
  assert.equal(reader.status, 201, reader.text)
  const writer = await make({ name: 'writer', scopes: ['all'] })
  const as = (made) => ({ Authorization: `Bearer ${made.json.token}` })
  const anyone = app.anonymous()
  assert.equal((await anyone.get('/api/contract?$top=1', as(reader))).status, 200)
  const refused = await anyone.post('/api/contract', { account_id: 3, ends_on: '2027-05-01' }, as(reader))
  assert.deepEqual([refused.status, refused.json.error.code], [403, 'forbidden'])
  assert.equal((await anyone.post('/api/contract', { account_id: 3, ends_on: '2027-05-01' }, as(writer))).status, 201)
  const list = (await manager.get('/auth/tokens')).json.value
  assert.deepEqual(list.map((t) => [t.name, t.scopes]), [['writer', ['all']], ['reader', ['read']]])
  for (const [body, target] of [[{ name: 'a', scopes: ['contract'] }, 'scopes'], [{ name: 'a', scopes: 'read' }, 'scopes'], [{ name: 'a', scopes: [] }, 'scopes'], [{ name: 'a', read_only: true }, 'read_only']]) {
    const r = await make(body)
    assert.deepEqual([r.status, r.json.error.target], [400, target], JSON.stringify(body))
  }
  assert.equal((await manager.request('HEAD', '/auth/tokens')).status, 200)
})
