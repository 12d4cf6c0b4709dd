// time-limit: 900
// What application and server promise each other, seen through the browser on the real server: conflicts, lines, files, exports,
// search, what is remembered, acts on several records, imports of the customers' data, languages.
// OSTOV_URL: a server that runs already, with fresh sample data, instead of one of its own.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { hasDatabase, startServer } from '../support/ostov.mjs'
import { axe, kept, openBrowser, shot, signIn, skipBrowser } from './chromium.mjs'

const skip = skipBrowser || (hasDatabase || process.env.OSTOV_URL ? false : 'no PostgreSQL on this machine')
const shared = process.env.OSTOV_SHARED
const organisations = shared && path.join(shared, 'data/organisations.csv')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ostov-real-'))
let app
let browser
let url
before(async () => {
  if (skip) return
  if (!process.env.OSTOV_URL) app = await startServer({ config: 'configs/hotel-contracts' })
  url = process.env.OSTOV_URL ?? app.url
  browser = await openBrowser()
})
after(async () => {
  fs.rmSync(folder, { recursive: true, force: true })
  await browser?.close()
  await app?.stop()
})

async function as(login, options) {
  const page = await browser.page(options)
  await signIn(page, url, login)
  await page.waitForSelector('.page h1')
  return page
}
async function done(page) {
  assert.deepEqual(page.faults(), [])
  await page.context().close()
}
async function draftOf(page) {
  await page.goto(`${url}/s/contract?view=mine&f=stage.in.draft`)
  await page.waitForSelector('.row-title')
  return page.getAttribute('.row-title >> nth=0', 'href')
}
const open = async (page, address) => {
  await page.goto(url + address)
  await page.waitForSelector('.value-editable')
}

test('two people change the same contract: both see both, theirs is taken, mine goes over', { skip }, async () => {
  const [mine, theirs] = [await as('manager'), await as('manager')]
  const address = await draftOf(mine)
  for (const page of [mine, theirs]) {
    await open(page, address)
    await page.click('.page-head >> text=Изменить')
    await page.waitForSelector('#record-subject')
  }
  // without a draft the page would show theirs at once
  await mine.fill('#record-subject', 'Мой предмет')
  await theirs.fill('#record-subject', 'Их предмет')
  await theirs.keyboard.press('Control+s')
  await theirs.waitForSelector('.field[data-field=subject] .value:has-text("Их предмет")')
  await mine.fill('#record-note', 'Моё примечание')
  await mine.keyboard.press('Control+s')
  await mine.waitForSelector('.ant-modal:has-text("Запись изменил другой человек")')
  const row = (await mine.locator('.ant-modal tr:has-text("Предмет")').textContent())
  assert.ok(row.includes('Их предмет') && row.includes('Мой предмет'), row)
  assert.deepEqual(await axe(mine), [])
  await shot(mine, 'conflict')
  await mine.click('button:has-text("Принять чужие")')
  await mine.waitForFunction(() => document.querySelector('#record-subject')?.value === 'Их предмет')
  assert.equal(await mine.inputValue('#record-note'), 'Моё примечание')
  await theirs.click('.page-head >> text=Изменить')
  await theirs.fill('#record-subject', 'Снова их')
  await theirs.keyboard.press('Control+s')
  await theirs.waitForSelector('.field[data-field=subject] .value:has-text("Снова их")')
  await mine.fill('#record-subject', 'Снова мой')
  await mine.keyboard.press('Control+s')
  await mine.click('.ant-modal button:has-text("Записать свои")')
  await mine.waitForSelector('.field[data-field=subject] .value:has-text("Снова мой")')
  await mine.waitForSelector('.field[data-field=note] .value:has-text("Моё примечание")')
  await done(mine)
  await done(theirs)
})

