// OData v4.01 by the letter: names of options, negotiation, methods, and that what is not executed is refused by name, never answered wrongly.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { hasDatabase, startServer } from '../support/ostov.mjs'

const skip = hasDatabase ? false : 'no PostgreSQL on this machine'
const encoded = (address) => encodeURI(address).replaceAll('+', '%2B')
const app = skip ? null : await startServer()
after(() => app?.stop())
const ceo = await app?.signIn('ceo')

const get = (address, headers) => ceo.get(encoded(address), headers)
const rows = async (address) => {
  const r = await get(address)
  assert.equal(r.status, 200, `${address}: ${r.text}`)
  return r.json.value
}
const count = async (filter) => {
  const r = await get(`/api/contract/$count?$filter=${filter}`)
  assert.equal(r.status, 200, `${filter}: ${r.text}`)
  return Number(r.text)
}

test('names of options: without $ and in any letters', { skip }, async () => {
  assert.equal((await rows('/api/contract?top=2')).length, 2)
  assert.deepEqual((await rows('/api/contract?filter=id eq 1&SELECT=id')).map((x) => [x.id, x.stage]), [[1, undefined]])
  assert.deepEqual((await rows('/api/contract?$Filter=id eq 2&$select=id')).map((x) => x.id), [2])
  /* the plan of one spelling is not taken for a query without it, escaped or not */
  for (const name of ['filter', 'f%69lter', '%66ilter', '%24filter', 'FILTER']) {
    const r = await ceo.get(`/api/contract?${name}=id%20eq%203&$select=id`)
    assert.deepEqual(r.json.value.map((x) => x.id), [3], name)
  }
  assert.ok((await rows('/api/contract?mine=id eq 1&$select=id')).length > 10)
  assert.equal((await get('/api/contract?$top=1&top=2')).status, 400)
  const page = await ceo.get('/api/contract?$select=id&skip=3&SkipToken=WzAsMTBd', { Prefer: 'odata.maxpagesize=2' })
  assert.equal(page.status, 200, page.text)
})

test('a next link holds the place once, however it was spelled', { skip }, async () => {
  const first = await ceo.get('/api/contract?select=id', { Prefer: 'odata.maxpagesize=7' })
  assert.equal(first.headers.get('preference-applied'), 'odata.maxpagesize=7')
  assert.equal((await ceo.get('/api/contract?select=id', { Prefer: 'odata.maxpagesize=70000' })).headers.get('preference-applied'), 'odata.maxpagesize=1000')
  const link = new URL(first.json['@odata.nextLink'])
  const second = await ceo.get(link.pathname + link.search.replace('$skiptoken', 'SKIPTOKEN'), { Prefer: 'odata.maxpagesize=7' })
  const third = new URL(second.json['@odata.nextLink'])
  assert.equal([...third.searchParams.keys()].filter((k) => /skiptoken/i.test(k)).length, 1, third.href)
  assert.ok(second.json.value[0].id < first.json.value.at(-1).id)
})

