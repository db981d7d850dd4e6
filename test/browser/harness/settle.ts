import type { Page } from 'playwright-core'

/** A picture that does not come is seen on the screenshot; nobody waits for it any longer. */
const SETTLE_MS_MAX = 5_000

/** Pictures in the window, and what is drawn after them; live streams never end, so the network is never idle. */
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
