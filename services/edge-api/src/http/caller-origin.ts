import type { IncomingMessage } from 'node:http'

const HOST_CHARS_MAX = 260
// RFC 3986 §3.2.2 without user information, escapes and zones: a name, an IPv4 or an IPv6 address, and a
// port.
const HOST = /^(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i

/**
 * The scheme and host by which a caller reached this gateway; undefined when the request has no valid host.
 * Forwarded headers count only behind trusted proxies. The result may be used only in the response to the
 * same request, because the caller controls the Host header. Pure.
 */
export function callerOrigin(
  { headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>,
  { trustedProxyHops }: { trustedProxyHops: number },
): string | undefined {
  const forwarded = (name: string) =>
    trustedProxyHops > 0 ? hopOf(headers[name], trustedProxyHops) : undefined
  const host = forwarded('x-forwarded-host') ?? headers.host
  if (host === undefined || host.length > HOST_CHARS_MAX || !HOST.test(host)) return undefined
  const isEncrypted = 'encrypted' in socket && socket.encrypted === true
  const scheme = forwarded('x-forwarded-proto')?.toLowerCase() ?? (isEncrypted ? 'https' : 'http')
  if (scheme !== 'http' && scheme !== 'https') return undefined
  const url = `${scheme}://${host}`
  return URL.canParse(url) ? new URL(url).origin : undefined
}

/** The header value that the outermost trusted proxy set, in a list that each proxy may append to. */
function hopOf(header: string | string[] | undefined, hops: number): string | undefined {
  const values = [header ?? []]
    .flat()
    .flatMap((line) => line.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '')
  // A proxy that overwrites the header leaves a single value.
  return values.at(-Math.min(hops, values.length))
}
