import { expect } from 'vitest'

import type { Visit } from './stage.ts'
import { goTo, soon } from './stage.ts'

/** The gallery has both; typing finds one, and the address keeps the question through a reload. */
export async function findInGallery(
  visit: Visit,
  [first, second]: readonly [string, string],
): Promise<void> {
  const { page, messages } = visit
  const { gallery, pictures } = messages
  await goTo(visit, 'gallery')
  const shown = (prompt: string) => page.getByRole('button', { name: pictures.open(1, prompt) })
  await shown(first).waitFor()
  await shown(second).waitFor()
  await page.getByRole('searchbox', { name: gallery.search }).fill(first)
  await soon(() => new URL(page.url()).searchParams.get('q')).toBe(first)
  await shown(second).waitFor({ state: 'detached' })
  await page.reload()
  await shown(first).waitFor()
  expect(await shown(second).count()).toBe(0)
}
