/**
 * Languages of the panel. Each has a folder of this name beside this file, with every area that
 * `en` has; adding ja, pt-BR or hi is a line here and a folder.
 */
export const languages = {
  en: { name: 'English', tag: 'en' },
  zh: { name: '简体中文', tag: 'zh-CN' },
} as const satisfies Record<string, { name: string; tag: string }>

export type Language = keyof typeof languages

export const languageNames = Object.keys(languages).filter(isLanguage)

const DEFAULT: Language = 'en'

/** Narrows text from a cookie or a form. */
export function isLanguage(text: string): text is Language {
  return Object.hasOwn(languages, text)
}

/** The person's own choice; else the first that their browser asks for and we have; else English. */
export function chooseLanguage(asked: {
  cookie: string | undefined
  acceptLanguage: string | null
}): Language {
  if (asked.cookie !== undefined && isLanguage(asked.cookie)) return asked.cookie
  for (const range of rangesOf(asked.acceptLanguage ?? '')) {
    const found = languageNames.find((name) => matches(name, range))
    if (found) return found
  }
  return DEFAULT
}

/** `zh-TW;q=0.8, en` as ranges, the dearest first (RFC 9110 §12.5.4). */
function rangesOf(header: string): string[] {
  return header
    .split(',')
    .map((part) => {
      const [range = '', ...parameters] = part.split(';').map((word) => word.trim().toLowerCase())
      const weight = parameters.find((parameter) => parameter.startsWith('q='))
      return { range, weight: weight === undefined ? 1 : Number(weight.slice(2)) }
    })
    .filter(({ range, weight }) => range !== '' && weight > 0)
    .toSorted((one, other) => other.weight - one.weight)
    .map(({ range }) => range)
}

// `pt` and `pt-PT` are both answered by pt-BR: a near language is better than English.
function matches(name: Language, range: string): boolean {
  const [primary = ''] = name.toLowerCase().split('-')
  return range.split('-')[0] === primary
}
