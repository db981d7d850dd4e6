import type {
  CatalogChannel,
  CatalogCredential,
  Outcome,
} from '@sluice/contracts/scheduler.contract'
import type { Deadline } from '@sluice/kernel/deadline'
import { startDeadline } from '@sluice/kernel/deadline'
import { credentialSecretBinding } from '@sluice/sealing/sealer'
import type { Examination, ProbedOperation } from '@sluice/upstreams/examine-credential'
import { examineCredential, probedOperations } from '@sluice/upstreams/examine-credential'
import { outcomeOf } from '@sluice/upstreams/outcome-of'
import type { Permission, UpstreamAccess, UpstreamFailure } from '@sluice/upstreams/upstream'

import type { ChannelDeps } from './channel-deps.ts'
import type { Ability } from './credential-abilities.ts'
import { whyItFailed } from './failure-texts.ts'

/** For the list of models and the probes together. */
const TEST_WITHIN_MS = 10_000

/** What asking with one credential has shown. */
export interface CredentialTest extends Pick<
  Examination,
  'listed' | 'listFailure' | 'permissions'
> {
  credential: CatalogCredential
  durationMs: number
  /** Why it did not list its models, as a sentence. */
  message: string | null
  /** Whether it may list models: `no` where the upstream says so, `unknown` where it says nothing. */
  canList: Ability['can']
  /** Nothing was found that keeps it from being used for all else. */
  isUsable: boolean
  /** The upstream let it in: it listed its models, or it may chat or generate images. */
  works: boolean
  /** What it says about the credential. */
  outcomes: Outcome[]
}

/**
 * Asks the upstream for its models, and whether the credential may chat and generate images. Rejects only when
 * `signal` aborts.
 */
export async function testCredential(
  deps: Pick<ChannelDeps, 'sealer' | 'upstreamOf' | 'clock' | 'log'>,
  { channel, credential }: { channel: CatalogChannel; credential: CatalogCredential },
  signal: AbortSignal,
): Promise<CredentialTest> {
  const { clock } = deps
  signal.throwIfAborted()
  const startedMs = clock.monotonicMs()
  const deadline = startDeadline(clock, TEST_WITHIN_MS, signal)
  const tested = await ask(deps, { channel, credential, deadline }).finally(deadline.clear)
  signal.throwIfAborted()
  return { credential, durationMs: Math.round(clock.monotonicMs() - startedMs), ...tested }
}

type Told = Omit<CredentialTest, 'credential' | 'durationMs'>

async function ask(
  deps: Pick<ChannelDeps, 'sealer' | 'upstreamOf' | 'clock' | 'log'>,
  spec: { channel: CatalogChannel; credential: CatalogCredential; deadline: Deadline },
): Promise<Told> {
  const { channel, credential, deadline } = spec
  const access = openAccess(deps, spec)
  if (access === undefined) {
    return untold('Its secret cannot be opened with the sealing keys that this gateway has.')
  }
  // It answers to whatever names the channel gives it.
  if (channel.dialect === 'sandbox') {
    const listed = channel.models.map(({ upstreamModel }) => upstreamModel)
    return judge({ listed, listFailure: undefined, permissions: everything }, { nowMs: 0 })
  }
  const upstream = deps.upstreamOf(channel.dialect)
  if (!upstream?.listModels) return untold('Channels of this dialect have no list to ask for.')
  try {
    const { signal } = deadline
    const examination = await examineCredential({ upstream }, { access, signal })
    return judge(examination, { nowMs: deps.clock.nowMs() })
  } catch (err) {
    deps.log.error({ err, credentialId: credential.id }, 'a dialect broke')
    return untold('This gateway failed. Its log says more.')
  }
}

/** What an examination means for the credential. Pure. */
function judge(examination: Examination, { nowMs }: { nowMs: number }): Told {
  const { listed, listFailure, permissions } = examination
  const probes = probedOperations.flatMap((operation) => {
    const permission = permissions[operation]
    return permission ? [{ operation, ...permission }] : []
  })
  const failures = [listFailure, ...probes.map(({ failure }) => failure)]
  const refusal = failures.find((failure) => failure !== undefined && isFinal(failure))
  const isLetIn = refusal === undefined && probes.some(({ can }) => can === 'yes')
  const isDenied = listFailure?.reason === 'permission-missing'
  const mayNotList =
    isDenied || refusal !== undefined || listFailure?.reason === 'unauthorised-unclear'
  return {
    ...examination,
    message: listFailure ? whyItFailed(listFailure) : null,
    canList: listed ? 'yes' : mayNotList ? 'no' : 'unknown',
    isUsable: refusal === undefined && (listed !== undefined || isDenied || isLetIn),
    works: refusal === undefined && (listed !== undefined || isLetIn),
    outcomes: refusal
      ? [outcomeOf(refusal, { nowMs, operation: 'models' })]
      : [listOutcome({ listFailure, isLetIn, nowMs }), ...probes.flatMap(probeOutcome)],
  }
}

/** Its words name the account or the key as invalid. */
const isFinal = ({ reason }: UpstreamFailure) => reason === 'unauthorised' || reason === 'banned'

function listOutcome({
  listFailure,
  isLetIn,
  nowMs,
}: {
  listFailure: UpstreamFailure | undefined
  isLetIn: boolean
  nowMs: number
}): Outcome {
  const operation = 'models' as const
  if (!listFailure) return { kind: 'ok', operation }
  const outcome = outcomeOf(listFailure, { nowMs, operation })
  // A bare 401 of the list alone: the key was let in elsewhere, so it is no wrong key.
  return outcome.kind === 'refused' && isLetIn
    ? { kind: 'denied', operation, reason: outcome.reason }
    : outcome
}

function probeOutcome({
  operation,
  can,
  failure,
}: Permission & { operation: ProbedOperation }): Outcome[] {
  if (can === 'yes') return [{ kind: 'ok', operation }]
  if (can === 'unknown') return []
  return [{ kind: 'denied', operation, reason: failure?.reason ?? 'permission-missing' }]
}

function openAccess(
  { sealer, log }: Pick<ChannelDeps, 'sealer' | 'log'>,
  { channel, credential }: { channel: CatalogChannel; credential: CatalogCredential },
): UpstreamAccess | undefined {
  try {
    const secret = sealer.open(credentialSecretBinding(credential.id), credential.secret)
    return { baseUrl: channel.baseUrl, secret, settings: channel.settings }
  } catch (err) {
    log.error({ err, credentialId: credential.id }, 'a secret cannot be opened')
    return undefined
  }
}

const allowed: Permission = { can: 'yes', failure: undefined }
const everything = { chat: allowed, image: allowed }

/** It says nothing about the credential. */
const untold = (message: string): Told => ({
  listed: undefined,
  listFailure: undefined,
  permissions: { chat: undefined, image: undefined },
  message,
  canList: 'unknown',
  isUsable: false,
  works: false,
  outcomes: [],
})
