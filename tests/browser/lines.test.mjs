// time-limit: 300
// Lines of a detail while they are typed, on the real server: what rules fill, require, close and hide, formulas and totals at once, lookups that follow the line and
// its record, late answers, taking back, both languages, 390 px.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { hasDatabase, startServer } from '../support/ostov.mjs'
import { supplyWrite } from '../support/supply.mjs'
import { axe, openBrowser, shot, signIn, skipBrowser } from './chromium.mjs'

const skip = skipBrowser || (hasDatabase ? false : 'no PostgreSQL on this machine')
const scratch = process.env.OSTOV_TEST_TMP ?? fs.mkdtempSync('/tmp/ostov-test-')
let app
let browser
let anna
const id = {}
before(async () => {
  if (skip) return
  app = await startServer({ config: supplyWrite(path.join(scratch, 'supply')) })
  browser = await openBrowser()
  anna = await app.signIn('anna')
  for (const section of ['supplier', 'product']) for (const [name, key] of app.sql(`SELECT name, id FROM app.${section}`)) id[name] = Number(key)
})
after(async () => {
  await browser?.close()
  await app?.stop()
})

async function as(login, address, options) {
  const page = await browser.page(options)
  await signIn(page, app.url, login)
  await page.goto(app.url + address)
  await page.waitForSelector('.record-form')
  return page
}
async function done(page) {
  assert.deepEqual(page.faults(), [])
  await page.context().close()
}
async function purchase(values, lines) {
  const r = await anna.post('/api/purchase', { name: 'Весна', supplier_id: id['Север'], terms: 'prepaid', ...values, 'lines@delta': lines })
  assert.equal(r.status, 201, r.text)
  return r.json.id
}
const spaces = (text) => text.replace(/\s/g, ' ').trim()
const line = (page, at) => page.locator('.lines-edited tbody tr').nth(at)
const cell = (page, at, name) => line(page, at).locator(`td[data-column=${name}]`)
const says = (page, at, name, text) => page.waitForFunction(([row, column, want]) => {
  const found = document.querySelectorAll('.lines-edited tbody tr')[row]?.querySelector(`td[data-column=${column}]`)
  const input = found?.querySelector('input')
  return found && (input ? input.value : found.textContent).replace(/\s/g, ' ').trim() === want
}, [at, name, text])
const heads = async (page) => (await page.locator('.lines-edited th').allInnerTexts()).map(spaces)
async function choose(page, box, text) {
  await box.click()
  await page.locator('.ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item', { hasText: text }).click()
}
/** What a lookup offers, once it is open and has its answer. */
async function offers(page, box) {
  await box.click()
  const list = page.locator('.ant-select-dropdown:not(.ant-select-dropdown-hidden)')
  await list.locator('.ant-select-item').first().waitFor()
  const titles = await list.locator('.lookup-row > span:first-child').allInnerTexts()
  await page.keyboard.press('Escape')
  await list.waitFor({ state: 'detached' }).catch(() => undefined)
  return titles.sort()
}
const input = (page, at, name) => cell(page, at, name).locator('input')

