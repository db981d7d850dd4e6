export interface OriginFacts {
  /** The Host header. */
  host: string
  /** The Origin header; null when absent. */
  origin: string | null
  /** The origin of `PUBLIC_BASE_URL`, if set. */
  publicOrigin: string | undefined
}

/**
 * The origin that this request was sent to, as the browser sees it. SvelteKit accepts a form only from
 * pages of that origin.
 *
 * The listener speaks plain HTTP, while the browser may use 127.0.0.1, localhost, a LAN name or a proxy
 * that terminates TLS, so the scheme is not known here. A browser sends the page's origin with a form, and
 * a page of another site cannot change it:
 *
 * - its host is the requested host: then its scheme is the scheme the browser uses;
 * - it is the public address: a proxy has changed the host;
 * - anything else is another site, and the result differs from its origin. The same holds for the public host
 *   with another scheme: an attacker in the network can serve its http pages.
 */
export function requestOrigin({ host, origin, publicOrigin }: OriginFacts): string {
  const isPublicHost =
    publicOrigin !== undefined && new URL(publicOrigin).host === host.toLowerCase()
  if (origin !== null && URL.canParse(origin)) {
    const sent = new URL(origin)
    const isWeb = sent.protocol === 'https:' || sent.protocol === 'http:'
    if (isWeb && sent.origin === publicOrigin) return sent.origin
    if (isWeb && sent.host === host.toLowerCase() && !isPublicHost) return sent.origin
  }
  return isPublicHost ? publicOrigin : `http://${host}`
}
