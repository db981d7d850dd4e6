import { expect } from 'vitest'

import type { PanelUser } from './environment.ts'
import { eventually } from './environment.ts'
import { TEST_IMAGE_MODEL, studioOf } from './studio.ts'

/** Requests a picture at a known price and a second one, and checks every stage of both. */
export async function watchGeneration(
  user: PanelUser,
  [first, second]: readonly [string, string],
): Promise<{ priceMicro: string }> {
  const { installation, page, messages } = user
  const studio = studioOf(user)
  const release = installation.testUpstream.hold(first, 'partial')
  await page.getByRole('link', { name: messages.welcome.steps.picture.link }).click()
  await studio.model.selectOption(TEST_IMAGE_MODEL)
  // The price is shown before submitting, and the disabled button has its reason.
  await eventually(() => studio.price.textContent()).toMatch(/\d/)
  expect(await studio.generate.getAttribute('aria-disabled')).toBe('true')
  await page.getByText(messages.studio.needsPrompt).first().waitFor({ state: 'attached' })
  await studio.prompt.fill(first)
  await eventually(() => studio.generate.getAttribute('aria-disabled')).toBeNull()
  const priceMicro = (await studio.price.getAttribute('value')) ?? ''
  await studio.generate.click()
  await studio.at(first, 'generating').waitFor()
  await studio.partial(first).waitFor()

  // One picture is generated at a time, so the next one is queued.
  await studio.prompt.fill(second)
  await studio.generate.click()
  await studio.at(second, 'queued').getByText(messages.pictures.nextInLine).first().waitFor()
  const rows = page.getByRole('region', { name: messages.studio.results }).getByRole('article')
  expect((await rows.allInnerTexts()).slice(0, 2)).toEqual([
    expect.stringContaining(second),
    expect.stringContaining(first),
  ])
  release()
  await studio.at(first, 'stored').waitFor()
  await studio.at(second, 'stored').waitFor()
  return { priceMicro }
}
