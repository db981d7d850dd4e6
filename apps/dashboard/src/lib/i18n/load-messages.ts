import type { Area, AreaMessages } from './areas.ts'
import type { Language } from './languages.ts'

// Each area of each language is a file of its own for the browser, fetched when a page asks for it.
const areas = import.meta.glob<{ messages: unknown }>('./*/*.ts')

/** The words of an area. Rejects when the file cannot be fetched, as any import does. */
export async function loadMessages<Name extends Area>(
  language: Language,
  area: Name,
): Promise<AreaMessages<Name>> {
  const load = areas[`./${language}/${area}.ts`]
  if (!load) throw new Error(`there are no words for ${area} in ${language}`)
  const { messages } = await load()
  return asMessages<Name>(messages)
}

// Every area file is checked against the English one's type, and a test sees that none is missing.
const asMessages = <Name extends Area>(messages: unknown) => messages as AreaMessages<Name>
