import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

import { withoutPort } from './networks.ts'

const KEY_CHARS_MIN = 8
const KEY_CHARS_MAX = 512
const BEARER = /^bearer +(\S+) *$/i

/**
 * The API key of the request: `Authorization: Bearer …`, or `x-api-key` as Anthropic clients send it.
 * Undefined when there is none of a plausible form.
 */
export function readApiKey(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers
  if (authorization?.startsWith('Bearer ') && !authorization.includes(' ', 7)) {
    return plausible(authorization.slice(7))
  }
  const bearer = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]
  const other = headers['x-api-key']
  return plausible(bearer ?? (typeof other === 'string' ? other : undefined))
}

function plausible(apiKey: string | undefined): string | undefined {
  if (apiKey === undefined) return undefined
  return apiKey.length >= KEY_CHARS_MIN && apiKey.length <= KEY_CHARS_MAX ? apiKey : undefined
}

/**
 * Client address for guess limits: the socket's address, or the one seen by the outermost trusted proxy.
 * Entries further left in X-Forwarded-For are not trusted. IPv6 addresses are reduced to their /64.
 */
export function callerAddress(incoming: IncomingMessage, trustedProxyHops: number): string {
  return networkOf(fullCallerAddress(incoming, trustedProxyHops))
}

/**
 * The full client address. Some proxies add the caller's port, which differs per connection and is removed,
 * so that counting by address works.
 */
export function fullCallerAddress(incoming: IncomingMessage, trustedProxyHops: number): string {
  const socketAddress = incoming.socket.remoteAddress ?? 'unknown'
  if (trustedProxyHops === 0) return socketAddress
  const seen = [...(forwardedFor(incoming.headers) ?? []), socketAddress]
  return withoutPort(seen[Math.max(0, seen.length - 1 - trustedProxyHops)] ?? socketAddress)
}

function forwardedFor(headers: IncomingHttpHeaders): string[] | undefined {
  const text = headers['x-forwarded-for']
  return typeof text === 'string' ? text.split(',').map((item) => item.trim()) : text
}

/** The network of one subscriber: an IPv4 address unchanged, an IPv6 address reduced to its /64. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  const [head = '', tail = ''] = address.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === '' ? [] : tail.split(':')
  const gap = address.includes('::')
    ? Array(Math.max(0, 8 - front.length - back.length)).fill('0')
    : []
  return [...front, ...gap, ...back].slice(0, 4).join(':')
}