test('payments are edited in place with their record, errors find their line, sums follow', { skip }, async () => {
  const page = await as('ceo')
  await open(page, await (async () => {
    await page.goto(`${url}/s/contract?view=open&f=stage.in.active`)
    await page.waitForSelector('.row-title')
    return page.getAttribute('.row-title >> nth=0', 'href')
  })())
  await page.click('.tab:has-text("Платежи")')
  await page.waitForSelector('.detail[data-field=payments]')
  const planned = async () => (await page.locator('.field[data-field=planned] .value').textContent()).replace(/[^\d,]/g, '').replace(',', '.')
  const before = Number(await planned())
  await page.click('.detail-head >> text=Добавить строку')
  const line = page.locator('.lines-edited tr[data-line^=new]')
  await line.locator('input[id$="-amount"]').fill('1000,5')
  await page.keyboard.press('Control+s')
  await line.locator('.fault').waitFor()
  // The cursor stands in what is wrong, so that it is typed at once.
  await page.waitForFunction(() => /-new\d+-due_on$/.test(document.activeElement.id))
  await page.keyboard.type('01.03.2028')
  await page.keyboard.press('Enter')
  // Money stands in its editor as it is read; no column of the table lies under another.
  assert.equal(await line.locator('input[id$="-amount"]').inputValue(), '1\u202f000,50')
  const covered = await page.evaluate(() => {
    const acts = document.querySelector('.lines-edited tbody .lines-acts').getBoundingClientRect()
    return [...document.querySelectorAll('.lines-edited thead th:not(.lines-acts)')].filter((head) => head.getBoundingClientRect().right > acts.left + 1).map((head) => head.textContent)
  })
  assert.deepEqual(covered, [])
  await page.keyboard.press('Control+s')
  await page.waitForFunction(() => !document.querySelector('.lines-edited tr[data-line^=new]'))
  await page.waitForFunction((sum) => Number(document.querySelector('.field[data-field=planned] .value').textContent.replace(/[^\d,]/g, '').replace(',', '.')) === sum, before + 1000.5)
  await page.waitForSelector('.event:has-text("добавлено")')
  await page.locator('.lines-edited tr:has-text("01.03.2028") button[aria-label="Убрать строку"]').click()
  await page.waitForSelector('.line-removed')
  await page.keyboard.press('Control+s')
  await page.waitForFunction((sum) => Number(document.querySelector('.field[data-field=planned] .value').textContent.replace(/[^\d,]/g, '').replace(',', '.')) === sum, before)
  await done(page)
})

test('a file is sent, kept with its record, and comes down whole', { skip }, async () => {
  const page = await as('manager')
  const address = await draftOf(page)
  await open(page, address)
  await page.click('.page-head >> text=Изменить')
  const file = path.join(folder, 'Договор подписан.txt')
  fs.writeFileSync(file, 'подпись '.repeat(5000))
  // Saving is asked while the file is still on its way: it waits for it, and the record is written once, with it.
  let release
  const held = new Promise((resolve) => { release = resolve })
  await page.route('**/files', async (route) => {
    await held
    await route.continue()
  })
  await page.setInputFiles('.field[data-field=scan] input[type=file]', file)
  await page.waitForSelector('.field[data-field=scan] .file-progress')
  await page.keyboard.press('Control+s')
  await page.waitForSelector('.savebar .ant-btn-loading')
  assert.match(await page.textContent('.savebar'), /Файл ещё отправляется/)
  release()
  await page.waitForSelector('.field[data-field=scan] a:has-text("Договор подписан.txt")')
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('.field[data-field=scan] a')])
  assert.equal(fs.readFileSync(await download.path(), 'utf8'), fs.readFileSync(file, 'utf8'))
  assert.equal(download.suggestedFilename(), 'Договор подписан.txt')
  await done(page)
})

test('exports hold what the list shows', { skip }, async () => {
  const page = await as('manager')
  await page.goto(`${url}/s/account?view=tenants`)
  await page.waitForSelector('.row-title')
  const first = await page.textContent('.row-title >> nth=0')
  for (const [label, magic] of [['Выгрузить в CSV', null], ['Выгрузить в Excel', 'PK']]) {
    await page.click('button[aria-label="Выгрузка и загрузка"]')
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`.ant-dropdown-menu-item >> text=${label}`)])
    const data = fs.readFileSync(await download.path())
    assert.ok(data.length > 100)
    if (magic) assert.equal(data.subarray(0, 2).toString(), magic)
    else assert.ok(data.toString('utf8').includes(first.replaceAll('"', '""')) || data.toString('utf8').includes(first), 'the first row is in the CSV')
  }
  await done(page)
})

test('the search box finds records, favourites and columns are remembered for the person', { skip }, async () => {
  const page = await as('manager2')
  await page.keyboard.press('Control+k')
  await page.fill('.box input', 'Полутон')
  await page.waitForSelector('.box-entry:has-text("Полутон")')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/s\/\w+\/\d+$/)
  await page.hover('.menu-entry:has-text("Контрагенты")')
  await kept(page, () => page.click('.menu-entry:has-text("Контрагенты") .star'))
  await page.waitForSelector('h2:has-text("Избранное")')
  await page.goto(`${url}/s/account`)
  await page.waitForSelector('.page h1')
  await page.click('button[aria-label="Столбцы"]')
  await kept(page, () => page.click('.columns label:has-text("ОГРН") input'))
  await page.keyboard.press('Escape')
  await page.reload()
  await page.waitForSelector('.menu-list h2:has-text("Избранное")')
  await page.waitForSelector('.ant-table-thead th:has-text("ОГРН")')
  await done(page)
})