test('what OData knows and the server does not execute is 501 by name', { skip }, async () => {
  for (const [address, name] of [
    ['/api/contract/$ref', '$ref'], ['/api/contract(1)/$ref', '$ref'], ['/api/contract(1)/account/$ref', '$ref'], ['/api/contract(1)/amount/$value', '$value'], ['/api/contract(1)/account/name', 'name'],
    ['/api/contract(1)/payments(1)', 'payments(1)'], ['/api/contract/$filter(id eq 1)', '$filter'], ['/api/contract/$each', '$each'], ['/api/contract/$query', '$query'], ['/api/contract(1)/ostov.contract', 'ostov.contract'],
    ['/api/$entity?$id=contract(1)', '$entity'], ['/api/$all', '$all'], ['/api/$crossjoin(contract,account)', '$crossjoin'], ['/api/$batch', '$batch'], ['/api/contract(1)/watchers/$count', 'watchers/$count'],
    ['/api/contract(1)/tasks/$count', '$count'],
    ['/api/contract?$filter=amount eq @p&x=1', '@p'], ['/api/contract?@p=1', '@p'], ['/api/contract?$filter=$root/contract(1)/id eq 1', '$root'], ['/api/contract?$filter=geo.distance(a,b) lt 1', 'geo.distance'],
    ['/api/contract?$filter=amount eq INF', 'INF'], ['/api/contract?$filter=tasks/any()', 'tasks'], ['/api/contract?$filter=Length(number) eq 1', 'length'],
    ['/api/contract?$orderby=payments/$count desc', 'payments/$count'], ['/api/contract?$orderby=amount add 1', 'amount add 1'], ['/api/contract?$orderby=length(number)', 'length(number)'],
    ['/api/contract?$expand=*', '*'], ['/api/contract?$expand=$value', '$value'], ['/api/contract?$expand=account/$ref', 'account/$ref'], ['/api/contract?$expand=payments($levels=2)', '$levels'],
    ['/api/contract?$select=ostov.act.submit', 'ostov.act.submit'], ['/api/contract?$search=a OR b', 'OR'], ['/api/contract?$search=NOT a', 'NOT'], ['/api/contract?$apply=identity', '$apply'],
    ['/api/contract?apply=identity', '$apply'], ['/api/contract?$format=application/json;odata.metadata=full', 'odata.metadata=full']
  ]) {
    const r = await get(address)
    assert.equal(r.status, 501, `${address}: ${r.status} ${r.text.slice(0, 200)}`)
    assert.equal(r.json.error.code, 'not_executed', address)
    assert.ok(r.json.error.message.includes(name), `${address}: ${r.json.error.message}`)
    assert.equal(r.headers.get('odata-version'), '4.01', address)
  }
})

test('addresses of nothing are 404, a count of one is none', { skip }, async () => {
  for (const address of ['/api/contract/', '/api/contract(1)/', '/api/contract(1)/account/', '/api/contract(1)/account/$count', '/api/contract(1)/amount/$count', '/api/contract(1)/nosuch', '/api/nosuch/$ref', '/api/$nosuch'])
    assert.equal((await get(address)).status, 404, address)
})

test('grammar of $filter: letters, null, lists, times', { skip }, async () => {
  const all = await count('true')
  const drafts = await count("stage eq 'draft'")
  const empty = await count('amount eq null')
  assert.ok(drafts > 0 && drafts < all && empty > 0)
  assert.equal(await count("stage EQ 'draft' And Not (stage eq 'active')"), drafts)
  assert.equal(await count("Contains(number,'C-') AND stage eq 'draft'"), drafts)
  for (const op of ['gt', 'ge', 'lt', 'le']) {
    assert.equal(await count(`amount ${op} null`), 0)
    assert.equal(await count(`null ${op} amount`), 0)
    assert.equal(await count(`not (amount ${op} null)`), all)
  }
  assert.equal((await get('/api/contract?$filter=nosuch gt null')).json.error.code, 'unknown_field')
  assert.equal(await count('amount in (null)'), empty)
  assert.equal(await count('amount in (null,-1)'), empty)
  assert.equal(await count("stage in ('draft',null)"), drafts)
  assert.equal(await count("not (stage in ('draft',null))"), all - drafts)
  assert.equal(await count('stage in ()'), 0)
  assert.equal((await get('/api/contract?$filter=nosuch in ()')).json.error.code, 'unknown_field')
  assert.equal(await count('created_at gt 2020-01-01T00:00Z'), all)
  assert.equal(await count('created_at gt 2020-01-01T00:00:00.123456789+03:00'), all)
  assert.equal((await ceo.get('/api/contract/$count?$filter=created_at%20gt%202020-01-01T00:00:00+03:00%20and%20amount%20eq%20null')).text, String(empty), 'a plus that was not escaped')
  assert.equal(await count('year(created_at) ge 2020 and month(created_at) le 12 and year(ends_on) ge 2000'), await count('year(ends_on) ge 2000'))
  assert.equal(await count('contact/id eq null and year(account/created_at) ge 2020'), await count('contact_id eq null'))
  assert.equal((await get('/api/contract?$filter=year(number) eq 1')).status, 400)
  assert.equal(await count('scan_id eq null'), all)
  await rows('/api/contract?$orderby=scan_id,amount DESC&$top=3')
  for (const wrong of ['$orderby=amount up', '$filter=TRUE', '$filter=created_at gt 2020-01-01T00:00:00'])
    assert.equal((await get(`/api/contract?${wrong}`)).status, 400, wrong)
})

