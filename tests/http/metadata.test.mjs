// $metadata by the schemas of the standard, which stand beside a developer's checkout. time-limit: 600
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { hasDatabase, srcdir, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const shared = process.env.OSTOV_SHARED && path.join(process.env.OSTOV_SHARED, 'odata')
const here = (file) => Boolean(shared && fs.existsSync(path.join(shared, file)))
const lint = spawnSync('xmllint', ['--version']).status === 0
let Ajv
try {
  Ajv = createRequire(import.meta.url)('ajv')
} catch {
  Ajv = null
}
const noXml = skip || (!here('edmx.xsd') ? 'no schemas of OData beside the checkout' : !lint ? 'no xmllint on this machine' : false)
const noJson = skip || (!here('csdl.schema.json') ? 'no schemas of OData beside the checkout' : !Ajv ? 'ajv is not installed: npm ci in tests/' : false)

const apps = []
before(async () => {
  if (noXml && noJson) return
  for (const name of fs.readdirSync(path.join(srcdir, 'configs'))) apps.push([name, await startServer({ config: `configs/${name}` })])
})
after(() => Promise.all(apps.map(([, app]) => app.stop())))

/** Every sample person's view of every configuration. */
async function* documents(headers) {
  for (const [name, app] of apps) {
    for (const [login] of app.sql('select u.login from app."user" u join ostov.credential c on c.user_id = u.id where u.active order by u.login')) {
      const client = await app.signIn(login)
      const r = await client.get('/api/$metadata', headers)
      assert.equal(r.status, 200, r.text)
      yield [`${name}, ${login}`, r]
    }
  }
}

test('XML: by edmx.xsd and edm.xsd', { skip: noXml }, async () => {
  let n = 0
  for await (const [who, r] of documents({ Accept: 'application/xml' })) {
    const file = path.join(process.env.OSTOV_TEST_TMP, `metadata${n++}.xml`)
    fs.writeFileSync(file, r.bytes)
    const run = spawnSync('xmllint', ['--nonet', '--noout', '--schema', path.join(shared, 'edmx.xsd'), file], { encoding: 'utf8' })
    assert.equal(run.status, 0, `${who}: ${run.stderr}`)
  }
  assert.ok(n >= 10, `${n} documents`)
})

test('JSON: by csdl.schema.json', { skip: noJson }, async () => {
  const ajv = new Ajv({ allErrors: true, strict: false, unicodeRegExp: true })
  const valid = ajv.compile(JSON.parse(fs.readFileSync(path.join(shared, 'csdl.schema.json'), 'utf8')))
  // the schema itself catches what is wrong
  assert.equal(valid({ $Version: '4.01', $EntityContainer: 'a.b', a: { c: { $Kind: 'EntityType', $Key: 5 } } }), false)
  let n = 0
  for await (const [who, r] of documents({ Accept: 'application/json' })) {
    assert.ok(valid(r.json), `${who}: ${JSON.stringify(valid.errors?.slice(0, 5), null, 1)}`)
    n++
  }
  assert.ok(n >= 10, `${n} documents`)
})

test('both tell the same: entity sets, properties, navigations, actions', { skip: noXml && noJson }, async () => {
  const json = new Map()
  for await (const [who, r] of documents({ Accept: 'application/json' })) json.set(who, r.json)
  for await (const [who, r] of documents({ Accept: 'application/xml' })) {
    const j = json.get(who)
    const schema = Object.assign({}, ...Object.entries(j).filter(([k]) => !k.startsWith('$')).map(([, v]) => v))
    const of = (re, text) => [...text.matchAll(re)].map((m) => m[1]).sort()
    const types = Object.entries(schema).filter(([, v]) => v.$Kind === 'EntityType')
    assert.deepEqual(of(/<EntityType Name="([^"]+)"/g, r.text), types.map(([k]) => k).sort(), who)
    for (const [type, v] of types) {
      const part = r.text.match(new RegExp(`<EntityType Name="${type}"[^>]*>([\\s\\S]*?)</EntityType>`))[1]
      const members = Object.entries(v).filter(([k]) => !/^[$@]/.test(k) && !k.includes('@'))
      assert.deepEqual(of(/<Property Name="([^"]+)"/g, part), members.filter(([, m]) => m.$Kind !== 'NavigationProperty').map(([k]) => k).sort(), `${who}: ${type}`)
      assert.deepEqual(of(/<NavigationProperty Name="([^"]+)"/g, part), members.filter(([, m]) => m.$Kind === 'NavigationProperty').map(([k]) => k).sort(), `${who}: ${type}`)
    }
    assert.ok(types.length > 0, who)
    const sets = Object.keys(schema[j.$EntityContainer.replace(/^.*\./, '')]).filter((k) => !/^[$@]/.test(k)).sort()
    assert.deepEqual(of(/<EntitySet Name="([^"]+)"/g, r.text), sets, who)
  }
})
