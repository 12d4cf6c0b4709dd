// time-limit: 900
// Every page and what opens over it, put before axe: wide and narrow, light and dark, Russian and English. Nothing is let pass, however slight.
// The server is the one in memory (web/dev/mock.mjs); what lies over a page is looked at alone, for the page under it has its own turn.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { axeWhole, openBrowser, shot, skipBrowser } from './chromium.mjs'

const skip = skipBrowser
const SCREENS = [{ width: 1440, height: 900, order: 23 }, { width: 390, height: 844, order: 24 }]
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ostov-axe-'))
const screens = []
let mock
let browser
before(async () => {
  if (skip) return
  const { mockStart } = await import('../../web/dev/mock.mjs')
  mock = await mockStart()
  browser = await openBrowser()
  for (const { order, ...size } of SCREENS) {
    const narrow = size.width < 768
    const page = await browser.page(size)
    // Something unsaved asks whether to leave.
    page.on('dialog', (dialog) => dialog.accept())
    const signed = await page.request.post(at('/auth/login'), { data: { login: 'anna', password: 'ostov-demo' } })
    const headers = { 'X-CSRF-Token': (await signed.json()).csrf }
    screens.push({ page, narrow, order, headers, name: `${size.width}` })
  }
  Object.assign(mock.db.order.get(21), { stage: 'draft', kind: 'export', amount: 1000, discount: null, due_on: '2020-01-01', ordered_on: null })
  Object.assign(mock.db.order.get(22), { stage: 'approval' })
  for (const id of [23, 24]) Object.assign(mock.db.order.get(id), { stage: 'draft', kind: 'retail', amount: 1000, discount: 5, due_on: '2027-01-01', ordered_on: '2026-01-01' })
})
after(async () => {
  await browser?.close()
  mock?.close()
  fs.rmSync(folder, { recursive: true, force: true })
})
const at = (address) => `${mock.url}${address}`

let turn = 0
/** Opens a state on both screens at once and puts it before axe in both themes; `within` is the part that is looked at. States take turns in Russian and English. */
function look(name, within, open) {
  turn += 1
  const language = turn % 2 ? 'ru' : 'en'
  const see = async (screen) => {
    const { page } = screen
    const found = []
    await page.emulateMedia({ colorScheme: 'light' })
    if (await open(page, { ...screen, language }) === false) return []
    await page.waitForSelector(within)
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme })
      await page.waitForFunction((theme) => document.documentElement.dataset.theme === theme, colorScheme)
      await shot(page, `${name.replace(/\W+/g, '-')}-${screen.name}-${colorScheme}`)
      const sticks = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      if (sticks > 0) found.push(`${screen.name}: the page is ${sticks} px wider than the screen`)
      // A theme changes colours alone.
      found.push(...(await axeWhole(page, within, colorScheme === 'dark' ? ['color-contrast'] : null)).map((fault) => `${screen.name} ${colorScheme}: ${fault}`))
    }
    await page.unrouteAll({ behavior: 'ignoreErrors' })
    return [...found, ...page.faults().splice(0)]
  }
  test(`axe: ${name}`, { skip }, async () => {
    const { page, headers } = screens[0]
    const kept = await page.request.patch(at('/auth/me'), { data: { language, theme: 'system' }, headers })
    assert.ok(kept.ok(), `${kept.status()}`)
    assert.deepEqual((await Promise.all(screens.map(see))).flat(), [])
  })
}

const ROWS = '.row-title, .card-title'
const go = async (page, address, ready) => {
  await page.goto(at(address))
  await page.waitForSelector(ready)
}
const list = (page, search = '?view=urgent') => go(page, `/s/order${search}`, ROWS)
const record = async (page, id) => {
  await go(page, `/s/order/${id}`, '.event')
  await page.waitForSelector('.stagebar')
}
const edit = async (page, id) => {
  await record(page, id)
  await page.keyboard.press('e')
  await page.waitForSelector('#record-kind')
}
const filter = async (page, label) => {
  await list(page)
  await page.click('.filters > button')
  await page.click(`.ant-dropdown-menu-item:has-text("${label}") >> nth=0`)
  await page.waitForSelector('.filter-editor button')
}
const choose = async (page, { narrow, ...screen }) => {
  if (narrow) await page.click(`.page-bars button:has-text("${word(screen, 'Выбрать', 'Select')}")`)
  for (const place of [0, 1]) await page.locator(narrow ? '.card' : '.ant-table-row .ant-checkbox-input').nth(place).click()
  await page.waitForSelector('.bulk')
}
const word = (screen, ru, en) => (screen.language === 'ru' ? ru : en)

look('signing in, refused', '.signin', async (page) => {
  await page.route('**/auth/me', (route) => (route.request().method() === 'GET' ? route.fulfill({ status: 401, contentType: 'application/json', body: '{"error":{"code":"unauthorized","message":""}}' }) : route.continue()))
  await go(page, '/', '#login')
  await page.fill('#login', 'anna')
  await page.fill('#password', 'wrong')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.ant-alert')
})