test('collections of keys, and $it within a lambda', { skip }, async () => {
  const made = await ceo.post('/api/contract', { account_id: 3, ends_on: '2027-05-01', amount: 10, watchers_ids: [3, 4], payments: [{ due_on: '2027-01-01', amount: 50 }, { due_on: '2027-01-02', amount: 5 }] })
  assert.equal(made.status, 201, made.text)
  const id = made.json.id
  for (const [filter, found] of [
    ['watchers_ids/any(w:w eq 4)', true], ['watchers_ids/any(w:w eq 5)', false], ['watchers_ids/all(w:w in (3,4))', true], ['3 in watchers_ids', true], ['5 in watchers_ids', false], ['watchers/any(w:w/id eq 3)', true],
    ['payments/any(p:p/amount gt $it/amount)', true], ['payments/all(p:p/amount gt $it/amount)', false], ['payments/any(p:p/amount gt 5000 and amount gt 1)', false], ['payments/$count eq 2', true]
  ])
    assert.equal(await count(`id eq ${id} and ${filter}`), found ? 1 : 0, filter)
})

test('expands through lookups, three deep', { skip }, async () => {
  const [row] = await rows('/api/contract?$filter=id eq 1&$select=number&$expand=account($select=name),initiator($select=name;$expand=department($select=name;$expand=head($select=name)))')
  assert.ok(row.account.name && row.initiator.name && row.initiator.department.name && row.initiator.department.head.name)
  assert.deepEqual(Object.keys(row.initiator.department.head), ['@odata.etag', 'name'])
})

test('$select of a navigation leaves the properties out', { skip }, async () => {
  const [row] = await rows('/api/contract?$top=1&$select=account')
  assert.deepEqual(Object.keys(row), ['@odata.etag', 'id'])
  const [both] = await rows('/api/contract?$top=1&$select=account,number&$expand=account($select=name)')
  assert.ok(both.number && both.account.name && !('stage' in both))
})

test('$search: words, phrases, AND; more words than are looked for are refused', { skip }, async () => {
  const { subject } = (await get('/api/contract(1)?$select=subject')).json
  const [one, two] = subject.split(' ')
  const found = async (text) => (await rows(`/api/contract?$search=${text}&$top=1000&$select=subject`)).map((x) => x.subject)
  assert.ok((await found(`"${one} ${two}"`)).includes(subject))
  assert.deepEqual(await found(`"${two} ${one}"`), [])
  assert.deepEqual(await found(`${two} AND ${one}`), await found(`${two} ${one}`))
  assert.ok((await found(`${two} ${one}`)).includes(subject))
  assert.deepEqual(await found('"OR"'), [])
  const many = await get('/api/contract?$search=a b c d e f g h i')
  assert.deepEqual([many.status, many.json.error.code], [400, 'query_too_complex'])
})

