// Debian's Chromium for browser tests: `const browser = await openBrowser()`, `const page = await browser.page({ width: 390 })`.
// Every page notes what went wrong in it; `page.faults()` gives these notes. OSTOV_SLOW=4 makes pages four times slower than the machine.
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

export const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((f) => fs.existsSync(f))
const require = createRequire(import.meta.url)
export const skipBrowser = !executable ? 'no Chromium on this machine' : missing('playwright-core') ?? missing('@axe-core/playwright')
  ?? (fs.existsSync(path.resolve(import.meta.dirname, '../../web/dist/index.html')) ? false : 'the web application is not built: make web')

function missing(name) {
  try {
    require.resolve(name)
    return undefined
  } catch {
    return `${name} is not installed: npm ci in tests/`
  }
}

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage']

export async function openBrowser() {
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath: executable, args: ARGS })
  return {
    close: () => browser.close(),
    /** A page in a context of its own. */
    async page({ width = 1440, height = 900, locale = 'ru-RU', dark = false, zone = 'Europe/Moscow' } = {}) {
      const context = await browser.newContext({ viewport: { width, height }, locale, timezoneId: zone, colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce', acceptDownloads: true })
      const page = await context.newPage()
      // Far beyond what a loaded machine takes: a test that waits in vain fails all the same.
      page.setDefaultTimeout(45000)
      if (Number(process.env.OSTOV_SLOW) > 1) await (await context.newCDPSession(page)).send('Emulation.setCPUThrottlingRate', { rate: Number(process.env.OSTOV_SLOW) })
      const faults = []
      page.on('pageerror', (e) => faults.push(`error: ${e.message}`))
      page.on('console', (m) => {
        // Answers other than 200 are noted by the browser as errors; they are what some tests are about.
        if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) faults.push(`console: ${m.text()}`)
      })
      page.on('request', (r) => {
        if (!/^(data|blob|about):/.test(r.url()) && !/^https?:\/\/127\.0\.0\.1:/.test(r.url())) faults.push(`asked another host: ${r.url()}`)
      })
      page.faults = () => faults
      return page
    },
  }
}

export async function signIn(page, url, login, password = 'ostov-demo') {
  await page.goto(url)
  await page.fill('#login', login)
  await page.fill('#password', password)
  await page.click('.signin-form button[type=submit]')
  await page.waitForSelector('.frame')
}

/** Does what keeps a setting and waits until the server has it: leaving the page earlier may lose it. */
export async function kept(page, act) {
  await Promise.all([page.waitForResponse((r) => r.request().method() === 'PUT' && r.url().includes('/ui/settings/') && r.ok()), act()])
}

/** What axe finds that is serious or worse, as lines of text. */
export async function axe(page) {
  const { AxeBuilder } = await import('@axe-core/playwright')
  const found = await new AxeBuilder({ page }).analyze()
  return found.violations.filter((v) => ['serious', 'critical'].includes(v.impact))
    .map((v) => `${v.id}: ${v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')} ${n.any[0]?.message ?? ''}`).join(' | ')}`)
}

let source
/** Whatever axe finds in a part of the page, as lines of text; runs in the page itself, which is quicker than `axe`. `only` names the rules, otherwise all. */
export async function axeWhole(page, within = 'body', only = null) {
  source ??= fs.readFileSync(require.resolve('axe-core/axe.min.js', { paths: [path.dirname(require.resolve('@axe-core/playwright'))] }), 'utf8')
  if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(source)
  return page.evaluate(async ([part, only]) => {
    const seen = [...document.querySelectorAll(part)].filter((item) => item.getClientRects().length)
    // Whether the page has its landmarks and one heading is asked of a whole page.
    const rules = part === 'body' ? {} : Object.fromEntries(['region', 'page-has-heading-one', 'landmark-one-main', 'document-title', 'html-has-lang'].map((rule) => [rule, { enabled: false }]))
    const found = await window.axe.run({ include: seen }, { resultTypes: ['violations'], ...(only ? { runOnly: only } : { rules }) })
    return found.violations.map((rule) => `${rule.id} (${rule.impact}): ${rule.nodes.slice(0, 4).map((node) => `${node.target.join(' ')} ${node.any[0]?.message ?? node.all[0]?.message ?? ''}`).join(' | ')}`)
  }, [within, only])
}

/** Keeps a picture when OSTOV_SHOTS names a folder for them. */
export async function shot(page, name) {
  if (!process.env.OSTOV_SHOTS) return
  await page.waitForTimeout(250)
  await page.screenshot({ path: path.join(process.env.OSTOV_SHOTS, `${name}.png`) })
}