test('a new record: lines are filled, priced, required, closed and hidden as they are typed', { skip }, async () => {
  const page = await as('anna', '/s/purchase/new')
  await page.fill('#record-name', 'Ремонт склада')
  await choose(page, page.locator('#record-supplier'), 'Север')
  await page.fill('#record-wanted_on', '01.06.2031')
  await page.keyboard.press('Enter')
  await page.click('.detail-head >> text=Добавить строку')
  await says(page, 0, 'quantity', '1')
  assert.ok(!(await heads(page)).some((text) => text.startsWith('Основание')), 'hidden by every line: no column')
  // only what the supplier sells, who is not saved yet; then only batches of the product of the line
  assert.deepEqual(await offers(page, input(page, 0, 'product')), ['Гвозди', 'Доска', 'Рейка'])
  await choose(page, input(page, 0, 'product'), 'Доска')
  await says(page, 0, 'price', '100,00')
  await says(page, 0, 'total', '100,00 ₽')
  assert.deepEqual(await offers(page, input(page, 0, 'batch')), ['Д-01'])
  await input(page, 0, 'quantity').fill('4')
  await says(page, 0, 'total', '400,00 ₽')
  await input(page, 0, 'discount').fill('20')
  await says(page, 0, 'total', '320,00 ₽')
  await page.waitForSelector('.lines-edited th:has-text("Основание") .must')
  assert.equal(await input(page, 0, 'reason').getAttribute('aria-required'), 'true')

  // another line has rules of its own: its price is fixed, it has no discount and so no reason
  await page.click('.detail-head >> text=Добавить строку')
  await choose(page, input(page, 1, 'product'), 'Гвозди')
  await says(page, 1, 'price', '2,50 ₽')
  assert.equal(await input(page, 1, 'price').count(), 0)
  await says(page, 1, 'reason', '')
  assert.equal(await input(page, 1, 'reason').count(), 0)
  assert.equal(await input(page, 0, 'price').count(), 1)
  await input(page, 1, 'quantity').fill('10')
  await says(page, 1, 'total', '25,00 ₽')
  await page.waitForFunction(() => /345,00/.test(document.querySelector('.lines-edited tfoot').textContent))
  // a discount that is not enough to ask for a reason opens it in that line alone; the other one is marked
  await input(page, 1, 'discount').fill('5')
  await cell(page, 1, 'reason').locator('input').waitFor()
  assert.equal(await cell(page, 1, 'reason').locator('.must').count(), 0)
  assert.equal(await cell(page, 0, 'reason').locator('.must').count(), 1)
  assert.deepEqual(await axe(page), [])
  await shot(page, 'lines-new-ru')

  // what the record says reaches its lines
  await choose(page, page.locator('#record-terms'), 'С отсрочкой')
  await page.waitForFunction(() => ![...document.querySelectorAll('.lines-edited th')].some((th) => th.textContent.startsWith('Скидка')))
  await choose(page, page.locator('#record-terms'), 'Вперёд')
  await page.waitForFunction(() => [...document.querySelectorAll('.lines-edited th')].some((th) => th.textContent.startsWith('Скидка')))
  assert.equal(await input(page, 0, 'discount').inputValue(), '20')
  await choose(page, page.locator('#record-supplier'), 'Юг')
  await says(page, 0, 'total', '640,00 ₽')
  await choose(page, page.locator('#record-supplier'), 'Север')
  await says(page, 0, 'total', '320,00 ₽')

  // wrong while it is typed, missing when it is saved: beside its field
  await input(page, 0, 'discount').fill('40')
  await cell(page, 0, 'discount').locator('.fault', { hasText: 'Скидка не больше 30 %' }).waitFor()
  await input(page, 0, 'discount').fill('20')
  await cell(page, 0, 'discount').locator('.fault').waitFor({ state: 'detached' })
  await page.keyboard.press('Control+s')
  await cell(page, 0, 'reason').locator('.fault').waitFor()
  await page.waitForFunction(() => document.activeElement?.id.endsWith('-reason'))
  await shot(page, 'lines-missing-ru')
  await page.keyboard.type('Оптом дешевле')
  await page.keyboard.press('Control+s')
  await page.waitForURL(/\/s\/purchase\/\d+$/)
  const stored = app.sql(`SELECT quantity, price, discount, reason, due_on FROM app.purchase_line WHERE purchase = ${page.url().split('/').pop()} ORDER BY id`)
  assert.deepEqual(stored, [['4', '100.00', '20.00', 'Оптом дешевле', '2031-06-01'], ['10', '2.50', '5.00', '', '2031-06-01']])
  await done(page)
})

