import { AppError } from '@sluice/kernel/app-error'
import { unreachable } from '@sluice/kernel/assert'

import type { ImgproxyDeps } from '../deps.ts'
import type { CheckedLink, PictureRequest } from '../picture.ts'

/** Verifies the signature and the expiry of a link; throws `invalid_signature` or `link_expired`. */
export function checkLink(
  { links, clock }: Pick<ImgproxyDeps, 'links' | 'clock'>,
  { picture, query: { exp, sig } }: Pick<PictureRequest, 'picture' | 'query'>,
): CheckedLink {
  const verdict = links.check(picture, { exp, sig }, clock.now())
  switch (verdict) {
    case 'valid':
      // A valid link has exactly the canonical values that were signed.
      return {
        task: picture.task,
        index: Number(picture.index),
        expiresAt: new Date(Number(exp) * 1_000),
      }
    case 'expired':
      throw new AppError('link_expired', 'This link has expired; read the task to get a new one.')
    case 'forged':
      throw new AppError('invalid_signature', 'The signature of this link is invalid.')
    default:
      return unreachable(verdict)
  }
}
