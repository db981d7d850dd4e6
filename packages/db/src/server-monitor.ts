import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'

const PROBE_EVERY_MS = 250

/** Detects an unresponsive server. */
export interface ServerMonitor {
  /** Throws `unavailable` while the server is known to be unresponsive. */
  check(): void
  /** Called after a timeout: probes the server repeatedly until it responds. */
  suspect(): void
  stop(): void
}

/**
 * A timeout has two possible causes: a slow statement or a frozen server. The probe distinguishes them: while
 * it gets no response, `check` throws. `probe` resolves to false when nothing arrived in time; a server that
 * refuses connections has responded, and its refusals are immediate.
 */
export function createServerMonitor({
  probe,
  clock = systemClock,
}: {
  probe: () => Promise<boolean>
  clock?: Clock
}): ServerMonitor {
  let isUnresponsive = false
  let isProbing = false
  let isStopped = false

  const round = async () => {
    isUnresponsive = !(await probe())
    if (isUnresponsive && !isStopped) clock.after(PROBE_EVERY_MS, () => void round())
    else isProbing = false
  }

  return {
    check: () => {
      if (isUnresponsive) throw new AppError('unavailable', 'the database does not answer')
    },
    suspect: () => {
      if (isProbing || isStopped) return
      isProbing = true
      void round()
    },
    stop: () => void (isStopped = true),
  }
}
