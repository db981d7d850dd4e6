import { LINK_TTL_MS_MAX } from '@sluice/signing/picture-links'

import type { EdgeDeps } from '../../deps.ts'

/** Links change only four times per lifetime, so that browsers can cache the pictures. */
const STEPS_PER_LIFETIME = 4

/** Returns the path of a picture on this gateway, without a host: the gateway may have several names. */
export type PicturePath = (picture: { task: string; index: number }) => string

/** Signs paths that are valid for three fourths to all of PICTURE_LINK_MS. */
export function picturePaths({
  links,
  clock,
  config,
}: Pick<EdgeDeps, 'links' | 'clock' | 'config'>): PicturePath {
  const lifetimeMs = Math.min(config.pictureLinkMs, LINK_TTL_MS_MAX)
  const stepMs = Math.max(1_000, Math.floor(lifetimeMs / STEPS_PER_LIFETIME))
  const expiresAt = new Date(Math.floor((clock.nowMs() + lifetimeMs) / stepMs) * stepMs)
  return (picture) => {
    const link = links.sign(picture, expiresAt)
    return link.slice(link.lastIndexOf('/p/img/'))
  }
}

export const partialPath = (taskId: string, index: number, number: number): string =>
  `/api/user/images/${taskId}/partials/${index}/${number}`