look('the list, filtered', 'body', (page) => list(page, '?view=urgent&f=stage.in.draft,approval&f=due_on.between.2020-01-01,2030-01-01'))
look('nothing found', '.page', async (page) => go(page, '/s/order?q=zzzzzz', '.empty'))
look('nothing there', '.page', (page) => go(page, '/s/archive', '.empty'))
look('the menu', '.menu', async (page, { narrow }) => {
  await list(page)
  if (narrow) await page.click('.topbar button')
  else if (!await page.locator('.side-folded').count()) await page.click('.menu-head button')
})
look('the menu of the user', '.ant-dropdown', async (page, { narrow }) => {
  await list(page)
  if (narrow) await page.click('.topbar button')
  else if (await page.locator('.side-folded').count()) await page.click('.menu-head button')
  await page.click('.who')
})
look('search everywhere', '.ant-modal', async (page) => {
  await list(page)
  await page.keyboard.press('Control+k')
  await page.fill('.box input', '000')
  await page.waitForSelector('.box-group + .box-entry')
})
look('help on keys', '.ant-modal', async (page) => {
  await list(page)
  await page.keyboard.press('Shift+/')
})
look('columns', '.ant-drawer', async (page, screen) => {
  await list(page)
  await page.click(`button[aria-label="${word(screen, 'Столбцы', 'Columns')}"]`)
  await page.waitForSelector('.columns li')
})
look('export and import', '.ant-dropdown', async (page, screen) => {
  await list(page)
  await page.click(`button[aria-label="${word(screen, 'Выгрузка и загрузка', 'Export and import')}"]`)
})
look('fields to filter by', '.ant-dropdown', async (page) => {
  await list(page)
  await page.click('.filters > button')
})
look('filter: choice', '.ant-popover', (page, screen) => filter(page, word(screen, 'Вид', 'Kind')))
look('filter: text', '.ant-popover', (page, screen) => filter(page, word(screen, 'Эл. почта', 'E-mail')))
look('filter: number', '.ant-popover', (page, screen) => filter(page, word(screen, 'Сумма', 'Amount')))
look('filter: days', '.ant-picker-dropdown', async (page) => {
  await list(page, '?f=due_on.between.2026-01-01,2026-12-31')
  await page.click('.chip-words')
  await page.click('.filter-editor .ant-picker >> nth=0')
})
look('filter: lookup', '.ant-select-dropdown', async (page, screen) => {
  await filter(page, word(screen, 'Покупатель', 'Customer'))
  await page.click('.filter-editor .lookup')
  await page.waitForSelector('.lookup-row')
})

look('the selection', '.page', async (page, screen) => {
  await list(page)
  return choose(page, screen)
})
look('a field of all', '.ant-modal', async (page, screen) => {
  await list(page)
  await choose(page, screen)
  await page.click('.bulk-acts button >> nth=0')
  await page.fill('#bulk-field', word(screen, 'Мест', 'Places'))
  await page.click('.ant-select-item >> nth=0')
  return page.waitForSelector('#bulk-value')
})
look('deleting what is in use', '.ant-modal', async (page, screen) => {
  await go(page, '/s/customer', ROWS)
  await choose(page, screen)
  await page.click('.bulk .ant-btn-dangerous')
  return page.waitForSelector('.ant-modal .ant-alert')
})