test('a late answer covers nothing that was typed since; one question is on its way at a time', { skip }, async () => {
  const made = await purchase({}, [{ product_id: id['Доска'], quantity: 3 }])
  const page = await as('anna', `/s/purchase/${made}`)
  // a column that the line hides goes with the first answer about it: nothing is on its way then
  await page.waitForFunction(() => document.querySelector('.lines-edited th') && ![...document.querySelectorAll('.lines-edited th')].some((th) => th.textContent.startsWith('Основание')))
  const form = (request) => request.url().includes('/ui/form/')
  let going = 0
  let most = 0
  page.on('request', (request) => form(request) && (most = Math.max(most, ++going)))
  page.on('requestfinished', (request) => form(request) && going--)
  let release
  const held = new Promise((go) => { release = go })
  await page.route('**/ui/form/**', async (route) => {
    await held
    await route.continue()
  })
  await line(page, 0).locator('button[aria-label="Изменить строку"]').click()
  const first = page.waitForRequest('**/ui/form/**')
  await choose(page, input(page, 0, 'product'), 'Рейка')
  await first
  // the price that this question fills is typed by hand before the answer is there, and the amount too
  await input(page, 0, 'price').fill('77')
  await input(page, 0, 'quantity').fill('5')
  // long enough for the page to have asked again if it did not wait for the answer
  await page.evaluate(() => new Promise((go) => setTimeout(go, 800)))
  assert.equal(going, 1)
  const second = page.waitForRequest('**/ui/form/**')
  release()
  await second
  await says(page, 0, 'total', '385,00 ₽')
  assert.deepEqual([await input(page, 0, 'quantity').inputValue(), await input(page, 0, 'price').inputValue()], ['5', '77,00'])
  // asked when nothing is typed over it, the fill is taken
  await choose(page, input(page, 0, 'product'), 'Доска')
  await says(page, 0, 'price', '100,00')
  await says(page, 0, 'total', '500,00 ₽')
  assert.equal(most, 1)
  await done(page)
})

test('what is typed back is no change; cancelling takes filled values back with it', { skip }, async () => {
  const made = await purchase({}, [{ product_id: id['Доска'], quantity: 3 }, { product_id: id['Гвозди'], quantity: 10, discount: 5 }])
  const page = await as('anna', `/s/purchase/${made}`)
  await says(page, 0, 'total', '300,00 ₽')
  await line(page, 0).locator('button[aria-label="Изменить строку"]').click()
  await input(page, 0, 'quantity').fill('7')
  await page.waitForSelector('.savebar')
  await says(page, 0, 'total', '700,00 ₽')
  await page.waitForFunction(() => document.querySelector('.field[data-field=units] .value').textContent.trim() === '17')
  await input(page, 0, 'quantity').fill('3')
  await page.waitForFunction(() => !document.querySelector('.savebar'))
  await says(page, 0, 'total', '300,00 ₽')
  assert.equal(await line(page, 0).getAttribute('class'), '')
  await input(page, 0, 'price').fill('90')
  await says(page, 0, 'total', '270,00 ₽')
  await line(page, 1).locator('button[aria-label="Убрать строку"]').click()
  await page.waitForFunction(() => document.querySelector('.field[data-field=units] .value').textContent.trim() === '3')
  await page.click('.savebar >> text=Отмена')
  await says(page, 0, 'total', '300,00 ₽')
  await says(page, 1, 'total', '23,75 ₽')
  await page.waitForFunction(() => document.querySelector('.field[data-field=units] .value').textContent.trim() === '13')
  await done(page)
})

test('a line has more fields than the table has columns: its card shows and takes all of them', { skip }, async () => {
  const made = await purchase({ name: 'Зима', wanted_on: '2031-06-01' }, [{ product_id: id['Доска'], quantity: 3 }])
  const page = await as('anna', `/s/purchase/${made}`)
  await says(page, 0, 'total', '300,00 ₽')
  const open = (at) => line(page, at).locator('button[aria-label="Открыть строку целиком"]').click()
  const field = (name) => page.locator(`.line-card .field[data-field=${name}]`)
  await open(0)
  await page.waitForSelector('.line-card .field[data-field=due_on] input')
  assert.equal(await field('due_on').locator('input').inputValue(), '01.06.2031')
  assert.match(await field('maker').innerText(), /Север/)
  assert.equal(await field('packing').locator('.must').count(), 0)
  // What rules answer of the line reaches its card: many of them want a packing.
  await field('quantity').locator('input').fill('600')
  await field('packing').locator('.must').waitFor()
  await page.waitForFunction(() => /60 000,00/.test(document.querySelector('.line-card [data-field=total]').textContent.replace(/\s/g, ' ')))
  assert.deepEqual(await axe(page), [])
  await shot(page, 'line-card-ru')
  await page.click('.line-card >> text=Готово')
  await page.waitForSelector('.line-card', { state: 'detached' })
  await page.keyboard.press('Control+s')
  await page.waitForSelector('.lines-acts .fault:has-text("Упаковка: ")')
  await open(0)
  await field('packing').locator('.fault').waitFor()
  await page.waitForFunction(() => document.activeElement?.id.endsWith('-card-packing'))
  await page.keyboard.type('Ящик')
  await page.waitForFunction(() => document.activeElement?.value === 'Ящик')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.line-card', { state: 'detached' })
  await page.fill('#record-remark', 'Много')
  await page.keyboard.press('Control+s')
  await page.waitForFunction(() => !document.querySelector('.savebar'))
  assert.deepEqual(app.sql(`SELECT quantity, packing, due_on FROM app.purchase_line WHERE purchase = ${made}`), [['600', 'Ящик', '2031-06-01']])
  await done(page)
})

