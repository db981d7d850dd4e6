import type { ChargeAccount, ChargeFacts } from '@sluice/contracts/charges'

import type { Hold } from './hold.ts'
import { chargedOn } from './hold.ts'
import type { StoredUsage } from './invariants.ts'
import type { PostedTransfer } from './transfer.ts'

type Account = Omit<ChargeAccount, 'price'>

/** The state of a charge: `open` while credits are held, then `charged`, or `free` when the amount is 0. */
export function chargeStateOf({
  open,
  chargedMicro,
}: {
  open: boolean
  chargedMicro: bigint
}): ChargeFacts['state'] {
  if (open) return 'open'
  return chargedMicro > 0n ? 'charged' : 'free'
}

/** The charge of an image job. */
export function factsOfJob(hold: Hold): ChargeFacts {
  const chargedMicro = chargedOn(hold)
  return {
    id: hold.ref,
    kind: 'images',
    model: hold.model ?? '',
    apiKeyId: hold.apiKeyId,
    state: chargeStateOf({ open: hold.state === 'open', chargedMicro }),
    chargedMicro,
    at: hold.openedAt,
  }
}

/** The charge of a call that was paid from an allowance. */
export function factsOfCall(record: StoredUsage): ChargeFacts {
  return {
    id: record.requestId,
    kind: record.usage.kind,
    model: record.model,
    apiKeyId: record.apiKeyId,
    state: chargeStateOf({ open: false, chargedMicro: record.amountMicro }),
    chargedMicro: record.amountMicro,
    at: record.endedAt,
  }
}

export function accountOfJob(hold: Hold): Account {
  return {
    ...factsOfJob(hold),
    usage: hold.usage,
    source: hold.usageSource,
    heldMicro: hold.amountMicro,
    capturedMicro: hold.capturedMicro,
    releasedMicro: hold.releasedMicro,
    lateMicro: hold.lateMicro,
    receivableMicro: hold.receivableMicro,
    refundedMicro: hold.refundedMicro,
    lossMicro: hold.lossMicro,
    openedAt: hold.openedAt,
    settledAt: hold.settledAt,
  }
}

/** `entries` are those of the batch that captured the call; its reservation was part of an allowance. */
export function accountOfCall(record: StoredUsage, entries: readonly PostedTransfer[]): Account {
  return {
    ...factsOfCall(record),
    usage: record.usage,
    source: record.source,
    heldMicro: record.reservedMicro,
    capturedMicro: record.amountMicro,
    releasedMicro: record.reservedMicro - record.amountMicro,
    lateMicro: 0n,
    receivableMicro: 0n,
    refundedMicro: 0n,
    lossMicro: record.upstreamLossMicro,
    openedAt: null,
    settledAt: entries[0]?.createdAt ?? null,
  }
}
