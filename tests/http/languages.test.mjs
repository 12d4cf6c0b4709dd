// Every message in the user's language: the signed-in user's own, else Accept-Language, else the configuration's. time-limit: 600
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { databaseUrl, hasDatabase, program, startServer, until } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const password = 'a long password 1'
let app, russian, english

const sections = `
section "thing" { label = "Thing", plural = "Things", title = "{code}", text "code" { label = "Code", unique = true, required = true }, money "price" { label = "Price" },
  date "made_on" { label = "Made" }, choice "kind" { label = "Kind", value "large" { label = "Large" }, value "small" { label = "Small" } } }
role "keeper" { label = "Keeper" }
allow "keeper" { on = { "thing" }, create = true, read = true, update = true }
`

before(async () => {
  if (skip) return
  const dir = path.join(scratch, 'spoken')
  fs.mkdirSync(path.join(dir, 'sections'), { recursive: true })
  fs.writeFileSync(path.join(dir, 'module.lua'), 'module "spoken" { label = "Spoken", version = "1.0.0", core = "1", language = "en" }\n')
  fs.writeFileSync(path.join(dir, 'sections/all.lua'), sections)
  app = await startServer({ config: dir, sample: false })
  for (const [login, language] of [['ivan', 'ru'], ['john', 'en']]) {
    const r = spawnSync(program, ['user', 'add', login, '--name', login, '--language', language, '--role', 'keeper', '--password-stdin', '--database', databaseUrl(app.database)], { input: `${password}\n`, encoding: 'utf8' })
    assert.equal(r.status, 0, r.stderr)
  }
  russian = await app.signIn('ivan', password)
  english = await app.signIn('john', password)
  await english.post('/api/thing', { code: 'a', price: 1 })
})
after(() => app?.stop())

// node's own client sends no Accept-Language unless it is told to
function plain(who, method, target, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const h = { ...headers }
    if (who) Object.assign(h, { Cookie: [...who.cookies].map(([k, v]) => `${k}=${v}`).join('; '), 'X-CSRF-Token': who.csrf })
    if (body !== undefined) h['Content-Type'] ??= 'application/json'
    const r = http.request({ host: '127.0.0.1', port: app.port, method, path: target, headers: h }, (m) => {
      let text = ''
      m.on('data', (d) => (text += d))
      m.on('end', () => {
        const json = text.startsWith('{') ? JSON.parse(text) : null
        resolve({ status: m.statusCode, text, error: json?.error, message: json?.error?.message })
      })
    })
    r.on('error', reject)
    r.end(body)
  })
}
const cyrillic = /[а-яё]{3}/i
const filter = (text) => `/api/thing?$filter=${encodeURIComponent(text)}`

// request, status, what the English sentence has in it
const faults = [
  ['GET', filter("code eq 'a"), 400, /no closing quote/],
  ['GET', filter('price eq'), 400, /ends too early/],
  ['GET', filter("price gt 'much'"), 400, /do not compare|is wanted|number/],
  ['GET', filter("made_on eq 'yesterday'"), 400, /is no date/],
  ['GET', filter("kind eq 'huge'"), 400, /no value of this choice/],
  ['GET', filter('kind'), 400, /condition/],
  ['GET', filter("nothing eq 1"), 400, /Unknown field 'nothing'/],
  ['GET', filter('price mod 2 eq 1'), 501, /'mod' is not executed/],
  ['GET', filter("length(code) eq 1"), 501, /function 'length'/],
  ['GET', filter("wrong(code) eq 1"), 400, /no function 'wrong'/],
  ['GET', '/api/thing?$top=x', 400, /\$top: a whole number/],
  ['GET', '/api/thing?$skip=999999', 400, /\$skip: at most 100000/],
  ['GET', '/api/thing?$apply=x', 501, /\$apply is not executed/],
  ['GET', '/api/thing?$tpo=1', 400, /no option '\$tpo'/],
  ['GET', '/api/thing?$orderby=lower(code)', 501, /only properties and paths/],
  ['GET', '/api/thing?$skiptoken=zzz', 400, /position of the page/],
  ['GET', '/api/thing?$format=xml', 406, /Only JSON/],
  ['POST', '/api/$batch', 501, /\$batch/, '{}'],
  ['POST', '/api/thing', 400, /no valid JSON: a colon/, '{"code" 1}'],
  ['POST', '/api/thing', 400, /JSON object/, '[]'],
  ['POST', '/api/thing', 400, /Code is required/, '{}'],
  ['POST', '/api/thing', 415, /Send JSON/, 'code=1', { 'Content-Type': 'text/plain' }],
  ['GET', '/api/nothing', 404, /no section 'nothing'/],
  ['DELETE', '/ui/nothing', 404, /nothing at this address/],
  ['DELETE', '/ui/search?q=1', 405, /does not take DELETE/],
  ['GET', '/api/thing?q=%zz', 400, /bad escape/],
  ['GET', `/api/thing?q=${'a'.repeat(17000)}`, 414, /longer than/],
  ['POST', '/auth/password', 400, /old password/, JSON.stringify({ old: 'wrong password', new: 'another one 22' })],
  ['POST', '/auth/tokens', 400, /name of at most/, '{"name":""}'],
  ['POST', '/auth/tokens', 400, /1 to 3650 days/, '{"name":"t","days":99999}'],
  ['PATCH', '/auth/me', 400, /does not take this value/, '{"language":"fr"}'],
  ['GET', '/ui/export/thing.pdf', 404, /\.xlsx or \.csv/],
  ['GET', '/ui/import/99', 404, /no such import/],
  ['POST', '/auth/login', 401, /Login or password/, '{"login":"nobody","password":"wrong password"}']
]

