export interface OriginFacts {
  /** As the request names it. */
  host: string
  /** As a browser names the page that asks; null when it says nothing. */
  origin: string | null
  /** Our address as people know it, where it is set. */
  publicOrigin: string | undefined
}

/**
 * The origin that this request was sent to, as the person's browser sees it. SvelteKit takes a form only
 * from pages of that origin.
 *
 * Whoever listens here speaks plain HTTP, while the person may be at 127.0.0.1, at localhost, at a name
 * of the LAN, or behind a proxy that speaks TLS; so the scheme is known from the outside only. A browser
 * puts the page's own origin on a form, and nothing that a page of another site can do changes it:
 *
 * - it names the host that was asked for: then its scheme is the scheme that the person sees;
 * - it is our public address: a proxy has changed the host on the way;
 * - anything else is another site, and gets an origin that it does not have. So does the public host under
 *   another scheme: whoever sits in the network can answer for its http pages.
 */
export function requestOrigin({ host, origin, publicOrigin }: OriginFacts): string {
  const isPublicHost =
    publicOrigin !== undefined && new URL(publicOrigin).host === host.toLowerCase()
  if (origin !== null && URL.canParse(origin)) {
    const asked = new URL(origin)
    const isWeb = asked.protocol === 'https:' || asked.protocol === 'http:'
    if (isWeb && asked.origin === publicOrigin) return asked.origin
    if (isWeb && asked.host === host.toLowerCase() && !isPublicHost) return asked.origin
  }
  return isPublicHost ? publicOrigin : `http://${host}`
}
