// ctx:as_user() in hooks: what the user does not see is not found, whatever his roles are, and nobody's save fails of it.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { hasDatabase, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
const config = `module "eyes" { label = "Eyes", version = "1.0.0", core = "1", language = "ru" }
section "dealer" { label = "Dealer", text "name" { required = true, unique = true }, text "secret" {}, detail "visits" { section = "visit", by = "dealer" } }
section "visit" { label = "Visit", lookup "dealer" { to = "dealer" }, boolean "open" {} }
section "ask" { label = "Ask", text "what" {}, text "answer" {} }
role "blind" { label = "Blind" }
role "half" { label = "Half" }
role "whole" { label = "Whole" }
allow "blind" { on = "ask", create = true, read = true }
allow "half" { on = "ask", create = true, read = true }
allow "half" { on = "dealer", read = "name ~= 'hidden'", fields = { "name", "visits" } }
allow "half" { on = "visit", read = "open" }
allow "whole" { on = { "ask", "dealer", "visit" }, create = true, read = true }
on "ask.before_save" "look" (function(record, ctx)
  local found = ctx:as_user():query("dealer", { sort = { "name" } })
  local seen = {}
  for _, d in ipairs(found) do seen[#seen + 1] = d.name .. ":" .. tostring(d.secret) .. ":" .. #d.visits end
  record.answer = table.concat(seen, " ")
  if record.what == "by secret" then record.answer = tostring(#ctx:as_user():query("dealer", { where = "secret == 's'" })) end
end)
data "dealer" { key = "name", { name = "a", secret = "s" }, { name = "hidden", secret = "s" } }
`
const people = `data "user" { key = "login", { login = "blind", name = "B", password = "ostov-demo", roles = { "blind" } }, { login = "half", name = "H", password = "ostov-demo", roles = { "half" } },
  { login = "whole", name = "W", password = "ostov-demo", roles = { "whole" } } }
`

let app
before(async () => {
  if (skip) return
  fs.mkdirSync(path.join(scratch, 'eyes/sample'), { recursive: true })
  fs.writeFileSync(path.join(scratch, 'eyes/module.lua'), config)
  fs.writeFileSync(path.join(scratch, 'eyes/sample/people.lua'), people)
  app = await startServer({ config: path.join(scratch, 'eyes') })
})
after(() => app?.stop())

test('sections, rows, fields and lines that are not the user\'s are not there', { skip }, async () => {
  const [blind, half, whole] = await Promise.all(['blind', 'half', 'whole'].map((n) => app.signIn(n)))
  const [a] = (await whole.get("/api/dealer?$filter=name eq 'a'")).json.value
  for (const open of [true, false, false]) assert.equal((await whole.post('/api/visit', { dealer_id: a.id, open })).status, 201)
  const answer = async (who) => {
    const r = await who.post('/api/ask', { what: 'all' })
    assert.equal(r.status, 201, r.text)
    return r.json.answer
  }
  assert.equal(await answer(whole), 'a:s:3 hidden:s:0')
  assert.equal(await answer(half), 'a:nil:1')
  assert.equal(await answer(blind), null)
  // a condition that he could not send himself is no way to learn the field
  const by = await half.post('/api/ask', { what: 'by secret' })
  assert.equal(by.status, 500, by.text)
  assert.equal(by.json.error.code, 'script_error')
})
