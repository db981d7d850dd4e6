import type { Area, AreaMessages } from './areas.ts'
import type { Language } from './languages.ts'
import { loadMessages } from './load-messages.ts'

/**
 * Loads the messages of an area in a `load` function. Use `Promise.all([request, pageMessages(event, 'usage')])`,
 * so that both run in parallel and every rejection is handled.
 */
export async function pageMessages<Name extends Area>(
  event: { parent: () => Promise<{ language: Language }> },
  area: Name,
): Promise<AreaMessages<Name>> {
  const { language } = await event.parent()
  return loadMessages(language, area)
}
