import type { Usage, UsageSource } from '@sluice/contracts/usage'
import { assert } from '@sluice/kernel/assert'
import { lesser } from '@sluice/kernel/credits'

import type { Hold, Movement } from './hold.ts'
import { endHold, remainderOf, transferOf } from './hold.ts'

/**
 * Charges the usage of a job, never more than its hold, and releases the rest. An expired hold is charged to
 * the available balance, else as a receivable. A voided hold is not charged, since its caller received that
 * as the result; all of the usage is loss.
 */
export function captureJob({
  hold,
  usage,
  source,
  apiKeyId,
  ratedMicro,
  availableMicro,
  at,
}: {
  hold: Hold
  usage: Usage
  source: UsageSource
  apiKeyId: string
  ratedMicro: bigint
  availableMicro: bigint
  at: Date
}): Movement {
  assert(hold.purpose === 'job' && hold.usage === null, 'a job is charged once')
  const dueMicro = dueOfJob({ hold, ratedMicro })
  const facts = { usage, usageSource: source, apiKeyId, lossMicro: ratedMicro - dueMicro }
  const settled: Hold = { ...hold, ...facts, settledAt: hold.settledAt ?? at }
  const covered = cover({ hold: settled, dueMicro, availableMicro, idBase: hold.id, at })
  if (hold.state !== 'open') return covered
  return followedBy(covered, endHold({ hold: covered.hold, state: 'captured', at }))
}

/** The amount that a job owes: the rated amount, at most its hold, and 0 when the hold was voided. */
export const dueOfJob = ({ hold, ratedMicro }: { hold: Hold; ratedMicro: bigint }) =>
  hold.state === 'voided' ? 0n : lesser(ratedMicro, hold.amountMicro)

/**
 * Charges calls to an allowance: to its remainder, then to the available balance, then as a receivable. An
 * edge never spends more than its allowance, but records may arrive after the allowance expired.
 */
export function captureCalls({
  hold,
  dueMicro,
  lossMicro,
  availableMicro,
  postingId,
  at,
}: {
  hold: Hold
  dueMicro: bigint
  lossMicro: bigint
  availableMicro: bigint
  postingId: string
  at: Date
}): Movement {
  assert(hold.purpose === 'allowance', 'calls are charged to an allowance')
  const withLoss = { ...hold, lossMicro: hold.lossMicro + lossMicro }
  return cover({ hold: withLoss, dueMicro, availableMicro, idBase: postingId, at })
}

/** Whether `cover` needs the available balance. */
export const needsAvailable = ({ hold, dueMicro }: { hold: Hold; dueMicro: bigint }) =>
  dueMicro > openRemainder(hold)

function cover({
  hold,
  dueMicro,
  availableMicro,
  idBase,
  at,
}: {
  hold: Hold
  dueMicro: bigint
  availableMicro: bigint
  idBase: string
  at: Date
}): Movement {
  const fromHold = lesser(dueMicro, openRemainder(hold))
  const late = lesser(dueMicro - fromHold, availableMicro)
  const receivable = dueMicro - fromHold - late
  const facts = { hold, idBase, at }
  return {
    hold: {
      ...hold,
      capturedMicro: hold.capturedMicro + fromHold,
      lateMicro: hold.lateMicro + late,
      receivableMicro: hold.receivableMicro + receivable,
    },
    transfers: [
      ...transferOf('capture', { ...facts, amountMicro: fromHold }),
      ...transferOf('late', { ...facts, amountMicro: late }),
      ...transferOf('receivable', { ...facts, amountMicro: receivable }),
    ],
  }
}

const openRemainder = (hold: Hold) => (hold.state === 'open' ? remainderOf(hold) : 0n)

const followedBy = (first: Movement, second: Movement): Movement => ({
  hold: second.hold,
  transfers: [...first.transfers, ...second.transfers],
})
