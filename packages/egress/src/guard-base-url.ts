import { isIP } from 'node:net'

import ipaddr from 'ipaddr.js'

import { hostOf, isPublicName } from './guard-url.ts'
import { judgeAddress } from './judge-address.ts'
import { isMetadataHost } from './metadata-address.ts'

/** Why an upstream cannot have this base URL. The words are for the operator who typed it. */
export const baseUrlRefusals = {
  malformed: 'is no address that can be called. Write one such as https://api.openai.com/v1.',
  scheme: 'must begin with https://, or with http:// inside your own network.',
  credentials: 'may not carry a user name or password. Secrets are entered apart from it.',
  fragment: 'may not have a part after #.',
  'clear-text':
    'must begin with https://. Over http:// the secret would cross the internet readable for everybody; http:// is for loopback and private addresses.',
  address: 'leads to an address that no upstream has, such as a broadcast.',
  metadata:
    'leads to a metadata or link-local address, where clouds keep secrets of this machine. METADATA_HOSTS_ALLOWED can allow it.',
} as const

export type BaseUrlRefusal = keyof typeof baseUrlRefusals

const LENGTH_MAX = 500

const strangeRanges: ReadonlySet<string> = new Set(['unspecified', 'multicast', 'broadcast'])

/**
 * Judges the base URL of an upstream that an operator configures: it may be private, because the operator
 * means it, but secrets are not sent in clear text over the internet, and metadata services are nobody's
 * upstream, unless their host is in `metadataHostsAllowed`. Undefined when it is good. Resolves no names:
 * connections to a name are judged when they are made. Pure.
 */
export function guardBaseUrl(
  text: string,
  { metadataHostsAllowed = [] }: { metadataHostsAllowed?: readonly string[] } = {},
): BaseUrlRefusal | undefined {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (text.length > LENGTH_MAX || /[\u0000-\u0020\u007f\\]/.test(text)) return 'malformed'
  const url = URL.parse(text)
  if (!url) return 'malformed'
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'scheme'
  if (!text.toLowerCase().startsWith(`${url.protocol}//`)) return 'malformed'
  if (url.username !== '' || url.password !== '') return 'credentials'
  if (url.hash !== '') return 'fragment'
  const host = hostOf(url).toLowerCase()
  if (isMetadataHost(host)) return metadataHostsAllowed.includes(host) ? undefined : 'metadata'
  if (isStrange(host)) return 'address'
  return url.protocol === 'http:' && !isNear(host) ? 'clear-text' : undefined
}

function isStrange(host: string): boolean {
  // An IPv4 address inside an IPv6 one is what it is.
  return isIP(host) !== 0 && strangeRanges.has(ipaddr.process(host).range())
}

function isNear(host: string): boolean {
  return isIP(host) === 0 ? !isPublicName(host) : judgeAddress(host) !== 'public'
}
