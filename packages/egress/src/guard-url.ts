import { isIP } from 'node:net'

/** Why a URL is not fetched; the messages may be returned to the caller or upstream that sent the URL. */
export const refusals = {
  malformed: 'the URL is malformed',
  scheme: 'only http and https URLs are fetched',
  credentials: 'a URL may not contain a user name or password',
  port: 'the port is not allowed',
  host: 'the host name is not public',
  unresolved: 'the host name has no address',
  address: 'the address is not public',
  downgrade: 'a redirect may not lead from https to http',
  redirects: 'too many redirects',
} as const

export type RefusalReason = keyof typeof refusals

export interface GuardRules {
  portsAllowed: readonly number[]
  /** `host:port` pairs that the operator allows although they are private. */
  privateHostsAllowed: readonly string[]
}

export type UrlVerdict =
  | { allowed: true; url: URL; trusted: boolean }
  | { allowed: false; reason: RefusalReason }

const URL_LENGTH_MAX = 2_048

/** Validates a URL from a caller or an upstream, before its name is resolved. Pure. */
export function guardUrl(text: string, rules: GuardRules): UrlVerdict {
  if (!isPlain(text) || !URL.canParse(text)) return refuse('malformed')
  const url = new URL(text)
  if (!isWeb(url)) return refuse('scheme')
  // `http:127.0.0.1` and `http:/x` are valid here, but other parsers interpret them differently.
  if (!text.toLowerCase().startsWith(`${url.protocol}//`)) return refuse('malformed')
  return guardParsed(url, rules)
}

/** The `host:port` of a URL, in the form of `privateHostsAllowed`. */
export function hostAndPortOf(url: URL): string {
  return `${hostOf(url)}:${portOf(url)}`
}

/** Validates a redirect: `location` is the header's value, `from` the URL that sent it. Pure. */
export function guardRedirect(from: URL, location: string, rules: GuardRules): UrlVerdict {
  if (!isPlain(location) || !URL.canParse(location, from.href)) return refuse('malformed')
  const url = new URL(location, from)
  if (!isWeb(url)) return refuse('scheme')
  if (from.protocol === 'https:' && url.protocol === 'http:') return refuse('downgrade')
  return guardParsed(url, rules)
}

/** The host without brackets and without the trailing dot, as a resolver expects it. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

function guardParsed(url: URL, rules: GuardRules): UrlVerdict {
  if (url.username !== '' || url.password !== '') return refuse('credentials')
  const host = hostOf(url)
  const port = portOf(url)
  if (rules.privateHostsAllowed.includes(hostAndPortOf(url))) {
    return { allowed: true, url, trusted: true }
  }
  if (!rules.portsAllowed.includes(port)) return refuse('port')
  if (isIP(host) === 0 && !isPublicName(host)) return refuse('host')
  return { allowed: true, url, trusted: false }
}

// Names that only a local resolver knows (RFC 6761, RFC 6762, RFC 8375, cloud metadata). A name
// without a dot is a container or a search-list entry.
const privateSuffixes = [
  'localhost',
  'local',
  'localdomain',
  'internal',
  'intranet',
  'lan',
  'home.arpa',
]

/** True for a name that may exist in the public DNS. */
export function isPublicName(host: string): boolean {
  const name = host.toLowerCase()
  return name.includes('.') && !privateSuffixes.some((suffix) => name.endsWith(`.${suffix}`))
}

// The URL class removes tabs and converts backslashes to slashes; such URLs are rejected.
function isPlain(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.length <= URL_LENGTH_MAX && !/[\u0000-\u0020\u007f\\]/.test(text)
}

function isWeb(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:'
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}

function refuse(reason: RefusalReason): UrlVerdict {
  return { allowed: false, reason }
}
