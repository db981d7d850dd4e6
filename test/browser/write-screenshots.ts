// Writes the screenshots of the README to docs/images: `pnpm docs:screenshots`. The installation is real, its
// pictures come from the sandbox.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Page } from 'playwright-core'
import sharp from 'sharp'

import { launchBrowser } from './harness/browser.ts'
import { callControlApi, seed, tokenOf, untilEnded } from './harness/seed.ts'
import type { Installation } from './harness/installation.ts'
import { ADMIN, startInstallation } from './harness/installation.ts'
import { openBrowserSession, signIn } from './harness/browser-session.ts'

const folder = join(import.meta.dirname, '../../docs/images')
const window = { width: 1280, height: 800 }
const MODEL = 'sandbox-image'

const FRAME = 'new Promise((done) => requestAnimationFrame(done))'

const scenes = [
  { prompt: 'A grey heron in the shallows of a weir, first light, long lens', size: '1536x1024' },
  { prompt: 'Blueprint of a river lock, white lines on blue, labelled', size: '1024x1024', n: 2 },
  { prompt: 'Paper-cut mountains at dusk, four layers', size: '1024x1536', n: 3 },
]

const installation = await startInstallation()
const browser = await launchBrowser()
try {
  await mkdir(folder, { recursive: true })
  await seed(installation)
  const charge = await generateScenes(installation)
  const { page } = await openBrowserSession(browser, {
    baseUrl: installation.baseUrl,
    viewport: window,
  })
  await signIn(page, ADMIN)
  await page.goto('/studio')
  await page
    .locator('textarea')
    .first()
    .fill('A kingfisher over a mill race, one wing in the water')
  await page.locator('select').first().selectOption(MODEL)
  await writeScreenshot(page, 'studio')
  await page.goto(`/usage/charges/${charge}`)
  await writeScreenshot(page, 'charge')
  const dark = await openBrowserSession(browser, {
    baseUrl: installation.baseUrl,
    viewport: window,
    colours: 'dark',
  })
  await signIn(dark.page, ADMIN)
  await dark.page.goto('/admin')
  await writeScreenshot(dark.page, 'system')
} finally {
  await browser.close()
  await installation.stop()
}

/** Generates the scenes; returns the last task's id. */
async function generateScenes(target: Installation): Promise<string> {
  let last = ''
  const as = await tokenOf(target, ADMIN)
  for (const scene of scenes) {
    const body = { model: MODEL, ...scene }
    const { id } = await callControlApi<{ id: string }>(target, 'createImages', { as, body })
    await untilEnded(target, { as, id })
    last = id
  }
  return last
}

/** Writes a screenshot as a palette PNG, small enough for a README. */
async function writeScreenshot(page: Page, name: string): Promise<void> {
  await page.locator('h1').first().waitFor()
  // Images below the window are loaded lazily.
  const quiet = `[...document.querySelectorAll('[aria-roledescription="chart"]')]
      .every((chart) => chart.querySelector('canvas')) && document.querySelectorAll('[aria-busy="true"]').length === 0 &&
    [...document.images].every((image) =>
      image.complete || image.getBoundingClientRect().top > innerHeight)`
  while (!(await page.evaluate(quiet))) await page.evaluate(FRAME)
  const png = await page.screenshot({ animations: 'disabled' })
  const small = await sharp(png).png({ palette: true, dither: 0.4, effort: 10 }).toBuffer()
  await writeFile(join(folder, `${name}.png`), small)
}
