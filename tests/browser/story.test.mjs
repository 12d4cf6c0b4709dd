// time-limit: 900
// The customer's story in the browser, on the real server with the sample configuration: a manager writes a contract with
// somebody who is not in the system yet and submits it; a lawyer sees it and may not touch the sum; somebody
// without rights finds nothing at its address; the history tells all of it.
// OSTOV_URL: a server that runs already, with sample data, instead of one of its own. OSTOV_SHOTS: a folder for pictures.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { hasDatabase, startServer } from '../support/ostov.mjs'
import { axe, openBrowser, shot, signIn, skipBrowser } from './chromium.mjs'

const skip = skipBrowser || (hasDatabase || process.env.OSTOV_URL ? false : 'no PostgreSQL on this machine')
const name = 'ООО «Новый арендатор»'
let app
let browser
let url
let address
let number
before(async () => {
  if (skip) return
  if (!process.env.OSTOV_URL) app = await startServer({ config: 'configs/hotel-contracts' })
  url = process.env.OSTOV_URL ?? app.url
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await app?.stop()
})

async function as(login, options) {
  const page = await browser.page(options)
  await signIn(page, url, login)
  return page
}
async function done(page) {
  assert.deepEqual(page.faults(), [])
  await page.context().close()
}
const value = (page, field) => page.locator(`.field[data-field=${field}] .value`)

test('the manager creates a contract with a counterparty made in passing; its number appears; he submits it', { skip }, async () => {
  const page = await as('manager')
  await page.waitForSelector('h1:has-text("Договоры")')
  await page.waitForSelector('.row-title')
  assert.deepEqual(await axe(page), [])
  await shot(page, 'list-ru')
  await page.click('.page-head >> text=Создать')
  await page.waitForSelector('.record-form')
  await page.waitForSelector('.field[data-field=initiator] >> text=Белов Алексей Дмитриевич')
  await page.fill('#record-subject', 'Аренда кабинета 301')
  await page.click('#record-object')
  await page.click('.ant-select-item:has-text("Бизнес-центр")')
  await page.fill('#record-account', name)
  await page.waitForSelector('.lookup-create')
  await page.click('.lookup-create')
  await page.waitForSelector('.create-card')
  assert.equal(await page.inputValue('#new-account-name'), name)
  await page.fill('#new-account-phone', '+7 495 000-77-01')
  await page.click('.create-card .ant-btn-primary')
  await page.waitForFunction(() => !document.querySelector('.ant-drawer-open'))
  await page.waitForSelector(`.field[data-field=account] >> text=${name}`)
  await page.fill('#record-amount', '250000,50')
  await page.fill('#record-ends_on', '31.12.2037')
  await page.keyboard.press('Enter')
  // A rule fills the day of renewal from the end: a month earlier, the last of a shorter month.
  await page.waitForFunction(() => document.querySelector('#record-renew_on')?.value === '30.11.2037')
  await page.click('.tab:has-text("Платежи")')
  await page.click('.detail-head >> text=Добавить строку')
  await page.locator('.lines-edited input[id$="due_on"]').fill('01.02.2027')
  await page.keyboard.press('Enter')
  await page.locator('.lines-edited input[id$="amount"]').fill('100000')
  assert.deepEqual(await axe(page), [])
  await page.keyboard.press('Control+s')
  await page.waitForURL(/\/s\/contract\/\d+$/)
  address = new URL(page.url()).pathname
  await page.waitForSelector('h1:has-text("C-20")')
  number = (await value(page, 'number').textContent()).trim()
  assert.match(number, /^C-\d{4}-\d{5}$/)
  assert.equal((await value(page, 'amount').textContent()).replace(/\s/g, ' '), '250 000,50 ₽')
  assert.equal((await page.locator('.stage-now').textContent()).trim(), 'Черновик')
  await page.click('.moves >> text=На согласование')
  await page.waitForSelector('.stage-now:has-text("На согласовании")')
  // What is submitted is frozen, for its author too.
  await page.waitForFunction(() => document.querySelectorAll('.field[data-field=amount] .value-editable').length === 0)
  await page.waitForSelector('.event-moved')
  assert.deepEqual(await axe(page), [])
  await shot(page, 'record-ru')
  await done(page)
})

