import type { IncomingHttpHeaders } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'

/**
 * Lets a request through that a page of ours has made: a browser says so by Sec-Fetch-Site or Origin, and
 * attaches neither at the wish of another site. `publicOrigin` is our address as people know it, where a
 * proxy in front changes the Host. Throws `cross_site_refused`.
 */
export function checkSameOrigin(headers: IncomingHttpHeaders, publicOrigin: string | undefined) {
  const { origin, host } = headers
  if (origin !== undefined) {
    if (origin === publicOrigin || hostOf(origin) === host?.toLowerCase()) return
    throw refused()
  }
  if (headers['sec-fetch-site'] === 'same-origin') return
  throw refused()
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

const refused = () =>
  new AppError(
    'cross_site_refused',
    'This change was asked for by another site. Use a page of this gateway, or a bearer token.',
  )