test('a method that an address does not take: 405 with those it takes; OPTIONS tells them', { skip }, async () => {
  for (const [address, allow, wrong] of [
    ['/api/', 'GET, HEAD', 'POST'], ['/api/$metadata', 'GET, HEAD', 'DELETE'], ['/api/contract', 'GET, HEAD, POST', 'PATCH'], ['/api/contract(1)', 'GET, HEAD, PATCH, DELETE', 'PUT'], ['/api/contract/$count', 'GET, HEAD', 'POST'],
    ['/api/contract(1)/amount', 'GET, HEAD', 'PATCH'], ['/api/contract(1)/account', 'GET, HEAD', 'DELETE'], ['/api/contract(1)/payments', 'GET, HEAD, POST', 'DELETE'], ['/api/contract(1)/submit', 'POST', 'GET'],
    ['/api/contract(1)/tasks', 'GET, HEAD', 'POST'], ['/api/contract(1)/tasks(1)/finish', 'POST', 'PATCH']
  ]) {
    const r = await ceo.request(wrong, address, wrong === 'GET' || wrong === 'DELETE' ? undefined : {})
    assert.deepEqual([r.status, r.json.error.code, r.headers.get('allow')], [405, 'method', allow], address)
    const options = await ceo.request('OPTIONS', address)
    assert.deepEqual([options.status, options.headers.get('allow'), options.text], [204, allow, ''], address)
  }
  assert.equal((await ceo.patch('/api/contract(1)/nosuch', {})).status, 404)
})

test('Accept, $format and the version of the protocol', { skip }, async () => {
  const minimal = 'application/json;odata.metadata=minimal;charset=utf-8'
  for (const accept of ['application/json', '*/*', 'text/html,application/xhtml+xml,*/*;q=0.8', 'application/json;odata.metadata=minimal', 'application/*', 'text/xml, application/json;q=0.1'])
    assert.equal((await get('/api/contract(1)', { Accept: accept })).headers.get('content-type'), minimal, accept)
  for (const accept of ['application/xml', 'text/html', 'application/json;q=0, */*', 'text/*']) {
    const r = await get('/api/contract(1)', { Accept: accept })
    assert.deepEqual([r.status, r.json.error.code], [406, 'not_acceptable'], accept)
  }
  const before = await count('true')
  assert.equal((await ceo.post('/api/contract', { account_id: 3, ends_on: '2027-05-01' }, { Accept: 'application/xml' })).status, 406)
  assert.equal(await count('true'), before, 'nothing is written for an answer that cannot be given')
  for (const [format, status] of [['json', 200], ['application/json', 200], ['xml', 406], ['atom', 406], ['text/csv', 406]]) assert.equal((await get(`/api/contract?$format=${format}`, { Accept: 'text/html' })).status, status, format)
  assert.equal((await get('/api/?$format=xml')).status, 406)
  assert.match((await get('/api/$metadata')).headers.get('content-type'), /^application\/xml/)
  assert.match((await get('/api/$metadata', { Accept: 'application/json' })).headers.get('content-type'), /^application\/json/)
  assert.match((await get('/api/$metadata', { Accept: 'application/json;q=0.5, application/xml' })).headers.get('content-type'), /^application\/xml/)
  assert.equal((await get('/api/$metadata', { Accept: 'text/plain' })).status, 406)
  const excel = 'application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,application/xml;q=0.7,text/plain;q=0.7'
  const sheet = { Accept: excel, 'OData-Version': '4.0', 'OData-MaxVersion': '4.0' }
  assert.match((await get('/api/$metadata', sheet)).headers.get('content-type'), /^application\/xml/)
  assert.match((await get('/api/contract?$top=1', sheet)).headers.get('content-type'), /^application\/json/)
  const old = await get('/api/$metadata', { 'OData-MaxVersion': '4.0' })
  assert.equal(old.headers.get('odata-version'), '4.0')
  assert.match(old.text, /<edmx:Edmx [^>]*Version="4\.0"/)
  for (const [headers, status] of [[{ 'OData-MaxVersion': '3.0' }, 400], [{ 'OData-MaxVersion': '4.01' }, 200], [{ 'OData-MaxVersion': '5.0' }, 200], [{ 'OData-Version': '2.0' }, 400], [{ 'OData-Version': '4.0' }, 200], [{ 'OData-Version': '4.0;NetFx', 'OData-MaxVersion': '4.0;NetFx' }, 200], [{ 'OData-Version': '4.02' }, 400], [{ 'OData-Version': '5.0' }, 400]])
    assert.equal((await get('/api/contract(1)', headers)).status, status, JSON.stringify(headers))
  for (const address of ['/api/contract/$count', '/api/contract(999999)', '/api/contract(1)/contact', '/api/nosuch']) assert.equal((await get(address)).headers.get('odata-version'), '4.01', address)
  assert.equal((await ceo.post('/api/contract', '{"account_id":3}', { 'Content-Type': 'application/json; charset=koi8-r' })).status, 415)
  assert.equal((await ceo.post('/api/contract', '{"account_id":3}', { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })).status, 415)
})

