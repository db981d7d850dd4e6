import { AppError } from '@sluice/kernel/app-error'

import type { EdgeDeps } from '../deps.ts'
import type { Principal } from '../request.ts'

const PATH = /^\/p\/img\/(img_[0-9a-f]{32})\/(0|[1-9]\d?)$/

/** A picture that this installation drew and stored. */
export interface OwnPicture {
  blobKey: string
  sha256: string
}

/**
 * The stored picture that a link of ours names, whatever host it names or none: it is read from where it lies,
 * since our own address may be one that no fetch may reach. The owner's links work after their end, those
 * of others while their signature is good. Undefined for an address that is none of ours. Throws
 * `invalid_value` for a picture that this caller may not read, or that is gone.
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
    throw new AppError('invalid_value', `'${param}' names a picture that is not here any more.`, {
      param,
    })
  }
  return { blobKey: stored.blobKey, sha256: stored.sha256 }
}
