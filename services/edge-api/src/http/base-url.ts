import type { IncomingMessage } from 'node:http'

import type { EdgeConfig } from '../config.ts'
import { callerOrigin } from './caller-origin.ts'

/**
 * The base URL of this server for a caller, without a trailing slash: the public base URL, or the scheme and
 * host that the caller used. Empty when neither is known. Pure.
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
