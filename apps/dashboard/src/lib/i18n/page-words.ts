import type { Area, AreaWords } from './areas.ts'
import type { Language } from './languages.ts'
import { loadWords } from './load-words.ts'

/**
 * The words of an area for a `load`: `Promise.all([asked, pageWords(event, 'usage')])`, so that neither
 * waits for the other, and neither fails with nobody listening.
 */
export async function pageWords<Name extends Area>(
  event: { parent: () => Promise<{ language: Language }> },
  area: Name,
): Promise<AreaWords<Name>> {
  const { language } = await event.parent()
  return loadWords(language, area)
}