look('a record', 'body', (page) => record(page, 22))
look('a record, edited', '.page', (page) => edit(page, 21))
look('a record with tasks', '.checklist', async (page) => {
  const person = { id: 2, title: 'Борис Кузнецов' }
  await page.route('**/ui/form/**', async (route) => {
    const answer = await route.fetch()
    await route.fulfill({ json: { ...await answer.json(), tasks: [
      { id: 1, label: 'Копия в папке', required: true, done: true, may: true, by: person, at: '2026-05-01T10:00:00Z' },
      { id: 2, label: 'Передана покупателю', required: true, done: false, may: false }, { id: 3, label: 'Занести в план', required: false, done: false, may: true }] } })
  })
  await record(page, 22)
})
look('a closed move says why', '.ant-tooltip', async (page) => {
  await record(page, 21)
  await page.focus('.move-closed')
})
look('a move that wants a comment', '.ant-modal', async (page, screen) => {
  await record(page, 22)
  await page.click(`.moves button:has-text("${word(screen, 'Отклонить', 'Refuse')}")`)
})
look('fields of other types', '.record-form', async (page) => {
  await edit(page, 21)
  await page.click('#record-tab-delivery')
})
look('files', '.record-form', async (page) => {
  await edit(page, 21)
  await page.click('#record-tab-papers')
  const file = path.join(folder, `Скан ${page.viewportSize().width}.txt`)
  fs.writeFileSync(file, 'x'.repeat(2000))
  await page.setInputFiles('.field[data-field=papers] input[type=file]', file)
  await page.waitForSelector('.field[data-field=papers] .file-title')
})
look('linked records', '.record-form', async (page) => {
  await record(page, mock.db.ticket.get(1).order_id)
  await page.click('#record-tab-links')
  await page.waitForSelector('.lines')
})
look('lines of a record', '.record-form', async (page) => {
  await record(page, [...mock.db.order_line.values()][0].order_id)
  await page.click('.lines-acts button >> nth=0')
  await page.waitForSelector('.lines-edited input')
})
look('a line with all its fields', '.ant-drawer', async (page, screen) => {
  await record(page, [...mock.db.order_line.values()][0].order_id)
  await page.click(`button[aria-label="${word(screen, 'Открыть строку целиком', 'Open the line')}"] >> nth=0`)
  await page.waitForSelector('.line-card .field[data-field=mark] input')
})
look('a lookup with its last line', '.ant-select-dropdown', async (page) => {
  await edit(page, 21)
  await page.fill('#record-customer', 'zz')
  await page.waitForSelector('.lookup-create')
})
look('a lookup', '.ant-select-dropdown', async (page) => {
  await edit(page, 21)
  await page.click('.field[data-field=customer] .lookup')
  await page.waitForSelector('.lookup-row')
})
look('a card to create beside a field', '.ant-drawer', async (page) => {
  await edit(page, 21)
  await page.fill('#record-customer', 'zz')
  await page.click('.lookup-create')
  await page.fill('#new-customer-name', '')
  await page.click('.create-card .ant-btn-primary')
  await page.waitForSelector('.create-card .fault')
})
look('a choice', '.ant-select-dropdown', async (page) => {
  await edit(page, 21)
  await page.click('.field[data-field=kind] .ant-select')
})
look('a new record with faults', '.page', async (page) => {
  await go(page, '/s/order/new', '#record-kind')
  await page.click('.savebar .ant-btn-primary')
  await page.waitForSelector('.fault')
})
look('leaving asks', '.ant-modal', async (page) => {
  await go(page, '/s/order/new', '#record-note')
  await page.fill('#record-note', 'x')
  await page.click('.up')
})
look('saved by somebody else', '.ant-modal', async (page, { headers, order }) => {
  await edit(page, order)
  await page.request.patch(at(`/api/order(${order})`), { data: { discount: 7, note: 'Позвонить два раза' }, headers })
  await page.fill('#record-discount', '12')
  await page.keyboard.press('Control+s')
  await page.waitForSelector('.ant-modal tbody tr')
})
look('deleting a record', '.ant-modal', async (page) => {
  await record(page, 22)
  await page.click('.page-head .ant-btn-icon-only:last-child')
  await page.click('.ant-dropdown-menu-item-danger')
  await page.waitForSelector('.ant-modal-body > p')
})
look('the session ended', '.ant-modal', async (page) => {
  await edit(page, 21)
  await page.fill('#record-note', 'x')
  await page.route('**/api/**', (route) => route.fulfill({ status: 401, contentType: 'application/json', body: '{"error":{"code":"unauthorized","message":""}}' }))
  await page.keyboard.press('Control+s')
  await page.waitForSelector('.ant-modal #password')
  // Who is asked for the password alone types it at once.
  await page.waitForFunction(() => document.activeElement?.id === 'password')
})

look('no such record', '.page, .trouble', (page) => go(page, '/s/order/999999', '.trouble'))
look('the server does not answer', '.page', async (page) => {
  await page.route('**/api/product**', (route) => route.abort())
  await go(page, '/s/product', '.trouble')
  // A list that is not here does not say that it has no records.
  assert.equal(await page.locator('.list-footer').count(), 0)
})

look('an import, its file', '.page', (page) => go(page, '/s/customer/import', '.dropzone'))
const bring = async (page) => {
  const file = path.join(folder, `partners${page.viewportSize().width}.csv`)
  fs.writeFileSync(file, ['Наименование;ИНН;Город;Менеджер', ';1;Тверь;Анна Смирнова', 'ООО «Один»;2;Тверь;'].join('\n'))
  await go(page, '/s/customer/import', '.dropzone')
  await page.setInputFiles('.dropzone input', file)
  await page.waitForSelector('.import-columns tbody tr')
  // Whatever the width, a column and what becomes of it are seen at once.
  const wide = await page.evaluate(() => [...document.querySelectorAll('.import-part .detail-scroll')].map((box) => box.scrollWidth - box.clientWidth))
  assert.deepEqual(wide, [0])
}
look('an import, its columns', '.page', bring)
look('an import, tried', '.page', async (page) => {
  await bring(page)
  await page.click('.savebar button >> nth=0')
  await page.waitForSelector('.import-errors')
})
look('an import, done', '.page', async (page) => {
  await bring(page)
  await page.click('.savebar .ant-btn-primary')
  await page.waitForSelector('.import-errors')
  await page.waitForSelector('.savebar', { state: 'detached' })
})

look('settings', '.page', (page) => go(page, '/settings', '.profile'))
look('settings: password', '.page', async (page) => {
  await go(page, '/settings/password', '.narrow-form')
  await page.click('.narrow-form .ant-btn-primary')
  await page.waitForSelector('.fault')
})
look('settings: tokens', '.page', async (page) => {
  await go(page, '/settings/tokens', '.token-form')
  await page.fill('.token-form input >> nth=0', 'x')
  await page.click('.token-form .ant-btn-primary')
  await page.waitForSelector('.lines')
})
