import type { CatalogCredential } from '@sluice/contracts/scheduler.contract'

import type { UseRestrictions } from './use-restrictions.ts'
import { isDeniedChat, modelLimitedUntilMs } from './use-restrictions.ts'

/** The state of a credential at this edge, in addition to the snapshot. */
export interface CredentialUse {
  /** Running calls of this edge with it. */
  running: number
  /** End of its cooldown, by the wall clock. */
  coolingUntilMs: number
  /** Restrictions for single models or operations. */
  restrictions?: UseRestrictions | undefined
}

export interface CredentialChoice {
  credential: CatalogCredential | undefined
  /** The upstream recently denied it such calls, so another channel is preferred. */
  isDenied: boolean
  /** The earliest end of a cooldown or limit; undefined when there is none. */
  freeAtMs: number | undefined
  /** The highest number of running calls among credentials without a free slot; 0 when there is none. */
  runningWhenFull: number
}

/**
 * The usable credential with the fewest running calls; those that the upstream denied such calls come last.
 * Ties are broken randomly, so that edges do not all start with the same one.
 */
export function chooseCredential(
  credentials: readonly CatalogCredential[],
  {
    model,
    useOf,
    isExcluded,
    nowMs,
    roll,
  }: {
    /** The upstream's name of the model. */
    model: string
    useOf: (credentialId: string) => CredentialUse | undefined
    isExcluded: (credentialId: string) => boolean
    nowMs: number
    roll: () => number
  },
): CredentialChoice {
  let best: CatalogCredential | undefined
  let isBestDenied = false
  let fewest = Number.POSITIVE_INFINITY
  let freeAtMs: number | undefined
  let runningWhenFull = 0
  const first = credentials.length < 2 ? 0 : Math.floor(roll() * credentials.length)
  for (let step = 0; step < credentials.length; step += 1) {
    const credential = credentials[(first + step) % credentials.length]
    if (!credential || credential.state !== 'active' || isExcluded(credential.id)) continue
    const use = useOf(credential.id)
    const known = use?.restrictions
    const listed = credential.restrictions
    const isRestricted = known !== undefined || listed !== undefined
    const coolingUntilMs = Math.max(
      credential.coolingUntil?.getTime() ?? 0,
      use?.coolingUntilMs ?? 0,
      isRestricted ? modelLimitedUntilMs(known, listed, model) : 0,
    )
    if (coolingUntilMs > nowMs) {
      freeAtMs = Math.min(freeAtMs ?? coolingUntilMs, coolingUntilMs)
      continue
    }
    const running = use?.running ?? 0
    if (running >= credential.concurrencyMax) {
      runningWhenFull = Math.max(runningWhenFull, running)
      continue
    }
    const isDenied = isRestricted && isDeniedChat(known, listed, { model, nowMs })
    const isBetter = isDenied === isBestDenied ? running < fewest : isBestDenied
    if (best !== undefined && !isBetter) continue
    best = credential
    isBestDenied = isDenied
    fewest = running
  }
  return { credential: best, isDenied: isBestDenied, freeAtMs, runningWhenFull }
}
