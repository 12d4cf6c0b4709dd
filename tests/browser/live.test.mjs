// time-limit: 600
// What others change shows by itself: rows in their places, fields of an open record, one stream for all tabs of a browser.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { hasDatabase, startServer, until } from '../support/ostov.mjs'
import { axe, openBrowser, shot, signIn, skipBrowser } from './chromium.mjs'

const skip = skipBrowser || (hasDatabase ? false : 'no PostgreSQL on this machine')
let app, browser, other, drafts
before(async () => {
  if (skip) return
  app = await startServer({ config: 'configs/hotel-contracts' })
  browser = await openBrowser()
  other = await app.signIn('manager')
  drafts = []
  for (let i = 0; i < 4; i++) drafts.push(await made(`Живой договор ${i}`))
})
after(async () => {
  await browser?.close()
  await app?.stop()
})

async function made(subject) {
  const r = await other.post('/api/contract', { account_id: 1, ends_on: '2031-01-01', subject })
  assert.equal(r.status, 201, r.text)
  return r.json.id
}
async function change(id, body) {
  const r = await other.patch(`/api/contract(${id})`, body)
  assert.ok(r.status < 300, r.text)
}
/** A page that hears: its stream, or that of another tab, is open. */
async function as(login, address, options) {
  const page = await browser.page(options)
  page.streams = []
  page.on('request', (r) => new URL(r.url()).pathname === '/ui/events' && page.streams.push(r.url()))
  await signIn(page, app.url, login)
  await page.goto(app.url + address)
  return page
}
const heard = (page, id) => until(`a stream of ${id}`, () => page.streams.some((url) => new RegExp(`contract=([0-9,]*,)?${id}(,|&|$)`).test(url)), 45000)
async function done(page) {
  assert.deepEqual(page.faults(), [])
  await page.context().close()
}
const cell = (text) => `.table-box .ant-table-row:has-text("${text}")`

test('a row changes in its place; a new one comes when nobody points at the list, else it waits', { skip }, async () => {
  const page = await as('manager', '/s/contract?view=mine&f=stage.in.draft')
  await page.waitForSelector('.row-title')
  // the columns of this view may leave the subject out
  await page.goto(`${app.url}/s/contract?view=mine&f=stage.in.draft&q=${encodeURIComponent('Живой')}`)
  await page.waitForSelector('.row-title')
  await heard(page, drafts[0])
  const count = await page.locator('.table-box .row-title').count()
  await page.mouse.move(2, 2)
  await change(drafts[0], { amount: 123456 })
  await page.waitForSelector('.table-box .row:has-text("123 456")')
  const fourth = await made('Живой договор новый')
  await page.waitForFunction((n) => document.querySelectorAll('.table-box .row-title').length === n, count + 1)
  await heard(page, fourth)
  await page.hover('.table-box .row-title >> nth=0')
  await made('Живой договор ещё один')
  await page.waitForSelector('.list-news')
  await shot(page, 'live-list')
  assert.deepEqual(await axe(page), [])
  await page.click('.list-news')
  await page.waitForFunction((n) => document.querySelectorAll('.table-box .row-title').length === n, count + 2)
  assert.equal(await page.locator('.list-news').count(), 0)
  const r = await other.delete(`/api/contract(${fourth})`)
  if (r.status < 300) await page.waitForFunction((n) => document.querySelectorAll('.table-box .row-gone').length > 0 || document.querySelectorAll('.table-box .row-title').length === n, count + 1)
  await done(page)
})

test('an open record: without a draft it shows what is there now, with one it says so and keeps what was typed', { skip }, async () => {
  const page = await as('manager', `/s/contract/${drafts[1]}`)
  await page.waitForSelector('.value-editable')
  await heard(page, drafts[1])
  await change(drafts[1], { subject: 'Изменён другим' })
  await page.waitForSelector('.field[data-field=subject] .value:has-text("Изменён другим")')
  await page.waitForSelector('.history >> text=Изменён другим')
  await page.click('.page-head >> text=Изменить')
  await page.fill('#record-note', 'Моё примечание')
  await change(drafts[1], { subject: 'И ещё раз' })
  await page.waitForSelector('.page-alert:has-text("Запись тем временем изменили")')
  assert.equal(await page.inputValue('#record-note'), 'Моё примечание')
  assert.equal(await page.inputValue('#record-subject'), 'Изменён другим')
  await page.waitForSelector('.history >> text=И ещё раз')
  assert.deepEqual(await axe(page), [])
  await shot(page, 'live-record')
  await page.keyboard.press('Control+s')
  await page.click('.ant-modal button:has-text("Принять чужие")')
  await page.waitForFunction(() => document.querySelector('#record-subject')?.value === 'И ещё раз')
  await page.waitForSelector('.page-alert', { state: 'detached' })
  await page.keyboard.press('Control+s')
  await page.waitForSelector('.field[data-field=note] .value:has-text("Моё примечание")')
  // what was saved here is no news here
  await page.waitForTimeout(2500)
  assert.equal(await page.locator('.page-alert').count(), 0)
  await done(page)
})

test('one stream for two tabs; when the first goes the second takes over', { skip }, async () => {
  const first = await as('manager', `/s/contract/${drafts[2]}`)
  await first.waitForSelector('.value-editable')
  await heard(first, drafts[2])
  const second = await first.context().newPage()
  second.streams = []
  second.on('request', (r) => new URL(r.url()).pathname === '/ui/events' && second.streams.push(r.url()))
  await second.goto(`${app.url}/s/contract/${drafts[3]}`)
  await second.waitForSelector('.value-editable')
  await heard(first, drafts[3])
  assert.deepEqual(second.streams, [])
  await change(drafts[3], { subject: 'Через соседнюю вкладку' })
  await second.waitForSelector('.field[data-field=subject] .value:has-text("Через соседнюю вкладку")')
  await first.close()
  await heard(second, drafts[3])
  await change(drafts[3], { subject: 'Уже своя' })
  await second.waitForSelector('.field[data-field=subject] .value:has-text("Уже своя")')
  await second.context().close()
})

test('narrow, in English, dark: a card changes in its place', { skip }, async () => {
  const page = await as('manager', `/s/contract?view=mine&f=stage.in.draft&q=${encodeURIComponent('Живой')}`, { width: 390, dark: true, locale: 'en-US' })
  await page.waitForSelector('.card')
  await heard(page, drafts[0])
  await change(drafts[0], { amount: 987654 })
  await page.waitForSelector('.card:has-text("987"):has-text("654")')
  await shot(page, 'live-narrow')
  await done(page)
})
