import type { Lease, Outcome, Scheduler } from '@sluice/contracts/scheduler.contract'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

/** The right to generate one picture: a credential's lease, and one of this runner's slots. */
export interface Slot {
  lease: Lease
  /** Aborts when the lease is lost. */
  signal: AbortSignal
  /** Releases the lease with the outcome of its use. Repeated calls do nothing. Never rejects. */
  release(outcome: Outcome): Promise<void>
  /** Frees the slot of the runner; releases the lease if that was not done. */
  free(): void
}

export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
  constructor() {
    super('the lease of the credential was lost')
  }
}

export interface SlotDeps {
  scheduler: Pick<Scheduler, 'renewLease' | 'releaseLease'>
  clock: Clock
  log: Log
  ttlMs: number
}

/** The slots in use. Renews their leases; has no timer without slots. */
export interface SlotsInUse {
  readonly size: number
  add(lease: Lease, onFree: () => void): Slot
  /** Resolves when all running releases of leases are done. */
  settled(): Promise<void>
}

interface Entry {
  leaseId: string
  /** When it expires unless it is renewed, on the monotonic clock: the scheduler's clock may differ. */
  endsAtMs: number
  lose: AbortController
}

export function createSlotsInUse(deps: SlotDeps): SlotsInUse {
  const { scheduler, clock, log, ttlMs } = deps
  const leased = new Set<Entry>()
  const releasing = new Set<Promise<void>>()
  let size = 0
  let cancelRenewals: (() => void) | undefined

  const renewLater = () => {
    if (cancelRenewals || leased.size === 0) return
    cancelRenewals = clock.after(ttlMs / 3, () => {
      cancelRenewals = undefined
      void Promise.all([...leased].map((entry) => renew(deps, entry))).then(renewLater)
    })
  }

  return {
    get size() {
      return size
    },
    add: (lease, onFree) => {
      const { leaseId } = lease
      const entry = { leaseId, endsAtMs: clock.monotonicMs() + ttlMs, lose: new AbortController() }
      leased.add(entry)
      size += 1
      renewLater()
      let freed = false

      const release = async (outcome: Outcome) => {
        if (!leased.delete(entry)) return
        // If the call fails, the lease expires.
        const released = scheduler
          .releaseLease({ leaseId, outcome })
          .then(() => undefined)
          .catch((err: unknown) => log.warn({ err, leaseId }, 'a lease could not be released'))
          .finally(() => releasing.delete(released))
        releasing.add(released)
        await released
      }
      const free = () => {
        void release({ kind: 'aborted' })
        if (freed) return
        freed = true
        size -= 1
        onFree()
      }
      return { lease, signal: entry.lose.signal, release, free }
    },
    settled: async () => void (await Promise.all(releasing)),
  }
}

// While the scheduler is unavailable, the lease stays valid until its expiry.
async function renew({ scheduler, clock, log, ttlMs }: SlotDeps, entry: Entry): Promise<void> {
  if (entry.lose.signal.aborted) return
  const { leaseId } = entry
  const requestedAtMs = clock.monotonicMs()
  try {
    const result = await scheduler.renewLease({ leaseId, ttlMs })
    if (result.outcome === 'lost') entry.lose.abort(new LeaseLost())
    else entry.endsAtMs = requestedAtMs + ttlMs
  } catch (err) {
    log.warn({ err, leaseId }, 'a lease could not be renewed')
    if (requestedAtMs >= entry.endsAtMs) entry.lose.abort(new LeaseLost())
  }
}
