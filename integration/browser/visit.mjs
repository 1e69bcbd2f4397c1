// A Chromium that is told what to do, line by line, and says what came of it:
//
//   node visit.mjs http://127.0.0.1:8080
//
// A line in is {"id", "who", "act", …}, a line out {"id", "seen"} or {"id", "error"}.
// Each who is a window of its own, with its own cookies and its own cache. The end of
// the input ends it.
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'

const patience = 30_000
const base = process.argv[2]
const windows = new Map()

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  // A container has no room for a sandbox, and nothing but the shop is looked at.
  chromiumSandbox: false,
  timeout: patience
})

function windowOf (who) {
  if (!windows.has(who)) windows.set(who, openWindow())
  return windows.get(who)
}

async function openWindow () {
  const context = await browser.newContext()
  const page = await context.newPage()
  page.setDefaultTimeout(patience)
  // The banner is in the way until it has an answer.
  const banner = page.locator('#consent')
  await page.addLocatorHandler(banner, () => banner.locator('[value=necessary]').click())
  const devtools = await context.newCDPSession(page)
  await devtools.send('Network.enable')
  const w = { context, page, devtools, kept: [] }
  devtools.on('Network.responseReceived', ({ type, response }) => {
    if (type === 'Document' && response.fromDiskCache) w.kept.push(response.url)
  })
  return w
}

// What moves a window to another page; each returns a promise of the last response.
const moves = {
  open: ({ page }, { path }) => page.goto(base + path),
  async submit ({ page }, { action, fields }) {
    const form = page.locator(action ? `form[action="${action}"]` : 'main form[method=post]:not([action])').first()
    for (const [name, value] of Object.entries(fields ?? {})) await enter(form, name, value)
    return leave(page, form.locator('button').first())
  },
  // A card's button sends its form by script, and stays where it is.
  async quick ({ page }) {
    const counter = await page.locator('#cart-count').textContent()
    const [response] = await Promise.all([
      page.waitForResponse(r => new URL(r.url()).pathname === '/cart/' && r.ok()),
      page.locator('form.quick button').first().click()
    ])
    await page.waitForFunction(was => document.querySelector('#cart-count').textContent !== was, counter)
    return response
  }
}

async function leave (page, button) {
  const [response] = await Promise.all([page.waitForNavigation(), button.click()])
  return response
}

// enter fills in one field. A hidden one, which nobody can type into, is changed as a
// forger would do it: an empty value removes it.
async function enter (form, name, value) {
  const field = form.locator(`[name="${name}"]`)
  const kind = await field.first().evaluate(e => e.type)
  if (kind === 'radio') return field.first().check()
  if (kind === 'select-one') return field.selectOption(value)
  if (kind === 'hidden') return field.evaluate((e, v) => v ? (e.value = v) : e.remove(), value)
  return field.fill(value)
}

async function move (w, order) {
  w.kept.length = 0
  if (order.forget) await w.context.clearCookies()
  const last = await moves[order.act](w, order)
  const answers = []
  for (let request = last.request(); request; request = request.redirectedFrom()) {
    answers.unshift(await answerOf(request))
  }
  const shown = await w.page.evaluate(() => ({
    path: location.pathname,
    name: document.querySelector('#account-name')?.textContent.trim() ?? '',
    cart: document.querySelector('#cart-count')?.textContent.trim() ?? '',
    messages: [...document.querySelectorAll('.messages li')].map(e => e.textContent.trim()),
    text: document.body.innerText
  }))
  return { answers, shown, html: await last.text(), cookies: await cookies(w), kept: w.kept }
}

async function answerOf (request) {
  const response = await request.response()
  const headers = await response.allHeaders()
  return {
    method: request.method(),
    path: new URL(request.url()).pathname,
    status: response.status(),
    cache_status: headers['cache-status'] ?? ''
  }
}

async function cookies ({ context }) {
  return Object.fromEntries((await context.cookies(base)).map(c => [c.name, c.value]))
}

// fetched asks for a page in one coding, and returns what the browser decoded.
async function fetched (w, { path, coding }) {
  const extra = headers => w.devtools.send('Network.setExtraHTTPHeaders', { headers })
  await extra({ 'Accept-Encoding': coding })
  try {
    const got = await w.page.evaluate(async path => {
      const response = await fetch(path, { cache: 'no-store', headers: { Accept: 'text/html' } })
      const bytes = new Uint8Array(await response.arrayBuffer())
      return {
        status: response.status,
        coding: response.headers.get('content-encoding') ?? '',
        cache_status: response.headers.get('cache-status') ?? '',
        body: btoa(Array.from(bytes, b => String.fromCharCode(b)).join(''))
      }
    }, path)
    return { ...got, cookies: await cookies(w) }
  } finally {
    await extra({})
  }
}

async function obey (order) {
  const w = await windowOf(order.who)
  return order.act === 'fetch' ? fetched(w, order) : move(w, order)
}

const reply = answer => process.stdout.write(JSON.stringify(answer) + '\n')
const underWay = new Set()
reply({ id: 0, seen: { version: browser.version() } })
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line)
  const done = obey(order)
    .then(seen => reply({ id: order.id, seen }), error => reply({ id: order.id, error: String(error.message ?? error) }))
    .finally(() => underWay.delete(done))
  underWay.add(done)
}
await Promise.all(underWay)
await browser.close()
