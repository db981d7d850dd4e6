import type { Area, AreaMessages } from './areas.ts'
import type { Language } from './languages.ts'

// Each area of each language is built as a separate chunk that is fetched when a page needs it.
const areas = import.meta.glob<{ messages: unknown }>('./*/*.ts')

/** Loads the messages of an area. Rejects when the file cannot be fetched. */
export async function loadMessages<Name extends Area>(
  language: Language,
  area: Name,
): Promise<AreaMessages<Name>> {
  const load = areas[`./${language}/${area}.ts`]
  if (!load) throw new Error(`no messages for ${area} in ${language}`)
  const { messages } = await load()
  return asMessages<Name>(messages)
}

// Every area file is type-checked against the English one; a unit test checks that none is missing.
const asMessages = <Name extends Area>(messages: unknown) => messages as AreaMessages<Name>
