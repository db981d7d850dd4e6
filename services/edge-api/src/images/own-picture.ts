import { AppError } from '@sluice/kernel/app-error'

import type { EdgeDeps } from '../deps.ts'
import type { Principal } from '../http/request.ts'

const PATH = /^\/p\/img\/(img_[0-9a-f]{32})\/(0|[1-9]\d?)$/

/** A picture that this installation generated and stored. */
export interface OwnPicture {
  blobKey: string
  sha256: string
}

/**
 * The stored picture that one of this installation's links names, whatever host the link has or none. It is
 * read from the store, because the installation's own address may be blocked for fetches. The owner's links
 * work after their expiry, those of other users while their signature is valid. Undefined for any other
 * address. Throws `invalid_value` for a picture that this caller may not read, or that no longer exists.
 */
export async function findOwnPicture(
  { jobs, links, clock }: Pick<EdgeDeps, 'jobs' | 'links' | 'clock'>,
  { url, param, principal }: { url: string; param: string; principal: Pick<Principal, 'wallet'> },
): Promise<OwnPicture | undefined> {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const [, task, index] = PATH.exec(pathname) ?? []
  if (task === undefined || index === undefined) return undefined
  const query = {
    exp: searchParams.get('exp') ?? undefined,
    sig: searchParams.get('sig') ?? undefined,
  }
  const isSigned = links.check({ task, index }, query, clock.now()) === 'valid'
  const job = await jobs.read(task)
  const stored = job?.parts[Number(index)]?.stored
  if (!stored || (!isSigned && job.wallet !== principal.wallet)) {
    const message = `'${param}' names a picture that no longer exists.`
    throw new AppError('invalid_value', message, { param })
  }
  return { blobKey: stored.blobKey, sha256: stored.sha256 }
}
