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

/** The language cookie; otherwise the best supported language of Accept-Language; otherwise English. */
export function chooseLanguage(preference: {
  cookie: string | undefined
  acceptLanguage: string | null
}): Language {
  if (preference.cookie !== undefined && isLanguage(preference.cookie)) return preference.cookie
  for (const range of rangesOf(preference.acceptLanguage ?? '')) {
    const found = languageNames.find((name) => matches(name, range))
    if (found) return found
  }
  return DEFAULT
}

/** `zh-TW;q=0.8, en` as ranges, highest weight first (RFC 9110 §12.5.4). */
function rangesOf(header: string): string[] {
  return header
    .split(',')
    .map((part) => {
      const [range = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
      const weight = parameters.find((parameter) => parameter.startsWith('q='))
      return { range, weight: weight === undefined ? 1 : Number(weight.slice(2)) }
    })
    .filter(({ range, weight }) => range !== '' && weight > 0)
    .toSorted((one, other) => other.weight - one.weight)
    .map(({ range }) => range)
}

// Only the primary subtag is compared: `pt` and `pt-PT` both select pt-BR.
function matches(name: Language, range: string): boolean {
  const [primary = ''] = name.toLowerCase().split('-')
  return range.split('-')[0] === primary
}
