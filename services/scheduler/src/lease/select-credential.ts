import type { Channel, ModelKind } from '../catalog/channel.ts'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import { channelsServing } from '../catalog/snapshot.ts'
import type { CredentialStatus, Eligibility } from '../eligibility/eligibility.ts'
import { checkEligibility, healthAtEpoch, idleStatus } from '../eligibility/eligibility.ts'
import { isDenied } from '../eligibility/restrictions.ts'
import type { Candidate } from './lease.ts'
import { preference } from './rendezvous.ts'

export interface Selector {
  model: string
  kind: ModelKind
  /** Credentials that were tried already. */
  exclude: readonly string[]
  /** The same text prefers the same credential. */
  affinity?: string | undefined
}

export type Selection =
  | {
      kind: 'some'
      /** In the order in which the pool tries them; empty while all of them cool down. */
      candidates: Candidate[]
      /** The first end of a cooldown; null when no credential cools down. */
      notBeforeMs: number | null
    }
  /** Waiting does not help. */
  | { kind: 'none'; reason: string }

/**
 * The candidates in order: without a denial of this use, then by priority, channel weight, affinity and load.
 * `statuses` may be slightly old, so credentials that look full stay behind the others of their priority, and
 * the pool decides. `roll` is a new random text.
 */
export function selectCredential({
  snapshot,
  statuses,
  selector,
  nowMs,
  roll,
}: {
  snapshot: CatalogSnapshot
  statuses: ReadonlyMap<string, CredentialStatus>
  selector: Selector
  nowMs: number
  roll: string
}): Selection {
  const channels = channelsServing(snapshot, selector)
  if (channels.length === 0) {
    return { kind: 'none', reason: `no channel serves ${selector.kind} requests for this model` }
  }
  const options = channels
    .filter((channel) => channel.enabled)
    .flatMap((channel) => toOptions(channel, { statuses, selector, nowMs, roll }))
  const usable = options.filter(({ because }) => isUsable[because])
  if (usable.length === 0) return { kind: 'none', reason: explain({ channels, options }) }
  const ends = usable.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]))
  return {
    kind: 'some',
    candidates: usable
      .filter(({ because }) => because !== 'cooling')
      .toSorted(byPreference)
      .map(({ candidate }) => candidate),
    notBeforeMs: ends.length > 0 ? Math.min(...ends) : null,
  }
}

type Because = 'eligible' | 'excluded' | Exclude<Eligibility, { eligible: true }>['because']

/** Whether a credential is usable now or later without an operator. */
const isUsable = {
  eligible: true,
  cooling: true,
  probing: true,
  full: true,
  excluded: false,
  paused: false,
  attention: false,
  retired: false,
} as const satisfies Record<Because, boolean>

interface Option {
  candidate: Candidate
  because: Because
  untilMs: number | undefined
  /** Whether the upstream denied this use recently. */
  denied: boolean
  priority: number
  channelRank: number
  /** The rank by affinity; 0 for all without affinity. */
  affinityRank: number
  load: number
  randomRank: number
}

function toOptions(
  channel: Channel,
  {
    statuses,
    selector: { model: name, kind, exclude, affinity },
    nowMs,
    roll,
  }: {
    statuses: ReadonlyMap<string, CredentialStatus>
    selector: Selector
    nowMs: number
    roll: string
  },
): Option[] {
  const key = affinity ?? roll
  const channelRank = preference({ key, id: channel.id, weight: channel.weight })
  const offer = channel.models.find(({ model, kinds }) => model === name && kinds.includes(kind))
  const model = offer?.upstreamModel ?? name
  return channel.credentials.map((credential) => {
    const { id: credentialId, concurrencyMax, epoch } = credential
    const status = statuses.get(credentialId) ?? idleStatus
    const eligibility = checkEligibility(credential, { status, nowMs, model })
    const { restrictions } = healthAtEpoch(credential, status)
    const because = eligibility.eligible ? 'eligible' : eligibility.because
    return {
      candidate: { channelId: channel.id, credentialId, concurrencyMax, epoch, model },
      because: exclude.includes(credentialId) ? 'excluded' : because,
      untilMs: 'untilMs' in eligibility ? eligibility.untilMs : undefined,
      denied: isDenied(restrictions, { operation: kind, model, nowMs }),
      priority: channel.priority,
      channelRank,
      affinityRank: affinity === undefined ? 0 : preference({ key: affinity, id: credentialId }),
      load: status.leases / concurrencyMax,
      randomRank: preference({ key: roll, id: credentialId }),
    }
  })
}

function byPreference(a: Option, b: Option): number {
  return (
    Number(a.denied) - Number(b.denied) ||
    b.priority - a.priority ||
    Number(b.because === 'eligible') - Number(a.because === 'eligible') ||
    b.channelRank - a.channelRank ||
    b.affinityRank - a.affinityRank ||
    a.load - b.load ||
    b.randomRank - a.randomRank
  )
}

/** Why waiting does not help, in numbers: names and reasons are shown to operators only. */
function explain({
  channels,
  options,
}: {
  channels: readonly Channel[]
  options: readonly Option[]
}): string {
  const disabled = channels.filter((channel) => !channel.enabled).length
  const counts = new Map<string, number>()
  for (const { because } of options) counts.set(because, (counts.get(because) ?? 0) + 1)
  const parts = [...counts].map(([because, count]) => `${count} ${because}`)
  const pool = options.length === 0 ? 'no credentials' : `credentials: ${parts.join(', ')}`
  return disabled === 0 ? pool : `${pool}; channels disabled: ${disabled} of ${channels.length}`
}