test('who only reads sees what rules leave to see; narrow lines are cards', { skip }, async () => {
  const made = await purchase({ name: 'Лето', terms: 'deferred' }, [{ product_id: id['Доска'], quantity: 3 }, { product_id: id['Гвозди'], quantity: 10 }])
  const reader = await as('boris', `/s/purchase/${made}`)
  await reader.waitForFunction(() => document.querySelector('.lines-edited') && ![...document.querySelectorAll('.lines-edited th')].some((th) => /^(Скидка|Основание)/.test(th.textContent)))
  assert.deepEqual(await reader.locator('.lines-edited button').evaluateAll((buttons) => [...new Set(buttons.map((button) => button.getAttribute('aria-label')))]), ['Открыть строку целиком'])
  await line(reader, 0).locator('button').click()
  await reader.waitForSelector('.line-card .field[data-field=due_on]')
  assert.equal(await reader.locator('.line-card input').count(), 0)
  await shot(reader, 'lines-read-ru')
  await done(reader)

  for (const [locale, language, edit, save, add, tag] of [['ru-RU', 'ru', 'Изменить строку', 'Сохранить', 'Добавить строку', 'ru'], ['en-GB', 'en', 'Edit the line', 'Save', 'Add a line', 'en']]) {
    app.sql(`UPDATE app."user" SET language = '${language}' WHERE login = 'anna'`)
    const one = await purchase({ name: 'Осень' }, [{ product_id: id['Доска'], quantity: 3, discount: 15, reason: 'Опт' }, { product_id: id['Гвозди'], quantity: 10 }])
    const page = await as('anna', `/s/purchase/${one}`, { width: 390, height: 844, locale })
    await page.waitForSelector('.lines-cards tbody tr')
    await page.locator('.lines-cards').scrollIntoViewIfNeeded()
    await shot(page, `lines-cards-read-${tag}-390`)
    await line(page, 1).locator(`button[aria-label="${edit}"]`).click()
    await input(page, 1, 'discount').fill('12')
    await cell(page, 1, 'reason').locator('input').waitFor()
    await cell(page, 1, 'reason').locator('.must').waitFor()
    assert.equal(await input(page, 1, 'price').count(), 0)
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)
    assert.equal(await page.evaluate(() => { const box = document.querySelector('.detail-scroll'); return box.scrollWidth <= box.clientWidth }), true, 'cards do not scroll sideways')
    await line(page, 1).scrollIntoViewIfNeeded()
    await shot(page, `lines-cards-${tag}-390`)
    assert.deepEqual(await axe(page), [])
    await input(page, 1, 'reason').fill('Много')
    await page.click(`.savebar >> text=${save}`)
    await page.waitForFunction(() => !document.querySelector('.savebar'))
    assert.deepEqual(app.sql(`SELECT discount, reason FROM app.purchase_line WHERE purchase = ${one} ORDER BY id`), [['15.00', 'Опт'], ['12.00', 'Много']])
    await done(page)
    const wide = await as('anna', `/s/purchase/${one}`, { locale, dark: language === 'en' })
    await wide.waitForSelector('.lines-edited tbody tr')
    await wide.click(`.page-head >> text=${language === 'ru' ? 'Изменить' : 'Edit'}`)
    await wide.click(`.detail-head >> text=${add}`)
    await says(wide, 2, 'quantity', '1')
    await shot(wide, `lines-edit-${tag}`)
    assert.deepEqual(await axe(wide), [])
    await done(wide)
  }
})
