import type { StoredPart } from '@sluice/contracts/events'

import type { EdgeDeps } from '../deps.ts'

/** Signs links to the pictures of one job, all with the same end. */
export function signedLinks(
  { links, clock, config }: Pick<EdgeDeps, 'links' | 'clock' | 'config'>,
  jobId: string,
): (part: StoredPart) => string {
  const expiresAt = new Date(clock.nowMs() + config.pictureLinkMs)
  return ({ index }) => links.sign({ task: jobId, index }, expiresAt)
}
