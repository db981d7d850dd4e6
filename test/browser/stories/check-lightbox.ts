import { readFile } from 'node:fs/promises'

import sharp from 'sharp'
import { expect } from 'vitest'

import type { PanelUser } from './environment.ts'
import { eventually } from './environment.ts'
import { studioOf } from './studio.ts'

/** Uses the lightbox by keyboard: open, next, save, close; checks the saved picture. */
export async function checkLightbox(
  user: PanelUser,
  { prompts: [first, second], count }: { prompts: readonly [string, string]; count: number },
): Promise<void> {
  const { page, messages } = user
  const opener = studioOf(user).picture(second)
  await opener.focus()
  await page.keyboard.press('Enter')
  const lightbox = page.getByRole('dialog', { name: messages.everywhere.lightbox })
  await lightbox.getByText(messages.everywhere.pictureOf(1, count)).waitFor()
  await lightbox.getByText(second).waitFor()
  await page.keyboard.press('ArrowRight')
  await lightbox.getByText(messages.everywhere.pictureOf(2, count)).waitFor()
  await lightbox.getByText(first).waitFor()

  const saving = page.waitForEvent('download')
  await page.keyboard.press('d')
  const saved = await saving
  expect(saved.suggestedFilename()).toMatch(/\.png$/)
  const picture = sharp(await readFile(await saved.path()))
  expect((await picture.metadata()).format).toBe('png')
  const { info } = await picture.raw().toBuffer({ resolveWithObject: true })
  await lightbox
    .getByText(messages.pictures.dimensions(String(info.width), String(info.height)))
    .waitFor()

  await page.keyboard.press('Escape')
  await lightbox.waitFor({ state: 'hidden' })
  const focused = 'document.activeElement?.getAttribute("aria-label")'
  await eventually(() => page.evaluate(focused)).toBe(messages.pictures.open(1, second))
}