test('the lawyer sees it, may write the note, and may not change the sum', { skip }, async () => {
  const page = await as('lawyer')
  await page.waitForSelector('h1:has-text("Договоры")')
  await page.fill('#list-search', number)
  await page.waitForFunction((n) => document.querySelectorAll('.row-title').length === 1 && document.querySelector('.row-title').textContent === n, number)
  await page.click('.row-title')
  await page.waitForSelector(`h1:has-text("${number}")`)
  assert.equal((await value(page, 'amount').textContent()).replace(/\s/g, ' '), '250 000,50 ₽')
  await page.waitForSelector('.history .event')
  assert.equal(await page.locator('.field[data-field=amount] .value-editable').count(), 0)
  // The server says the same to whoever goes past the page.
  const answer = await page.evaluate(async (path) => {
    const { csrf } = await (await fetch('/auth/me')).json()
    const record = await fetch(path)
    const { '@odata.etag': etag } = await record.json()
    const change = await fetch(path, { method: 'PATCH', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf, 'If-Match': etag }, body: JSON.stringify({ amount: 1 }) })
    return { status: change.status, amount: (await (await fetch(path)).json()).amount }
  }, `/api/contract(${address.split('/').pop()})`)
  assert.ok([400, 403, 409].includes(answer.status), `PATCH of the sum answered ${answer.status}`)
  assert.equal(answer.amount, 250000.5)
  await done(page)
})

test('somebody without rights finds nothing at its address', { skip }, async () => {
  const page = await as('engineer')
  await page.waitForSelector('.frame h1')
  await page.goto(url + address)
  await page.waitForSelector('h2:has-text("Не найдено")')
  assert.equal(await page.locator(`text=${number}`).count(), 0)
  const status = await page.evaluate(async (path) => (await fetch(path)).status, `/api/contract(${address.split('/').pop()})`)
  assert.equal(status, 404)
  await page.goto(`${url}/s/contract?view=all&q=${number}`)
  await page.waitForSelector('text=Ничего не найдено')
  await done(page)
})

test('the history tells all of it, also at 390 px', { skip }, async () => {
  const page = await as('manager')
  await page.waitForSelector('h1:has-text("Договоры")')
  await page.goto(url + address)
  await page.waitForSelector('.event-created')
  const told = (await page.locator('.history').innerText()).replace(/\s+/g, ' ')
  for (const part of ['Белов Алексей Дмитриевич', number, name, '250 000,50 ₽', 'Черновик', 'На согласовании', '31.12.2037']) assert.ok(told.includes(part), `the history does not tell ${part}: ${told}`)
  await done(page)
  const small = await as('manager', { width: 390, height: 844 })
  await small.waitForSelector('.card-title')
  assert.ok(await small.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth))
  await shot(small, 'list-ru-390')
  // Of many views the open one is in sight, and a long title leaves the buttons beside it whole.
  await small.goto(`${url}/s/contract?view=all`)
  await small.waitForSelector('.card-title')
  const seen = (part) => small.locator(part).boundingBox()
  const tab = await seen('.ant-segmented-item-selected')
  assert.ok(tab.x >= 0 && tab.x + tab.width <= 390, `the open view: ${JSON.stringify(tab)}`)
  await small.goto(`${url}/s/outgoing_letter`)
  await small.waitForSelector('.page-head .ant-btn-primary')
  const [title, button] = [await seen('h1'), await seen('.page-head .ant-btn-primary')]
  assert.ok(button.x >= title.x + title.width && button.y < title.y + title.height, `the button stands beside the title: ${JSON.stringify([title, button])}`)
  await small.goto(url + address)
  await small.waitForSelector('.event-created')
  assert.ok(await small.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth))
  assert.deepEqual(await axe(small), [])
  await shot(small, 'record-ru-390')
  await done(small)
})
