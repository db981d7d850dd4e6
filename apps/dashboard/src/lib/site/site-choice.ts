import { chooseLanguage } from '../i18n/languages.ts'
import type { Language } from '../i18n/languages.ts'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]
export const rails = ['wide', 'slim'] as const
export type Rail = (typeof rails)[number]

/** A user's settings of the panel, stored in cookies, so that the server renders with them. */
export interface SiteChoice {
  language: Language
  theme: Theme
  /** IANA name; UTC until the browser has reported its own. */
  zone: string
  /** Width of the navigation rail. */
  rail: Rail
  /** The welcome page has been seen. */
  welcomed: boolean
}

/** A year, renewed by every change. */
export const CHOICE_SECONDS = 31_536_000
export const choiceCookies = {
  language: 'sluice_language',
  theme: 'sluice_theme',
  zone: 'sluice_zone',
  rail: 'sluice_rail',
  welcomed: 'sluice_welcomed',
} as const

/** Dependency of the root layout's load: a change reloads messages and formats; the page keeps its state. */
export const SITE_CHOICE = 'app:choice'

const DEFAULT_ZONE = 'UTC'

/** Reads the settings of a request; invalid values are ignored. */
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

/** A Set-Cookie value for a response or for `document.cookie`; not HttpOnly, because scripts read it. */
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