test('IEEE754Compatible: numbers that a double does not hold are texts', { skip }, async () => {
  const exact = { Accept: 'application/json;IEEE754Compatible=true' }
  const r = await get('/api/contract(1)?$select=id,amount,account_id,watchers_ids,restricted,number,left&$expand=payments($select=amount;$top=1)', exact)
  assert.equal(r.headers.get('content-type'), 'application/json;odata.metadata=minimal;IEEE754Compatible=true;charset=utf-8')
  assert.equal(r.json.id, '1')
  assert.match(r.json.amount, /^\d+\.\d\d$/)
  assert.match(r.json.left, /^-?\d+\.\d\d$/)
  assert.equal(typeof r.json.account_id, 'string')
  assert.ok(r.json.watchers_ids.every((x) => typeof x === 'string') && r.json.watchers_ids.length)
  assert.equal(typeof r.json.payments[0].amount, 'string')
  assert.equal(r.json.restricted, null)
  const list = await get('/api/contract?$top=1&$count=true&$select=id', exact)
  assert.match(list.json['@odata.count'], /^\d+$/)
  assert.equal(typeof (await get('/api/contract?$top=1&$select=id')).json.value[0].id, 'number', 'the plan of the other way is another')
  assert.equal((await get('/api/contract(1)/amount', exact)).json.value, r.json.amount)
  const sent = await ceo.post('/api/contract', { account_id: '3', ends_on: '2027-05-01', amount: '1234.50' }, { 'Content-Type': 'application/json;IEEE754Compatible=true', ...exact })
  assert.deepEqual([sent.status, sent.json.amount, sent.json.account_id], [201, '1234.50', '3'])
})

test('one record takes no order and no place, a value no option', { skip }, async () => {
  for (const address of ['/api/contract(1)?$orderby=id', '/api/contract(1)?$skiptoken=WzAsMTBd', '/api/contract(1)/amount?$select=id', '/api/?$top=1', '/api/$metadata?$filter=true'])
    assert.equal((await get(address)).status, 400, address)
})

const made = async (fields = {}) => {
  const r = await ceo.post('/api/contract', { account_id: 3, ends_on: '2027-05-01', ...fields })
  assert.equal(r.status, 201, r.text)
  return { id: r.json.id, address: `/api/contract(${r.json.id})`, etag: r.headers.get('etag') }
}

test('a lookup is written by its navigation, too; a record within a record is refused by name', { skip }, async () => {
  const { address } = await made()
  const stored = async () => {
    const { account_id, watchers_ids } = (await get(`${address}?$select=account_id,watchers_ids`)).json
    return [account_id, watchers_ids]
  }
  for (const [body, account, watchers] of [
    [{ account: { '@odata.id': 'account(4)' } }, 4, []], [{ account: { id: 5 } }, 5, []], [{ 'account@bind': 'account(6)' }, 6, []], [{ 'account@odata.bind': `${app.url}/api/account(7)` }, 7, []],
    [{ account: { '@odata.etag': 'W/"1"', name: 'as it was read' } }, 7, []], [{ account_id: 3, account: { '@odata.etag': 'W/"1"', id: 9 } }, 3, []],
    [{ 'watchers@odata.bind': ['user(3)', 'user(4)'] }, 3, [3, 4]], [{ watchers: [{ id: 5 }, { '@id': 'user(6)' }] }, 3, [5, 6]], [{ watchers: [] }, 3, []], [{ contact: null }, 3, []], [{ created_by: { '@odata.etag': 'W/"1"', id: 5 }, initiator: { '@odata.etag': 'W/"1"', id: 5 } }, 3, []]
  ]) {
    const r = await ceo.patch(address, body)
    assert.equal(r.status, 200, `${JSON.stringify(body)}: ${r.text}`)
    assert.deepEqual(await stored(), [account, watchers], JSON.stringify(body))
  }
  for (const [body, status, target] of [
    [{ account: { name: 'new' } }, 501, 'account'], [{ account: { id: 3, name: 'other' } }, 501, 'account'], [{ watchers: [{ name: 'new' }] }, 501, 'watchers'], [{ account: null }, 400, 'account'], [{ account: 5 }, 400, 'account'], [{ account: [1] }, 400, 'account'],
    [{ watchers: null }, 400, 'watchers'], [{ 'watchers@odata.bind': ['account(3)'] }, 400, 'watchers'], [{ '@odata.type': '#ostov.account' }, 400, '@odata.type']
  ]) {
    const r = await ceo.patch(address, { subject: 'never', ...body })
    assert.deepEqual([r.status, r.json.error.target], [status, target], `${JSON.stringify(body)}: ${r.text}`)
  }
  assert.deepEqual([...await stored(), (await get(address)).json.subject], [3, [], null], 'nothing of it was written')
})

