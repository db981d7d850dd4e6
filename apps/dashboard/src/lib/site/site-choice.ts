import { chooseLanguage } from '../i18n/languages.ts'
import type { Language } from '../i18n/languages.ts'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]
export const rails = ['wide', 'slim'] as const
export type Rail = (typeof rails)[number]

/** How a person wants the panel; kept in cookies, so that the first byte is already right. */
export interface SiteChoice {
  language: Language
  theme: Theme
  /** IANA name; UTC until the browser has said its own. */
  zone: string
  /** How wide the navigation at the left is. */
  rail: Rail
  /** They have seen the welcome page. */
  welcomed: boolean
}

/** A year; each visit that changes something begins it anew. */
export const CHOICE_SECONDS = 31_536_000
export const choiceCookies = {
  language: 'sluice_language',
  theme: 'sluice_theme',
  zone: 'sluice_zone',
  rail: 'sluice_rail',
  welcomed: 'sluice_welcomed',
} as const

/** What the root layout's load depends on: a change reloads words and formats, and the page stays. */
export const SITE_CHOICE = 'app:choice'

const DEFAULT_ZONE = 'UTC'

/** Reads a choice from what a request carries; what is not ours counts as not chosen. */
export function readChoice(request: {
  cookie: (name: string) => string | undefined
  acceptLanguage: string | null
}): SiteChoice {
  const language = request.cookie(choiceCookies.language)
  const theme = request.cookie(choiceCookies.theme)
  const zone = request.cookie(choiceCookies.zone)
  const rail = request.cookie(choiceCookies.rail)
  return {
    language: chooseLanguage({ cookie: language, acceptLanguage: request.acceptLanguage }),
    theme: themes.find((one) => one === theme) ?? 'system',
    zone: zone !== undefined && isZone(zone) ? zone : DEFAULT_ZONE,
    rail: rails.find((one) => one === rail) ?? 'wide',
    welcomed: request.cookie(choiceCookies.welcomed) === '1',
  }
}

/** A Set-Cookie line, for a server's answer or for `document.cookie`: a browser's script reads it too. */
export function choiceCookie(
  name: keyof typeof choiceCookies,
  { value, secure }: { value: string; secure: boolean },
): string {
  const messages = `${choiceCookies[name]}=${encodeURIComponent(value)}`
  const line = `${messages}; Path=/; Max-Age=${CHOICE_SECONDS}; SameSite=Lax`
  return secure ? `${line}; Secure` : line
}

function isZone(text: string): boolean {
  if (!/^[A-Za-z0-9_+/-]{1,64}$/.test(text)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
