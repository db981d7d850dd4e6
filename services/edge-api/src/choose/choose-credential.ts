import type { CatalogCredential } from '@sluice/contracts/scheduler.contract'

/** What this edge knows of a credential beyond the snapshot. */
export interface CredentialUse {
  /** Calls of this edge that run on it now. */
  running: number
  /** Not to be used before, by the wall clock. */
  restUntilMs: number
}

export interface CredentialChoice {
  credential: CatalogCredential | undefined
  /** When the first of those that rest may be used again; undefined when none rests. */
  freeAtMs: number | undefined
}

/**
 * The credential with the fewest calls among those that may be used now; ties are broken by dice, so
 * that edges do not all begin with the same one.
 */
export function chooseCredential(
  credentials: readonly CatalogCredential[],
  {
    useOf,
    isExcluded,
    nowMs,
    roll,
  }: {
    useOf: (credentialId: string) => CredentialUse | undefined
    isExcluded: (credentialId: string) => boolean
    nowMs: number
    roll: () => number
  },
): CredentialChoice {
  let best: CatalogCredential | undefined
  let fewest = Number.POSITIVE_INFINITY
  let freeAtMs: number | undefined
  const first = credentials.length < 2 ? 0 : Math.floor(roll() * credentials.length)
  for (let step = 0; step < credentials.length; step += 1) {
    const credential = credentials[(first + step) % credentials.length]
    if (!credential || credential.state !== 'active' || isExcluded(credential.id)) continue
    const use = useOf(credential.id)
    const restUntilMs = Math.max(credential.coolingUntil?.getTime() ?? 0, use?.restUntilMs ?? 0)
    if (restUntilMs > nowMs) {
      freeAtMs = Math.min(freeAtMs ?? restUntilMs, restUntilMs)
      continue
    }
    const running = use?.running ?? 0
    if (running >= credential.concurrencyMax || running >= fewest) continue
    best = credential
    fewest = running
  }
  return { credential: best, freeAtMs }
}
