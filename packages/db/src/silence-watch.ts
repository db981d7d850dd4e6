import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'

const PROBE_EVERY_MS = 250

/** Whether a server that did not answer in time answers at all. */
export interface SilenceWatch {
  /** Throws `unavailable` while the server is known to be silent, so that nobody waits for it. */
  check(): void
  /** Something was not answered in time: asks the server, again and again until it answers. */
  suspect(): void
  stop(): void
}

/**
 * A slow statement and a frozen server look alike to who waits. The probe tells them apart: only when it
 * is not answered either, everybody else is refused at once, until it is. `probe` resolves to false when
 * nothing came in time; a server that refuses connections has answered, and refuses us as soon.
 */
export function createSilenceWatch({
  probe,
  clock = systemClock,
}: {
  probe: () => Promise<boolean>
  clock?: Clock
}): SilenceWatch {
  let isSilent = false
  let isProbing = false
  let isStopped = false

  const round = async () => {
    isSilent = !(await probe())
    if (isSilent && !isStopped) clock.after(PROBE_EVERY_MS, () => void round())
    else isProbing = false
  }

  return {
    check: () => {
      if (isSilent) throw new AppError('unavailable', 'the database does not answer')
    },
    suspect: () => {
      if (isProbing || isStopped) return
      isProbing = true
      void round()
    },
    stop: () => void (isStopped = true),
  }
}
