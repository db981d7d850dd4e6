import type { Page } from 'playwright-core'

/** Wait limit; a picture that is still missing is visible on the screenshot. */
const SETTLE_MS_MAX = 5_000

/** Waits for the visible pictures and two frames. With live streams the network is never idle. */
export async function settle(page: Page): Promise<void> {
  await page.evaluate(`Promise.race([
    new Promise((done) => setTimeout(done, ${SETTLE_MS_MAX})),
    Promise.all([...document.images]
      .filter((image) => image.getBoundingClientRect().top < innerHeight && !image.complete)
      .map((image) => new Promise((done) => {
        image.addEventListener('load', done)
        image.addEventListener('error', done)
      }))),
  ])`)
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
  )
}
