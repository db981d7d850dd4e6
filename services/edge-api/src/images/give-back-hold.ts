import { startDeadline } from '@sluice/kernel/deadline'

import type { Door } from '../door.ts'

const GIVE_BACK_WITHIN_MS = 10_000

/** Without it the hold would expire by itself; until then the caller could not spend it. Never rejects. */
export async function giveBackHold(
  { deps: { billing, clock, log } }: Pick<Door, 'deps'>,
  { ref, reason }: { ref: string; reason: string },
): Promise<void> {
  const deadline = startDeadline(clock, GIVE_BACK_WITHIN_MS)
  try {
    await billing.voidHold({ ref, reason }, { signal: deadline.signal })
  } catch (err) {
    log.warn({ err, ref }, 'hold of a job that was not written will expire')
  } finally {
    deadline.clear()
  }
}
