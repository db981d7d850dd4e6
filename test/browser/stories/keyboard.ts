import type { Locator, Page } from 'playwright-core'

const TABS_MAX = 80

/** Presses Tab until the target has the focus; fails after a limit. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let pressed = 0; pressed < TABS_MAX; pressed += 1) {
    if (await hasFocus(target)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${target.toString()} was not reached within ${TABS_MAX} presses of Tab`)
}

/** True when the target has the focus. */
export async function hasFocus(target: Locator): Promise<boolean> {
  if ((await target.count()) === 0) return false
  return target.first().evaluate((element) => element.matches(':focus'))
}
