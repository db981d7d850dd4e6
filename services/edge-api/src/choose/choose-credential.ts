import type { CatalogCredential } from '@sluice/contracts/scheduler.contract'

import type { UseRestrictions } from '../use-restrictions.ts'
import { isDeniedChat, modelRestUntilMs } from '../use-restrictions.ts'

/** What this edge knows of a credential beyond the snapshot. */
export interface CredentialUse {
  /** Calls of this edge that run on it now. */
  running: number
  /** Not to be used before, by the wall clock. */
  restUntilMs: number
  /** What it cannot do now, while all else goes on. */
  restrictions?: UseRestrictions | undefined
}

export interface CredentialChoice {
  credential: CatalogCredential | undefined
  /** The upstream has denied it such calls a while ago: another channel may do better. */
  isDenied: boolean
  /** When the first of those that rest may be used again; undefined when none rests. */
  freeAtMs: number | undefined
  /** Calls that run on the one that is the fullest of those that are full; 0 when none is full. */
  runningWhenFull: number
}

/**
 * The credential with the fewest calls among those that may be used now, those last to which the upstream
 * denied the like; ties are broken by dice, so that edges do not all begin with the same one.
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
    const told = credential.restrictions
    const isRestricted = known !== undefined || told !== undefined
    const restUntilMs = Math.max(
      credential.coolingUntil?.getTime() ?? 0,
      use?.restUntilMs ?? 0,
      isRestricted ? modelRestUntilMs(known, told, model) : 0,
    )
    if (restUntilMs > nowMs) {
      freeAtMs = Math.min(freeAtMs ?? restUntilMs, restUntilMs)
      continue
    }
    const running = use?.running ?? 0
    if (running >= credential.concurrencyMax) {
      runningWhenFull = Math.max(runningWhenFull, running)
      continue
    }
    const isDenied = isRestricted && isDeniedChat(known, told, { model, nowMs })
    const isBetter = isDenied === isBestDenied ? running < fewest : isBestDenied
    if (best !== undefined && !isBetter) continue
    best = credential
    isBestDenied = isDenied
    fewest = running
  }
  return { credential: best, isDenied: isBestDenied, freeAtMs, runningWhenFull }
}