test('a write answers as its options say, and does nothing when they are wrong', { skip }, async () => {
  const r = await ceo.post('/api/contract?$select=number&$expand=account($select=name)', { account_id: 3, ends_on: '2027-05-01' })
  assert.deepEqual([r.status, Object.keys(r.json)], [201, ['@odata.context', '@odata.etag', 'number', 'account']])
  const before = await count('true')
  for (const option of ['$select=nosuch', '$filter=true', '$nosuch=1']) assert.equal((await ceo.post(`/api/contract?${option}`, { account_id: 3, ends_on: '2027-05-01' })).status, 400, option)
  assert.equal(await count('true'), before)
})

test('return=minimal gives the ETag that the next write takes', { skip }, async () => {
  const minimal = { Prefer: 'return=minimal' }
  const made = await ceo.post('/api/contract', { account_id: 3, ends_on: '2027-05-01' }, minimal)
  assert.deepEqual([made.status, made.text, made.headers.get('preference-applied')], [204, '', 'return=minimal'])
  const address = new URL(made.headers.get('location')).pathname
  assert.equal(made.headers.get('odata-entityid'), made.headers.get('location'))
  const changed = await ceo.patch(address, { subject: 'a' }, { ...minimal, 'If-Match': made.headers.get('etag') })
  assert.equal(changed.status, 204)
  assert.equal((await ceo.patch(address, { subject: 'b' }, { 'If-Match': made.headers.get('etag') })).status, 412)
  assert.equal((await get(address, { 'If-None-Match': changed.headers.get('etag') })).status, 304, 'it is the tag of the whole record')
  assert.equal((await ceo.delete(address, { 'If-Match': changed.headers.get('etag') })).status, 204)
})

test('If-None-Match of a write: what is there is not written', { skip }, async () => {
  const { address, etag } = await made()
  for (const none of ['*', etag, `"x", ${etag}`]) {
    const r = await ceo.patch(address, { subject: none }, { 'If-None-Match': none })
    assert.deepEqual([r.status, r.json.error.code], [412, 'stale'], none)
  }
  assert.equal((await ceo.delete(address, { 'If-None-Match': '*' })).status, 412)
  assert.equal((await ceo.post(`${address}/submit`, {}, { 'If-None-Match': '*' })).status, 412)
  assert.equal((await get(address)).json.subject, null)
  assert.equal((await ceo.patch('/api/contract(999999)', {}, { 'If-None-Match': '*' })).status, 404)
  assert.equal((await ceo.patch(address, { subject: 'a' }, { 'If-None-Match': 'W/"77"' })).status, 200)
})

