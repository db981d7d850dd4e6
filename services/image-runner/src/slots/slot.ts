import type { Lease, Outcome, Scheduler } from '@sluice/contracts/scheduler.contract'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

/** The right to draw one picture now: a credential's lease, and a share of this runner. */
export interface Slot {
  lease: Lease
  /** Aborts when the credential may belong to somebody else. */
  signal: AbortSignal
  /** Gives the credential back, with what became of its use. Once; repeats do nothing. Never rejects. */
  release(outcome: Outcome): Promise<void>
  /** Gives the share of the runner back; releases the credential first if that was not done. */
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

/** Places in use. Their leases are renewed in good time; nothing ticks while there are none. */
export interface SlotsInUse {
  readonly size: number
  add(lease: Lease, onFree: () => void): Slot
  /** Resolves when every lease that was given back has been. */
  settled(): Promise<void>
}

interface Entry {
  leaseId: string
  /** When it ends unless it is renewed, on the monotonic clock: the scheduler's may differ. */
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
        // If nobody hears it, the lease expires by itself.
        const released = scheduler
          .releaseLease({ leaseId, outcome })
          .then(() => undefined)
          .catch((err: unknown) => log.warn({ err, leaseId }, 'a lease could not be given back'))
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

// A scheduler that is away takes nothing from us; only when the time is over the right is, too.
async function renew({ scheduler, clock, log, ttlMs }: SlotDeps, entry: Entry): Promise<void> {
  if (entry.lose.signal.aborted) return
  const { leaseId } = entry
  const askedAtMs = clock.monotonicMs()
  try {
    const answer = await scheduler.renewLease({ leaseId, ttlMs })
    if (answer.outcome === 'lost') entry.lose.abort(new LeaseLost())
    else entry.endsAtMs = askedAtMs + ttlMs
  } catch (err) {
    log.warn({ err, leaseId }, 'a lease could not be renewed')
    if (askedAtMs >= entry.endsAtMs) entry.lose.abort(new LeaseLost())
  }
}
