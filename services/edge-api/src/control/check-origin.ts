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
    if (origin === publicOrigin || isOurHost(origin, { host, publicOrigin })) return
    throw refused()
  }
  if (headers['sec-fetch-site'] === 'same-origin') return
  throw refused()
}

/**
 * Whether the page lies on the host that was asked. Of our public host only the public scheme counts: whoever
 * sits in the network can answer for its http pages.
 */
function isOurHost(
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
    'This change was asked for by another site. Use a page of this gateway, or a bearer token.',
  )
