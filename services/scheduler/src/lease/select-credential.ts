import type { Channel, ModelKind } from '../catalog/channel.ts'
import type { CatalogSnapshot } from '../catalog/snapshot.ts'
import { channelsServing } from '../catalog/snapshot.ts'
import type { CredentialStatus, Verdict } from '../eligibility/eligible.ts'
import { healthUnder, idleStatus, judge } from '../eligibility/eligible.ts'
import { isDenied } from '../eligibility/restrictions.ts'
import type { Candidate } from './lease.ts'
import { preference } from './rendezvous.ts'

export interface Wanted {
  model: string
  kind: ModelKind
  /** Credentials that were tried already. */
  exclude: readonly string[]
  /** Prefers the same credential for the same text. */
  affinity?: string | undefined
}

export type Selection =
  | {
      kind: 'some'
      /** In the order in which the pool should try them; empty while all are resting. */
      candidates: Candidate[]
      /** When the first of the resting ones is back; null when none rests. */
      restUntilMs: number | null
    }
  /** Waiting does not help. */
  | { kind: 'none'; reason: string }

/**
 * Who may be leased, best first: those that were not denied this use, by priority, then channels by weight, then what the caller is used to,
 * then the least loaded. Standings may be a moment old, so those that look full stay, behind the
 * others of their priority: the pool decides. `roll` is a fresh random text.
 */
export function selectCredential({
  snapshot,
  standings,
  wanted,
  nowMs,
  roll,
}: {
  snapshot: CatalogSnapshot
  standings: ReadonlyMap<string, CredentialStatus>
  wanted: Wanted
  nowMs: number
  roll: string
}): Selection {
  const channels = channelsServing(snapshot, wanted)
  if (channels.length === 0) {
    return { kind: 'none', reason: `no channel serves ${wanted.kind} requests for this model` }
  }
  const options = channels
    .filter((channel) => channel.enabled)
    .flatMap((channel) => weigh(channel, { standings, wanted, nowMs, roll }))
  const waiting = options.filter(({ because }) => waits[because])
  if (waiting.length === 0) return { kind: 'none', reason: explain({ channels, options }) }
  const rests = waiting.flatMap(({ untilMs }) => (untilMs === undefined ? [] : [untilMs]))
  return {
    kind: 'some',
    candidates: waiting
      .filter(({ because }) => because !== 'resting')
      .toSorted(byMerit)
      .map(({ candidate }) => candidate),
    restUntilMs: rests.length > 0 ? Math.min(...rests) : null,
  }
}

type Because = 'eligible' | 'excluded' | Exclude<Verdict, { eligible: true }>['because']

/** Whether a credential that stands like this is worth waiting for. */
const waits = {
  eligible: true,
  resting: true,
  probing: true,
  taken: true,
  excluded: false,
  paused: false,
  attention: false,
  retired: false,
} as const satisfies Record<Because, boolean>

interface Option {
  candidate: Candidate
  because: Because
  untilMs: number | undefined
  /** It may not be used for this, as far as is known. */
  denied: boolean
  priority: number
  channelRank: number
  /** How much the caller is used to it; the same for all without affinity. */
  liking: number
  load: number
  chance: number
}

function weigh(
  channel: Channel,
  {
    standings,
    wanted: { model: name, kind, exclude, affinity },
    nowMs,
    roll,
  }: {
    standings: ReadonlyMap<string, CredentialStatus>
    wanted: Wanted
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
    const status = standings.get(credentialId) ?? idleStatus
    const verdict = judge(credential, { status, nowMs, model })
    const { restrictions } = healthUnder(credential, status)
    const because = verdict.eligible ? 'eligible' : verdict.because
    return {
      candidate: { channelId: channel.id, credentialId, concurrencyMax, epoch, model },
      because: exclude.includes(credentialId) ? 'excluded' : because,
      untilMs: 'untilMs' in verdict ? verdict.untilMs : undefined,
      denied: isDenied(restrictions, { operation: kind, model, nowMs }),
      priority: channel.priority,
      channelRank,
      liking: affinity === undefined ? 0 : preference({ key: affinity, id: credentialId }),
      load: status.leases / concurrencyMax,
      chance: preference({ key: roll, id: credentialId }),
    }
  })
}

function byMerit(a: Option, b: Option): number {
  return (
    Number(a.denied) - Number(b.denied) ||
    b.priority - a.priority ||
    Number(b.because === 'eligible') - Number(a.because === 'eligible') ||
    b.channelRank - a.channelRank ||
    b.liking - a.liking ||
    a.load - b.load ||
    b.chance - a.chance
  )
}

/** Why waiting is of no use, in numbers: names and reasons are for the panel, not for callers. */
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
  const context = [...counts].map(([because, count]) => `${count} ${because}`)
  const pool = options.length === 0 ? 'no credentials' : `credentials: ${context.join(', ')}`
  return disabled === 0 ? pool : `${pool}; channels disabled: ${disabled} of ${channels.length}`
}
