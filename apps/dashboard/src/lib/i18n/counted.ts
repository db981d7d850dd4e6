import { languages } from './languages.ts'
import type { Language } from './languages.ts'

/** Text for each plural form of a language; `#` is replaced by the number. */
export type Forms = { other: string } & { [form in Intl.LDMLPluralRule]?: string }

/** `counted('en', { one: '# picture', other: '# pictures' })(2_000)` is `2,000 pictures`. */
export function counted(language: Language, forms: Forms): (count: number) => string {
  const { tag } = languages[language]
  const rules = new Intl.PluralRules(tag)
  const numbers = new Intl.NumberFormat(tag)
  return (count) => (forms[rules.select(count)] ?? forms.other).replace('#', numbers.format(count))
}