test('several records at once: each for itself, failures with their reasons', { skip }, async () => {
  const page = await as('manager')
  await page.goto(`${url}/s/account?view=all`)
  await page.waitForSelector('.row-title')
  await page.click('.ant-table-thead .ant-checkbox-input')
  await page.click('.bulk >> text=Изменить поле')
  await page.fill('#bulk-field', 'Примеч')
  await page.click('.ant-select-item:has-text("Примечание")')
  await page.fill('#bulk-value', 'Проверено при сверке')
  await page.click('.ant-modal .ant-btn-primary')
  // Some belong to others: the manager may not change these.
  await page.waitForSelector('.failures li')
  assert.ok(await page.locator('.failures li').count() > 0)
  await page.waitForSelector('.ant-modal .ant-alert-success')
  await shot(page, 'bulk')
  await page.keyboard.press('Escape')
  await done(page)
})

test('deleting tells what goes along and what stands in the way', { skip }, async () => {
  const page = await as('admin')
  await page.goto(`${url}/s/account?view=tenants`)
  await page.waitForSelector('.row-title')
  await page.click('.row-title >> nth=0')
  await page.waitForSelector('button[aria-label="Ещё"]')
  await page.click('button[aria-label="Ещё"]')
  await page.click('.ant-dropdown-menu-item:has-text("Удалить")')
  await page.waitForSelector('.ant-modal >> text=Мешает')
  assert.ok(await page.isDisabled('.ant-modal .ant-btn-primary'))
  await shot(page, 'delete')
  await page.keyboard.press('Escape')
  await done(page)
})

test('deleting asks with the lines that go along, in both languages', { skip }, async () => {
  const page = await as('manager')
  const id = await page.evaluate(async () => {
    const { csrf } = await (await fetch('/auth/me')).json()
    const lines = [1, 2, 3].map((n) => ({ due_on: `2031-0${n}-01`, amount: 10 }))
    const made = await fetch('/api/contract', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
      body: JSON.stringify({ account_id: 1, subject: 'Удаляется со строками', ends_on: '2032-01-01', amount: 30, 'payments@delta': lines }) })
    return (await made.json()).id
  })
  await page.goto(`${url}/s/contract?view=mine&q=${encodeURIComponent('Удаляется со строками')}`)
  const row = page.locator(`.ant-table-row:has(a[href="/s/contract/${id}"]) .ant-checkbox-input`)
  for (const [button, words] of [['Удалить', 'Плановые платежи: 3'], ['Delete', 'Planned payments: 3']]) {
    if (button === 'Delete') {
      await page.click('.who')
      await page.click('.ant-dropdown-menu-item:has-text("English")')
    }
    await row.check()
    await page.click(`.bulk >> text=${button}`)
    await page.waitForSelector(`.ant-modal >> text=${words}`)
    await shot(page, `delete-lines-${button}`)
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => !document.querySelector('.ant-modal-wrap:not([style*="display: none"])'))
    await row.uncheck()
  }
  await done(page)
})

test('the register of organisations comes in by its kept mapping, twice without doubling', { skip: skip || (organisations && fs.existsSync(organisations) ? false : 'the customers’ data are not here') }, async () => {
  const page = await as('admin')
  for (const turn of [1, 2]) {
    await page.goto(`${url}/s/account/import`)
    await page.waitForSelector('.dropzone')
    await page.setInputFiles('.dropzone input', organisations)
    await page.waitForSelector('.import-columns')
    await page.click('text=Проверить без записи')
    await page.waitForSelector('.import-result', { timeout: 120000 })
    await page.click('.savebar .ant-btn-primary')
    await page.waitForSelector('.import-result:has-text("Готово")', { timeout: 120000 })
    const counts = (await page.locator('.counts dd').allTextContents()).map((text) => Number(text.replace(/\D/g, '')))
    assert.deepEqual(counts, turn === 1 ? [720, 0, 0, 0] : [0, 0, 720, 0])
  }
  await done(page)
})

test('English and the dark theme are kept for the person, messages of the server follow', { skip }, async () => {
  const page = await as('engineer')
  await page.click('.who')
  await page.click('.ant-dropdown-menu-item:has-text("English")')
  await page.waitForSelector('h1:has-text("Contracts")')
  await page.click('.who')
  await page.click('.ant-dropdown-menu-item:has-text("Dark")')
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark')
  await page.reload()
  await page.waitForSelector('h1:has-text("Contracts")')
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark')
  await page.goto(`${url}/s/contract/new`)
  await page.waitForSelector('.record-form')
  await page.fill('#record-starts_on', '2027-05-01')
  await page.keyboard.press('Enter')
  await page.fill('#record-ends_on', '2027-04-01')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.fault:has-text("A contract ends after it starts")')
  assert.deepEqual(await axe(page), [])
  await shot(page, 'new-en-dark')
  await done(page)
})
