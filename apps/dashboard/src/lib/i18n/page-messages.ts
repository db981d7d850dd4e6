import type { Area, AreaMessages } from './areas.ts'
import type { Language } from './languages.ts'
import { loadMessages } from './load-messages.ts'

/**
 * The words of an area for a `load`: `Promise.all([asked, pageWords(event, 'usage')])`, so that neither
 * waits for the other, and neither fails with nobody listening.
 */
export async function pageMessages<Name extends Area>(
  event: { parent: () => Promise<{ language: Language }> },
  area: Name,
): Promise<AreaMessages<Name>> {
  const { language } = await event.parent()
  return loadMessages(language, area)
}
