import type { IncomingMessage } from 'node:http'

import type { EdgeConfig } from '../config.ts'
import { callerOrigin } from '../images/caller-origin.ts'

/**
 * The URL under which this caller finds us, without a slash at its end: the public base URL, or, where none is set,
 * the scheme and host that the caller used. Empty when neither is known. Pure.
 */
export function baseUrlFor(
  config: Pick<EdgeConfig, 'linkOrigin' | 'publicBaseUrl' | 'trustedProxyHops'>,
  caller: Pick<IncomingMessage, 'headers' | 'socket'>,
): string {
  const { linkOrigin, publicBaseUrl } = config
  const used = callerOrigin(caller, config)
  const url = linkOrigin === 'caller' ? (used ?? publicBaseUrl) : (publicBaseUrl ?? used)
  return (url ?? '').replace(/\/+$/, '')
}
