import type {
  CatalogChannel,
  CatalogCredential,
  Outcome,
} from '@sluice/contracts/scheduler.contract'
import type { Deadline } from '@sluice/kernel/deadline'
import { startDeadline } from '@sluice/kernel/deadline'
import { credentialSecretPlace } from '@sluice/sealing/sealer'
import { failureOf } from '@sluice/upstreams/failure-treatments'
import { outcomeOf } from '@sluice/upstreams/outcome-of'
import type { UpstreamAccess, UpstreamFailure } from '@sluice/upstreams/upstream'
import { isUpstreamError } from '@sluice/upstreams/upstream-error'

import type { ChannelDeps } from './channel-deps.ts'
import type { Ability } from './credential-abilities.ts'
import { whyItFailed } from './failure-words.ts'

const TEST_WITHIN_MS = 10_000

/** What asking with one credential has shown. */
export interface CredentialTest {
  credential: CatalogCredential
  durationMs: number
  /** The upstream's names; undefined when it did not list them. */
  listed: readonly string[] | undefined
  /** Why not, as a sentence. */
  message: string | null
  /** Whether it may list models: `no` where the upstream says so, `unknown` where it says nothing. */
  canList: Ability['can']
  /** Nothing was found that keeps it from being used for all else. */
  isUsable: boolean
  /** What it says about the credential. */
  outcome: Outcome
}

/** Asks the upstream for its models. Rejects only when `signal` aborts. */
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
    return worked(listed)
  }
  const upstream = deps.upstreamOf(channel.dialect)
  if (!upstream?.listModels) return untold('Channels of this dialect have no list to ask for.')
  try {
    const listed = await upstream.listModels({ access, signal: deadline.signal })
    return worked(listed)
  } catch (err) {
    const failure = failureIn(err, deadline)
    if (!failure) {
      deps.log.error({ err, credentialId: credential.id }, 'a dialect broke')
      return untold('This gateway failed. Its log says more.')
    }
    const outcome = outcomeOf(failure, { nowMs: deps.clock.nowMs(), operation: 'models' })
    const isDenied = failure.reason === 'permission-missing'
    const canList = isDenied || failure.failureClass === 'credential-bad' ? 'no' : 'unknown'
    const message = whyItFailed(failure)
    return { listed: undefined, message, outcome, canList, isUsable: isDenied }
  }
}

function failureIn(err: unknown, { signal }: Deadline): UpstreamFailure | undefined {
  // What was cut off by us came too late; a caller who left hears nothing of it.
  if (signal.aborted) return failureOf('timeout')
  return isUpstreamError(err) ? err.failure : undefined
}

function openAccess(
  { sealer, log }: Pick<ChannelDeps, 'sealer' | 'log'>,
  { channel, credential }: { channel: CatalogChannel; credential: CatalogCredential },
): UpstreamAccess | undefined {
  try {
    const secret = sealer.open(credentialSecretPlace(credential.id), credential.secret)
    return { baseUrl: channel.baseUrl, secret, settings: channel.settings }
  } catch (err) {
    log.error({ err, credentialId: credential.id }, 'a secret cannot be opened')
    return undefined
  }
}

const worked = (listed: readonly string[]): Told => ({
  listed,
  message: null,
  outcome: { kind: 'ok', operation: 'models' },
  canList: 'yes',
  isUsable: true,
})

/** It says nothing about the credential. */
const untold = (message: string): Told => ({
  listed: undefined,
  message,
  canList: 'unknown',
  isUsable: false,
  outcome: { kind: 'aborted' },
})
