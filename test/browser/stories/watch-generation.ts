import { expect } from 'vitest'

import type { Visit } from './stage.ts'
import { soon } from './stage.ts'
import { PAINTED_MODEL, studioOf } from './studio.ts'

/** Asks for a picture at a known price and for another behind it, and watches every stage of both. */
export async function watchGeneration(
  visit: Visit,
  [first, second]: readonly [string, string],
): Promise<{ priceMicro: string }> {
  const { installation, page, messages } = visit
  const studio = studioOf(visit)
  const goOn = installation.testUpstream.hold(first, 'partial')
  await page.getByRole('link', { name: messages.welcome.steps.picture.link }).click()
  await studio.model.selectOption(PAINTED_MODEL)
  // The price is there before anything was pressed, and the button says what it waits for.
  await soon(() => studio.price.textContent()).toMatch(/\d/)
  expect(await studio.generate.getAttribute('aria-disabled')).toBe('true')
  await page.getByText(messages.studio.needsPrompt).first().waitFor({ state: 'attached' })
  await studio.prompt.fill(first)
  await soon(() => studio.generate.getAttribute('aria-disabled')).toBeNull()
  const priceMicro = (await studio.price.getAttribute('value')) ?? ''
  await studio.generate.click()
  await studio.at(first, 'generating').waitFor()
  await studio.partial(first).waitFor()

  // One picture is drawn at a time in this house, so the next one waits.
  await studio.prompt.fill(second)
  await studio.generate.click()
  await studio.at(second, 'queued').getByText(messages.pictures.nextInLine).first().waitFor()
  const rows = page.getByRole('region', { name: messages.studio.results }).getByRole('article')
  expect((await rows.allInnerTexts()).slice(0, 2)).toEqual([
    expect.stringContaining(second),
    expect.stringContaining(first),
  ])
  goOn()
  await studio.at(first, 'stored').waitFor()
  await studio.at(second, 'stored').waitFor()
  return { priceMicro }
}
