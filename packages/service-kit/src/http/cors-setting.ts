import { z } from 'zod'

import type { AllowedOrigins } from './cors.ts'

/**
 * `ALLOWED_ORIGINS`: `*` for any origin, `none`, or a comma-separated list of exact origins
 * (`https://app.example.org,http://localhost:5173`).
 */
export const allowedOriginsSetting = z
  .string()
  .default('*')
  .transform((text, context): AllowedOrigins => {
    const origins = parseAllowedOrigins(text)
    if (origins !== undefined) return origins
    context.addIssue('must be *, none, or comma-separated origins such as https://app.example.org')
    return z.NEVER
  })

function parseAllowedOrigins(text: string): AllowedOrigins | undefined {
  const names = text.split(',').map((name) => name.trim())
  if (names.length === 1 && names[0] === '*') return '*'
  if (names.length === 1 && names[0] === 'none') return []
  const origins = names.map(originOf).filter((origin) => origin !== undefined)
  return origins.length === names.length ? origins : undefined
}

// An origin has no path, but one trailing slash is accepted since browsers display it.
function originOf(text: string): string | undefined {
  if (!/^https?:\/\/[^*]+$/i.test(text) || !URL.canParse(text)) return undefined
  const { origin, pathname, search, hash, username } = new URL(text)
  return pathname === '/' && search === '' && hash === '' && username === '' ? origin : undefined
}
