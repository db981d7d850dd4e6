import { LINK_TTL_MS_MAX } from '@sluice/signing/picture-links'

import type { EdgeDeps } from '../../deps.ts'

/** Links of one reading and the next are the same for a fourth of their life, so browsers keep the pictures. */
const STEPS_IN_A_LIFE = 4

/** Says where the pictures of tasks lie, as paths of this door: people reach it under several names. */
export type PicturePath = (picture: { task: string; index: number }) => string

/** Signs paths that live between three fourths and the whole of PICTURE_LINK_MS. */
export function picturePaths({
  links,
  clock,
  config,
}: Pick<EdgeDeps, 'links' | 'clock' | 'config'>): PicturePath {
  const lifeMs = Math.min(config.pictureLinkMs, LINK_TTL_MS_MAX)
  const stepMs = Math.max(1_000, Math.floor(lifeMs / STEPS_IN_A_LIFE))
  const expiresAt = new Date(Math.floor((clock.nowMs() + lifeMs) / stepMs) * stepMs)
  return (picture) => {
    const link = links.sign(picture, expiresAt)
    return link.slice(link.lastIndexOf('/p/img/'))
  }
}

export const partialPath = (taskId: string, index: number, number: number): string =>
  `/api/user/images/${taskId}/partials/${index}/${number}`
