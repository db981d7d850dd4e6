import type { IncomingHttpHeaders } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'

/**
 * Accepts a request from a page of this gateway: a browser proves it by Sec-Fetch-Site or Origin, which other
 * sites cannot forge. `publicOrigin` is the public address, needed when a proxy in front changes the Host.
 * Throws `cross_site_refused`.
 */
export function checkSameOrigin(headers: IncomingHttpHeaders, publicOrigin: string | undefined) {
  const { origin, host } = headers
  if (origin !== undefined) {
    if (origin === publicOrigin || isSameHost(origin, { host, publicOrigin })) return
    throw refused()
  }
  if (headers['sec-fetch-site'] === 'same-origin') return
  throw refused()
}

/**
 * Whether the page is on the requested host. For the public host only the public scheme counts, because an
 * attacker in the network can serve its http pages.
 */
function isSameHost(
  origin: string,
  { host, publicOrigin }: { host: string | undefined; publicOrigin: string | undefined },
): boolean {
  const page = hostOf(origin)
  if (page === undefined || page !== host?.toLowerCase()) return false
  return publicOrigin === undefined || page !== hostOf(publicOrigin)
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

const refused = () =>
  new AppError(
    'cross_site_refused',
    'This change was requested by another site. Use a page of this gateway, or a bearer token.',
  )
