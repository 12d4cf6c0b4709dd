// time-limit: 600
// A page that was opened before another build took its place.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { hasDatabase, startServer } from '../support/ostov.mjs'
import { openBrowser, signIn, skipBrowser } from './chromium.mjs'

const skip = skipBrowser || (hasDatabase ? false : 'no PostgreSQL on this machine')
let app
let browser
before(async () => {
  if (skip) return
  app = await startServer({ config: 'configs/hotel-contracts' })
  browser = await openBrowser()
})
after(async () => {
  await browser?.close()
  await app?.stop()
})

test('a part that went with the old build: said in words, and reloading goes on', { skip }, async () => {
  const page = await browser.page()
  await signIn(page, app.url, 'manager')
  await page.waitForSelector('.page h1')
  await page.route(/\/assets\/ImportPage-/, (route) => route.fulfill({ status: 404, contentType: 'application/json', body: '{}' }))
  // within the page, as a link does it
  await page.evaluate(() => {
    window.history.pushState(null, '', '/s/account/import')
    window.dispatchEvent(new PopStateEvent('popstate'))
  })
  await page.waitForSelector('.trouble >> text=Вышла новая версия')
  assert.ok(await page.isVisible('.frame'), 'the frame is still there')
  await page.unroute(/\/assets\/ImportPage-/)
  await page.click('.trouble >> text=Обновить страницу')
  await page.waitForSelector('.page h1')
  assert.equal(await page.locator('.trouble').count(), 0)
  assert.equal(new URL(page.url()).pathname, '/s/account/import')
  await page.context().close()
})
