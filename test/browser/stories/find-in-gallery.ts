import { expect } from 'vitest'

import type { PanelUser } from './environment.ts'
import { goTo, eventually } from './environment.ts'

/** Searches the gallery; the query is in the URL and survives a reload. */
export async function findInGallery(
  user: PanelUser,
  [first, second]: readonly [string, string],
): Promise<void> {
  const { page, messages } = user
  const { gallery, pictures } = messages
  await goTo(user, 'gallery')
  const shown = (prompt: string) => page.getByRole('button', { name: pictures.open(1, prompt) })
  await shown(first).waitFor()
  await shown(second).waitFor()
  await page.getByRole('searchbox', { name: gallery.search }).fill(first)
  await eventually(() => new URL(page.url()).searchParams.get('q')).toBe(first)
  await shown(second).waitFor({ state: 'detached' })
  await page.reload()
  await shown(first).waitFor()
  expect(await shown(second).count()).toBe(0)
}