test('lines are made at the address of their parent', { skip }, async () => {
  const { id, address } = await made()
  const line = { due_on: '2027-01-01', amount: 7 }
  const r = await ceo.post(`${address}/payments`, line)
  assert.deepEqual([r.status, r.json.contract_id, r.headers.get('location')], [201, id, `${app.url}/api/planned_payment(${r.json.id})`], r.text)
  assert.equal((await ceo.post(`${address}/payments`, { ...line, contract_id: id })).status, 201)
  for (const other of [{ contract_id: 1 }, { contract: { id: 1 } }, { 'contract@odata.bind': 'contract(1)' }]) {
    const refused = await ceo.post(`${address}/payments`, { ...line, ...other })
    assert.deepEqual([refused.status, refused.json.error.target], [400, 'contract'], JSON.stringify(other))
  }
  assert.equal((await get(`${address}/payments/$count`)).text, '2')
  assert.equal((await ceo.post('/api/contract(999999)/payments', line)).status, 404)
  const lawyer = await app.signIn('lawyer')
  assert.equal((await lawyer.post(`${address}/payments`, line)).status, 403)
  const partner = await app.signIn('partner')
  assert.equal((await partner.post(`${address}/payments`, line)).status, 404)
})

test('a move takes a comment and nothing else, under its short and its full name', { skip }, async () => {
  const { address } = await made()
  for (const [body, code] of [[{ nosuch: 1 }, 'unknown_field'], [{ comment: 5 }, 'invalid'], [[], 'syntax'], [{ subject: 'x' }, 'unknown_field']]) {
    const r = await ceo.post(`${address}/submit`, body)
    assert.deepEqual([r.status, r.json.error.code], [400, code], JSON.stringify(body))
  }
  assert.equal((await get(address)).json.stage, 'draft')
  const r = await ceo.post(`${address}/ostov.act.submit?$select=stage`, { comment: null })
  assert.deepEqual([r.status, r.json.stage, Object.keys(r.json).length], [200, 'approval', 3], r.text)
  assert.equal((await ceo.post(`${address}/ostov.act.nosuch`, {})).status, 404)
})

test('SAFETY 16, 31: a list whose rows tell of what one may not read is not offered', { skip }, async () => {
  const partner = await app.signIn('partner')
  const names = async (client) => (await client.get('/ui/meta')).json.sections.contract.lists.map((l) => l.name)
  assert.ok((await names(ceo)).includes('unpaid'))
  assert.ok(!(await names(partner)).includes('unpaid'))
  assert.ok((await names(partner)).includes('in_approval'))
  assert.equal((await ceo.get('/api/contract?$ostov.list=unpaid')).status, 200)
  for (const address of ['/api/contract?$ostov.list=unpaid', '/ui/export/contract.csv?$ostov.list=unpaid']) {
    const r = await partner.get(address)
    assert.deepEqual([r.status, r.json.error.target], [400, '$ostov.list'], address)
  }
})

test('the context says what of a record is in the answer', { skip }, async () => {
  for (const [address, context] of [
    ['/api/contract?$top=1', '#contract'], ['/api/contract?$top=1&$select=*', '#contract'], ['/api/contract?$top=1&$select=number,amount', '#contract(number,amount)'],
    ['/api/contract(1)?$select=number', '#contract(number)/$entity'], ['/api/contract(1)?$expand=account', '#contract(account())/$entity'],
    ['/api/contract(1)?$select=number&$expand=account($select=name),payments($select=amount;$top=1),tasks', '#contract(number,account(name),payments(amount),tasks())/$entity'],
    ['/api/contract(1)/payments?$select=amount', '#planned_payment(amount)'], ['/api/contract(1)/account?$select=name', '#account(name)/$entity'], ['/api/contract(1)/account', '#account/$entity'],
    ['/api/contract(1)/watchers?$select=name', '#user(name)'], ['/api/contract(1)/number', '#contract(1)/number']
  ]) {
    const r = await get(address)
    assert.equal(r.json['@odata.context'], `${app.url}/api/$metadata${context}`, address)
    assert.equal((await get(address)).json['@odata.context'], r.json['@odata.context'], `${address}: of a kept plan`)
  }
})
