import { languages } from '../i18n/languages.ts'
import type { SiteChoice } from '../site/site-choice.ts'

/**
 * Writes the user's settings into the page's first tag, so that the first paint has the right language and
 * theme without a script.
 */
export function renderFrame(html: string, { language, theme }: SiteChoice): string {
  return html.replace('%sluice.language%', languages[language].tag).replace('%sluice.theme%', theme)
}
