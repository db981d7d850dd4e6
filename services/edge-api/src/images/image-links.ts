import type { IncomingMessage } from 'node:http'

import type { StoredPart } from '@sluice/contracts/events'

import type { EdgeDeps } from '../deps.ts'
import { callerOrigin } from '../http/caller-origin.ts'

/** The request whose answer carries the links. */
export type LinkReader = Pick<IncomingMessage, 'headers' | 'socket'>

/**
 * Signs links to the pictures of one job, all with the same expiry. Without a configured public base URL,
 * they use the scheme and host of the caller's request, because that address works for the caller.
 */
export function signedLinks(
  { links, clock, config }: Pick<EdgeDeps, 'links' | 'clock' | 'config'>,
  { jobId, reader }: { jobId: string; reader: LinkReader },
): (part: StoredPart) => string {
  const expiresAt = new Date(clock.nowMs() + config.pictureLinkMs)
  const origin = config.linkOrigin === 'caller' ? callerOrigin(reader, config) : undefined
  return ({ index }) => {
    const link = links.sign({ task: jobId, index }, expiresAt)
    return origin === undefined ? link : `${origin}${link.slice(link.lastIndexOf('/p/img/'))}`
  }
}
