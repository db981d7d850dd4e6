import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

/** Debian's Chromium, headless. `scripts/test.mjs` says where it is. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['TEST_CHROMIUM']
  if (executablePath === undefined)
    throw new Error(
      'Set TEST_CHROMIUM to the path of a Chromium, or run tests by `pnpm test:browser`, which finds one.',
    )
  return chromium.launch({
    executablePath,
    // Its own sandbox needs rights that containers do not give; it only ever opens our own pages.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })
}
