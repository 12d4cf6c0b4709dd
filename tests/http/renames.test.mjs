// Codes that a configuration gives another name, under a server at work: records, history, filters and moves go on under the new names, whether the codes were
// rewritten in place (few records) or in a new column (many). time-limit: 600
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, test } from 'node:test'
import { Client, databaseUrl, hasDatabase, program, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const dir = path.join(scratch, 'renames')
let app
after(() => app?.stop())

function write(body) {
  fs.mkdirSync(dir, { recursive: true })
  fs.writeFileSync(
    path.join(dir, 'module.lua'),
    `module "renames" { label = "Renames", version = "1.0.0", core = "1", language = "ru" }
section "note" { label = "Note", title = "{name}", text "name" {}, ${body} }
role "clerk" { label = "Clerk" }
allow "clerk" { on = "note", create = true, read = true, update = true }
`
  )
}

const first = `choice "kind" { value "low" { label = "Low" }, value "high" { label = "High" } }, integer "rank" {},
  stages { stage "open" { label = "Open" }, stage "waits" { label = "Waits" }, stage "shut" { label = "Shut", final = true },
    move "wait" { label = "Wait", from = "open", to = "waits" }, move "close" { label = "Close", from = { "open", "waits" }, to = "shut" } }`
// low and high change places; the stages and a move get other names
const second = `choice "kind" { value "high" { label = "New high", was = "low" }, value "low" { label = "New low", was = "high" } }, integer "rank" {},
  stages { stage "fresh" { label = "Fresh", was = "open" }, stage "rests" { label = "Rests", was = "waits" }, stage "shut" { label = "Shut", final = true },
    move "rest" { label = "Rest", was = "wait", from = "fresh", to = "rests" }, move "close" { label = "Close", from = { "fresh", "rests" }, to = "shut" } }`
const third = second.replaceAll('"fresh"', '"newest"').replace('label = "Fresh", was = "open"', 'label = "Newest", was = "fresh"').replaceAll(', was = "low"', '').replaceAll(', was = "high"', '')

const apply = () => execFileSync(program, ['apply', dir, '--quiet', '--database', databaseUrl(app.database)])

for (const many of [false, true]) {
  test(`names of ${many ? 'many' : 'few'} records' codes change under a server at work`, { skip }, async () => {
    await app?.stop()
    write(first)
    app = await startServer({ config: dir, sample: false })
    app.sql(`INSERT INTO app."user" (login, name, active, language, created_at, changed_at) VALUES ('ann', 'Ann', true, 'en', now(), now());
      INSERT INTO app.user__roles (record, target) SELECT u.id, r.id FROM app."user" u, app.role r WHERE u.login = 'ann' AND r.code = 'clerk';
      INSERT INTO ostov.token (hash, user_id, name, created_at, expires_at) SELECT sha256('ost_${'a'.repeat(43)}'), id, 't', now(), now() + interval '1 day' FROM app."user" WHERE login = 'ann'`)
    if (many) app.sql("INSERT INTO app.note (name, kind, stage, created_at, changed_at) SELECT 'm' || i, 'low', 'open', now(), now() FROM generate_series(1, 1200) i")
    const ann = new Client(app.url, { Authorization: `Bearer ost_${'a'.repeat(43)}` })
    const made = (await ann.post('/api/note', { name: 'x', kind: 'low' })).json
    assert.equal((await ann.patch(`/api/note(${made.id})`, { kind: 'high' })).status, 200)
    assert.equal((await ann.post(`/api/note(${made.id})/wait`, {})).status, 200)
    const told = async () =>
      (await ann.get(`/ui/history/note/${made.id}`)).json.items.map((i) => [i.kind, i.move ?? null, ...i.changes.filter((c) => ['kind', 'stage'].includes(c.field)).map((c) => `${c.field}: ${c.old} → ${c.new}`)])

    write(second)
    apply()
    await app.followed()
    assert.equal(app.sql("SELECT physical FROM ostov.object WHERE path = 'note.stage' AND kind = 'field' AND dropped_at IS NULL")[0][0], many ? 'stage_2' : 'stage')
    const now = (await ann.get(`/api/note(${made.id})?$select=kind,stage`)).json
    assert.deepEqual([now.kind, now.stage], ['low', 'rests'])
    assert.deepEqual(await told(), [
      ['moved', 'Rest', 'stage: fresh → rests'],
      ['changed', null, 'kind: high → low'],
      ['created', null, 'kind: null → high', 'stage: null → fresh']
    ])
    // written under the new names: what comes now is not taken for the past
    assert.equal((await ann.patch(`/api/note(${made.id})`, { kind: 'high' })).status, 200)
    assert.equal((await ann.post(`/api/note(${made.id})/close`, {})).status, 200)
    assert.equal((await ann.get("/api/note/$count?$filter=stage eq 'shut' and kind eq 'high'")).text, '1')
    const again = (await ann.post('/api/note', { name: 'y' })).json
    assert.equal(again.stage, 'fresh')

    write(third)
    apply()
    await app.followed()
    assert.deepEqual(await told(), [
      ['moved', 'Close', 'stage: rests → shut'],
      ['changed', null, 'kind: low → high'],
      ['moved', 'Rest', 'stage: newest → rests'],
      ['changed', null, 'kind: high → low'],
      ['created', null, 'kind: null → high', 'stage: null → newest']
    ])
    assert.equal((await ann.get(`/api/note(${again.id})?$select=stage`)).json.stage, 'newest')
    assert.equal((await ann.get("/api/note/$count?$filter=stage eq 'newest'")).text, many ? '1201' : '1')
  })
}
