import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

import { withoutPort } from './networks.ts'

const KEY_CHARS_MIN = 8
const KEY_CHARS_MAX = 512
const BEARER = /^bearer +(\S+) *$/i

/**
 * The API key that the caller showed: `Authorization: Bearer …`, or `x-api-key` as older Anthropic
 * clients send it. Undefined when there is none that could be one.
 */
export function readApiKey(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers
  if (authorization?.startsWith('Bearer ') && !authorization.includes(' ', 7)) {
    return sound(authorization.slice(7))
  }
  const bearer = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1]
  const other = headers['x-api-key']
  return sound(bearer ?? (typeof other === 'string' ? other : undefined))
}

function sound(apiKey: string | undefined): string | undefined {
  if (apiKey === undefined) return undefined
  return apiKey.length >= KEY_CHARS_MIN && apiKey.length <= KEY_CHARS_MAX ? apiKey : undefined
}

/**
 * Where the request came from, for counting guesses: the socket's address, or what the outermost of
 * our own proxies saw. What stands further left in X-Forwarded-For is the caller's own claim. IPv6 by
 * /64, which is what one household gets.
 */
export function callerAddress(incoming: IncomingMessage, trustedProxyHops: number): string {
  return networkOf(fullCallerAddress(incoming, trustedProxyHops))
}

/**
 * The same, to the last bit. Some proxies write the caller's port as well, which each connection has another
 * of: whoever counts by address must not see it.
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

/** What one household gets: an IPv4 address as it is, an IPv6 address by its /64. */
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
