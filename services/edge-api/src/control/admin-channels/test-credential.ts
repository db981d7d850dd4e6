import { isBuiltIn } from '@sluice/contracts/dialects'
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
import { failureText } from './failure-texts.ts'

/** Time limit for the list of models and the probes together. */
const TEST_WITHIN_MS = 10_000

/** The result of testing one credential. */
export interface CredentialTest extends Pick<
  Examination,
  'listed' | 'listFailure' | 'permissions'
> {
  credential: CatalogCredential
  durationMs: number
  /** Why it could not list its models, as a sentence. */
  message: string | null
  /** Whether it may list models: `no` if the upstream denies it, `unknown` if that is inconclusive. */
  canList: Ability['can']
  /** The test found nothing that prevents other uses of the credential. */
  isUsable: boolean
  /** The upstream accepted it: it listed its models, or may chat or generate images. */
  works: boolean
  /** What the test shows about the credential, for the scheduler. */
  outcomes: Outcome[]
}

/**
 * Lists the upstream's models, and probes whether the credential may chat and generate images. Rejects only
 * when `signal` aborts.
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
  const tested = await runTest(deps, { channel, credential, deadline }).finally(deadline.clear)
  signal.throwIfAborted()
  return { credential, durationMs: Math.round(clock.monotonicMs() - startedMs), ...tested }
}

type TestResult = Omit<CredentialTest, 'credential' | 'durationMs'>

async function runTest(
  deps: Pick<ChannelDeps, 'sealer' | 'upstreamOf' | 'clock' | 'log'>,
  spec: { channel: CatalogChannel; credential: CatalogCredential; deadline: Deadline },
): Promise<TestResult> {
  const { channel, credential, deadline } = spec
  const access = openAccess(deps, spec)
  if (access === undefined) {
    return inconclusive('Its secret cannot be opened with the sealing keys that this gateway has.')
  }
  // A built-in dialect serves all models of its channel.
  if (isBuiltIn(channel.dialect)) {
    const listed = channel.models.map(({ upstreamModel }) => upstreamModel)
    return evaluate({ listed, listFailure: undefined, permissions: everything }, { nowMs: 0 })
  }
  const upstream = deps.upstreamOf(channel.dialect)
  if (!upstream?.listModels) return inconclusive('Channels of this dialect cannot list models.')
  try {
    const { signal } = deadline
    const examination = await examineCredential({ upstream }, { access, signal })
    return evaluate(examination, { nowMs: deps.clock.nowMs() })
  } catch (err) {
    deps.log.error({ err, credentialId: credential.id }, 'a dialect threw')
    return inconclusive('This gateway failed. See its log.')
  }
}

/** Evaluates an examination of a credential. Pure. */
function evaluate(examination: Examination, { nowMs }: { nowMs: number }): TestResult {
  const { listed, listFailure, permissions } = examination
  const probes = probedOperations.flatMap((operation) => {
    const permission = permissions[operation]
    return permission ? [{ operation, ...permission }] : []
  })
  const failures = [listFailure, ...probes.map(({ failure }) => failure)]
  const refusal = failures.find((failure) => failure !== undefined && isFinal(failure))
  const isAccepted = refusal === undefined && probes.some(({ can }) => can === 'yes')
  const isDenied = listFailure?.reason === 'permission-missing'
  const mayNotList =
    isDenied || refusal !== undefined || listFailure?.reason === 'unauthorised-unclear'
  return {
    ...examination,
    message: listFailure ? failureText(listFailure) : null,
    canList: listed ? 'yes' : mayNotList ? 'no' : 'unknown',
    isUsable: refusal === undefined && (listed !== undefined || isDenied || isAccepted),
    works: refusal === undefined && (listed !== undefined || isAccepted),
    outcomes: refusal
      ? [outcomeOf(refusal, { nowMs, operation: 'models' })]
      : [listOutcome({ listFailure, isAccepted, nowMs }), ...probes.flatMap(probeOutcome)],
  }
}

/** The failure identifies the account or the key as invalid. */
const isFinal = ({ reason }: UpstreamFailure) => reason === 'unauthorised' || reason === 'banned'

function listOutcome({
  listFailure,
  isAccepted,
  nowMs,
}: {
  listFailure: UpstreamFailure | undefined
  isAccepted: boolean
  nowMs: number
}): Outcome {
  const operation = 'models' as const
  if (!listFailure) return { kind: 'ok', operation }
  const outcome = outcomeOf(listFailure, { nowMs, operation })
  // A bare 401 of the list alone: the key was accepted elsewhere, so it is valid.
  return outcome.kind === 'refused' && isAccepted
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

/** A result that shows nothing about the credential. */
const inconclusive = (message: string): TestResult => ({
  listed: undefined,
  listFailure: undefined,
  permissions: { chat: undefined, image: undefined },
  message,
  canList: 'unknown',
  isUsable: false,
  works: false,
  outcomes: [],
})
