import type { Browser, Cookie } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { launchBrowser } from './harness/browser.ts'
import type { House } from './harness/house.ts'
import { startHouse } from './harness/house.ts'
import { panelBudgets } from './harness/panel-budgets.ts'
import { weighPage } from './harness/weigh-page.ts'
import { cookiesOfPainter } from './harness/weighed-house.ts'

let house: House
let browser: Browser
let cookies: Cookie[]

beforeAll(async () => {
  house = await startHouse()
  browser = await launchBrowser()
  cookies = await cookiesOfPainter(browser, house)
})
afterAll(async () => {
  await browser?.close()
  await house?.stop()
})

test.each(panelBudgets)(
  '$name weighs no more than it may on the wire',
  async ({ path, bytesMax, isOpen }) => {
    const url = `${house.baseUrl}${path}`
    const { bytes, parts } = await weighPage(browser, { url, cookies: isOpen ? [] : cookies })
    const heaviest = parts.map((part) => `${part.bytes} ${part.path}`).join('\n')
    expect(bytes, heaviest).toBeLessThanOrEqual(bytesMax)
  },
)
