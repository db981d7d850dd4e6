import type { Decoded } from '@sluice/contracts/control/operation-types'
import { isBuiltIn } from '@sluice/contracts/dialects'
import type { CatalogChannel } from '@sluice/contracts/scheduler.contract'

import type { LoggedMinute } from '../../store/request-log-store.ts'

export type Concern = Decoded<'getAdminOverview'>['answer']['concerns'][number]

/** The time range of failures: a single bad second is no concern. */
export const FAILURES_WITHIN_MS = 5 * 60_000
const FAILURES_MIN = 5
const FAILED_SHARE_MIN = 0.1
/** Generating a picture takes about half a minute; a longer wait means that the queue is long. */
export const QUEUE_OLD_MS = 120_000

export interface InstallationState {
  now: Date
  channels: readonly ChannelState[]
  minutes: readonly LoggedMinute[]
  images: { queued: number; oldestQueuedAt: Date | null }
  /** The findings of the last audit; null before the first. */
  ledgerFindings: number | null
  /** Dependencies that cannot be reached. */
  unavailable: readonly string[]
}

type ChannelState = Pick<CatalogChannel, 'name' | 'dialect' | 'enabled'> & {
  credentials: readonly Pick<CatalogChannel['credentials'][number], 'state' | 'coolingUntil'>[]
}

/** What operators should look at, most severe first. */
export function findConcerns(installation: InstallationState): Concern[] {
  const enabled = installation.channels.filter((channel) => channel.enabled)
  return [
    ...installation.unavailable.map((subject) => concern('dependency-away', subject, 1)),
    ...ledgerDrift(installation),
    ...enabled.filter((channel) => !hasUsable(channel, installation.now)).map(noUsableCredential),
    ...failuresHigh(installation),
    ...queueOld(installation),
    ...enabled.flatMap(attention),
    ...noRealChannel(enabled),
  ]
}

const concern = (code: Concern['code'], subject: string | null, count: number): Concern => ({
  code,
  subject,
  count,
})

const ledgerDrift = ({ ledgerFindings }: InstallationState) =>
  ledgerFindings === null || ledgerFindings === 0
    ? []
    : [concern('ledger-drift', null, ledgerFindings)]

const hasUsable = ({ credentials }: ChannelState, now: Date) =>
  credentials.some(
    ({ state, coolingUntil }) =>
      state === 'active' && (coolingUntil === null || coolingUntil <= now),
  )

const noUsableCredential = ({ name, credentials }: ChannelState) =>
  concern('no-usable-credential', name, credentials.length)

function failuresHigh({ minutes, now }: InstallationState): Concern[] {
  const since = now.getTime() - FAILURES_WITHIN_MS
  const recent = minutes.filter(({ at }) => at.getTime() > since)
  const failures = recent.reduce((total, minute) => total + minute.failures, 0)
  const requests = recent.reduce((total, minute) => total + minute.requests, 0)
  const isHigh = failures >= FAILURES_MIN && failures >= requests * FAILED_SHARE_MIN
  return isHigh ? [concern('failures-high', null, failures)] : []
}

function queueOld({ images: { queued, oldestQueuedAt }, now }: InstallationState): Concern[] {
  const isOld = oldestQueuedAt !== null && now.getTime() - oldestQueuedAt.getTime() > QUEUE_OLD_MS
  return isOld ? [concern('queue-old', null, queued)] : []
}

function attention({ name, credentials }: ChannelState): Concern[] {
  const count = credentials.filter(({ state }) => state === 'attention').length
  return count === 0 ? [] : [concern('credential-attention', name, count)]
}

const noRealChannel = (enabled: readonly ChannelState[]) =>
  enabled.some(({ dialect }) => !isBuiltIn(dialect))
    ? []
    : [concern('no-real-channel', null, enabled.length)]
