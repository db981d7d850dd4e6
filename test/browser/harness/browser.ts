import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

/** Starts headless Chromium; `scripts/test.mjs` sets its path. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['TEST_CHROMIUM']
  if (executablePath === undefined)
    throw new Error(
      'Set TEST_CHROMIUM to the path of a Chromium, or run tests by `pnpm test:browser`, which finds one.',
    )
  return chromium.launch({
    executablePath,
    // Chromium's sandbox needs privileges that containers lack; only pages of the panel are opened.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })
}
