import { languages } from '../i18n/languages.ts'
import type { SiteChoice } from '../site/site-choice.ts'

/**
 * Writes the person's choices into the page's first tag, so that the first paint is already in their
 * language and theme and no script has to run for it.
 */
export function renderFrame(html: string, { language, theme }: SiteChoice): string {
  return html.replace('%sluice.language%', languages[language].tag).replace('%sluice.theme%', theme)
}
