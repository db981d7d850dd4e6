import type { Browser, Cookie } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { launchBrowser } from './harness/browser.ts'
import type { Installation } from './harness/installation.ts'
import { startInstallation } from './harness/installation.ts'
import { panelBudgets } from './harness/panel-budgets.ts'
import { weighPage } from './harness/weigh-page.ts'
import { cookiesOfTestUser } from './harness/test-user-cookies.ts'

let installation: Installation
let browser: Browser
let cookies: Cookie[]

beforeAll(async () => {
  installation = await startInstallation()
  browser = await launchBrowser()
  cookies = await cookiesOfTestUser(browser, installation)
})
afterAll(async () => {
  await browser?.close()
  await installation?.stop()
})

test.each(panelBudgets)(
  '$name stays within its transfer size budget',
  async ({ path, bytesMax, isOpen }) => {
    const url = `${installation.baseUrl}${path}`
    const { bytes, parts } = await weighPage(browser, { url, cookies: isOpen ? [] : cookies })
    const heaviest = parts.map((part) => `${part.bytes} ${part.path}`).join('\n')
    expect(bytes, heaviest).toBeLessThanOrEqual(bytesMax)
  },
)
