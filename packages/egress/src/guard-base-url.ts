import { isIP } from 'node:net'

import ipaddr from 'ipaddr.js'

import { hostOf, isPublicName } from './guard-url.ts'
import { classifyAddress } from './classify-address.ts'
import { isMetadataHost } from './metadata-address.ts'

/** Why a base URL is rejected; messages for the operator who entered it. */
export const baseUrlRefusals = {
  malformed: 'is not a valid URL. Enter one such as https://api.openai.com/v1.',
  scheme: 'must begin with https://, or with http:// inside your own network.',
  credentials: 'may not contain a user name or password. Enter secrets separately.',
  fragment: 'may not have a fragment (#).',
  'clear-text':
    'must begin with https://. Over http:// the secret would be sent unencrypted over the internet; http:// is for loopback and private addresses.',
  address: 'leads to an invalid address, such as a broadcast address.',
  metadata:
    'leads to a metadata or link-local address, where clouds serve secrets of this machine. METADATA_HOSTS_ALLOWED can allow it.',
} as const

export type BaseUrlRefusal = keyof typeof baseUrlRefusals

const LENGTH_MAX = 500

const invalidRanges: ReadonlySet<string> = new Set(['unspecified', 'multicast', 'broadcast'])

/**
 * Validates the base URL of an upstream that an operator configures. Private addresses are allowed;
 * clear-text HTTP over the internet is not, nor are metadata services, unless `metadataHostsAllowed` has the
 * host. Undefined when the URL is valid. Resolves no names: each connection checks its address. Pure.
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
  if (isInvalidAddress(host)) return 'address'
  return url.protocol === 'http:' && !isPrivateHost(host) ? 'clear-text' : undefined
}

function isInvalidAddress(host: string): boolean {
  // `process` converts an IPv4-mapped IPv6 address to IPv4.
  return isIP(host) !== 0 && invalidRanges.has(ipaddr.process(host).range())
}

function isPrivateHost(host: string): boolean {
  return isIP(host) === 0 ? !isPublicName(host) : classifyAddress(host) !== 'public'
}