test('a user whose language is Russian reads Russian without saying so, an English one English though the browser asks for Russian', { skip }, async () => {
  // refused before anybody knows who asks: the configuration's language, unless the client names one
  const early = new Set([414])
  for (const [method, target, status, words, body, headers] of faults) {
    const nobody = target === '/auth/login'
    const en = await plain(nobody ? null : english, method, target, body, { ...headers, ...(early.has(status) || /%zz/.test(target) || nobody ? {} : { 'Accept-Language': 'ru' }) })
    assert.equal(en.status, status, `${target} ${en.text}`)
    assert.match(en.message, words, target)
    assert.doesNotMatch(JSON.stringify(en.error), cyrillic, target)
    const unknown = early.has(status) || /%zz/.test(target) || nobody
    const ru = await plain(nobody ? null : russian, method, target, body, unknown ? { ...headers, 'Accept-Language': 'de, en;q=0.2, ru-RU;q=0.7' } : headers)
    assert.equal(ru.status, status, target)
    assert.match(ru.message, cyrillic, `${target}: ${ru.message}`)
    assert.doesNotMatch(ru.message, /\b(null|nil|OData|entity)\b/i, ru.message)
    // beside names of parameters and fields nothing English is left
    assert.doesNotMatch(ru.message, /\b(is|are|the|of|at|no|not|this)\b/, ru.message)
    if (ru.error.hint) assert.match(ru.error.hint, cyrillic, `${target}: ${ru.error.hint}`)
    assert.equal(ru.error.code, en.error.code)
    assert.equal(ru.error.target, en.error.target)
  }
})

test('who is not signed in: Accept-Language by its weights, else the configuration\'s language', { skip }, async () => {
  for (const [accept, isRussian] of [[undefined, false], ['ru', true], ['ru-RU,ru;q=0.9,en-US;q=0.8', true], ['en, ru;q=0.9', false], ['en;q=0.3,ru;q=0.8', true], ['fr', false], ['truc', false], ['fr,ru;q=0.1', true]]) {
    const r = await plain(null, 'GET', '/api/thing', undefined, accept ? { 'Accept-Language': accept } : {})
    assert.equal(r.status, 401)
    assert.equal(cyrillic.test(r.message), isRussian, `${accept}: ${r.message}`)
  }
  const wrong = await plain(null, 'GET', '/api/thing', undefined, { Authorization: 'Bearer ost_wrong', 'Accept-Language': 'ru' })
  assert.equal(wrong.message, 'Токен недействителен')
})

test('a file that cannot be read says why in the language of whose import it is', { skip }, async () => {
  for (const [who, quote, workbook] of [[english, /quote that opens in line 2/, /workbook cannot be read/], [russian, /Кавычка, открытая в строке 2/, /Книга не читается/]])
    for (const [bytes, words] of [['Code\n"a\n', quote], ['PK\x03\x04 and no archive', workbook]]) {
      const up = await who.post('/files', Buffer.from(bytes), { 'Content-Type': 'text/csv', 'X-File-Name': 'x.csv' })
      const { id } = (await who.post('/ui/import', { section: 'thing', file: up.json.id })).json
      const i = await until('the import', async () => {
        const r = (await who.get(`/ui/import/${id}`)).json
        return r.state !== 'detecting' && r
      }, 30000)
      assert.equal(i.state, 'failed')
      assert.match(i.error, words)
    }
})
