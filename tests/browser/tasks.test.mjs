// time-limit: 600
// The checklist of a stage on the record's page, on the real server: ticks by keyboard, who and when, the reason of a closed move, another's tick,
// both languages, 390 px.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { hasDatabase, startServer } from '../support/ostov.mjs'
import { axe, openBrowser, shot, signIn, skipBrowser } from './chromium.mjs'

const skip = skipBrowser || (hasDatabase ? false : 'no PostgreSQL on this machine')
let app
let browser
let address
before(async () => {
  if (skip) return
  app = await startServer({ config: 'configs/hotel-contracts' })
  browser = await openBrowser()
  // a contract of the first manager whose end has come: only its checklist keeps it from being closed
  const id = app.sql(`SELECT c.id FROM app.contract c JOIN app."user" u ON u.id = c.initiator WHERE u.login = 'manager' AND c.stage = 'active' ORDER BY c.id LIMIT 1`)[0][0]
  app.sql(`UPDATE app.contract SET ends_on = current_date - 1, starts_on = current_date - 300 WHERE id = ${id}`)
  address = `/s/contract/${id}`
})
after(async () => {
  await browser?.close()
  await app?.stop()
})

async function as(login, options) {
  const page = await browser.page(options)
  await signIn(page, app.url, login)
  await page.goto(app.url + address)
  await page.waitForSelector('.checklist li')
  return page
}
async function done(page) {
  assert.deepEqual(page.faults(), [])
  await page.context().close()
}
const line = (page, text) => page.locator('.checklist li', { hasText: text })
const box = (page, text) => line(page, text).locator('input[type=checkbox]')

test('the office ticks by keyboard, and the move opens', { skip }, async () => {
  const page = await as('office')
  assert.equal(await page.locator('.checklist h2').innerText(), 'Список дел\n0 из 2')
  const closed = page.locator('.move-closed', { hasText: 'Закрыть' })
  assert.match(await closed.getAttribute('aria-label'), /Сначала отметьте в списке дел: Подписанный экземпляр лежит в папке контрагента: /)
  assert.match(await line(page, 'Подписанный экземпляр').innerText(), /\*/)
  assert.equal(await box(page, 'Второй экземпляр').isDisabled(), true)
  assert.match(await line(page, 'Второй экземпляр').innerText(), /Отмечает другой сотрудник/)
  assert.deepEqual(await axe(page), [])
  await shot(page, 'tasks-open-ru')
  await box(page, 'Подписанный экземпляр').focus()
  await page.keyboard.press('Space')
  await page.locator('.moves button.ant-btn-primary', { hasText: 'Закрыть' }).waitFor()
  assert.equal(await box(page, 'Подписанный экземпляр').isChecked(), true)
  assert.match(await line(page, 'Подписанный экземпляр').innerText(), /, \d+ .+ \d{4}|\d\d\.\d\d\.\d{4}/)
  await page.waitForSelector('.event-ticked:has-text("отмечено: Подписанный экземпляр")')
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('type')), 'checkbox')
  assert.equal(await page.locator('.checklist h2 [role=status]').innerText(), '1 из 2')
  // taken back, and the move is closed again
  await page.keyboard.press('Space')
  await closed.waitFor()
  await page.waitForSelector('.event-reopened:has-text("отметка снята")')
  await page.keyboard.press('Space')
  await page.locator('.moves button.ant-btn-primary', { hasText: 'Закрыть' }).waitFor()
  await shot(page, 'tasks-done-ru')
  await done(page)
})

test('a tick of two at once: the second is told whose it was', { skip }, async () => {
  const [first, second] = [await as('manager'), await as('manager')]
  // a page that hears of the tick would show it before the second person can click
  await second.route('**/ui/events**', (route) => route.abort())
  await second.reload()
  await box(second, 'Второй экземпляр').waitFor()
  await box(first, 'Второй экземпляр').click()
  await first.waitForSelector('.event-ticked:has-text("Второй экземпляр")')
  assert.equal(await box(second, 'Второй экземпляр').isChecked(), false)
  await box(second, 'Второй экземпляр').click()
  await second.waitForSelector('text=/уже отмечено: /')
  await second.waitForFunction(() => document.querySelectorAll('.checklist .task-done').length === 2)
  assert.equal(await box(second, 'Подписанный экземпляр').isDisabled(), true)
  await done(first)
  await done(second)
})

test('narrow, in English, dark; what is typed stays over a tick', { skip }, async () => {
  const narrow = await as('office', { width: 390, height: 844 })
  const top = await narrow.locator('.checklist').boundingBox()
  const form = await narrow.locator('.record-form').boundingBox()
  assert.ok(top.y < form.y && top.x >= 0 && top.x + top.width <= 390, JSON.stringify(top))
  assert.equal(await narrow.evaluate(() => document.documentElement.scrollWidth), 390)
  await narrow.locator('.checklist').scrollIntoViewIfNeeded()
  await shot(narrow, 'tasks-ru-390')
  assert.deepEqual(await axe(narrow), [])
  await done(narrow)

  app.sql(`UPDATE app."user" SET language = 'en' WHERE login IN ('office', 'ceo')`)
  const page = await as('office', { locale: 'en-GB', dark: true })
  assert.equal(await page.locator('.checklist h2').innerText(), 'To do\n2 of 2')
  await page.waitForSelector('.checklist >> text=Signed copy is in the folder of')
  await page.click('.page-head >> text=Edit')
  await page.fill('#record-barcode', '4600000000017')
  await box(page, 'Signed copy is in').click()
  await page.locator('.move-closed', { hasText: 'Close' }).waitFor()
  assert.match(await page.locator('.move-closed', { hasText: 'Close' }).getAttribute('aria-label'), /To be ticked in the checklist first: Signed copy is in the folder of /)
  assert.equal(await page.inputValue('#record-barcode'), '4600000000017')
  await page.waitForSelector('.event-reopened:has-text("took back")')
  await shot(page, 'tasks-en-dark')
  await page.keyboard.press('Control+s')
  await page.waitForFunction(() => !document.querySelector('.savebar'))
  assert.deepEqual(await axe(page), [])
  await done(page)
  const small = await as('office', { width: 390, height: 844, locale: 'en-GB' })
  await small.locator('.checklist').scrollIntoViewIfNeeded()
  await shot(small, 'tasks-en-390')
  await done(small)
  const wide = await as('office', { locale: 'en-GB' })
  await shot(wide, 'tasks-en')
  await done(wide)
})
