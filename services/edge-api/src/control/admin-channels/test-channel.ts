import type { Decoded } from '@sluice/contracts/control/operation-types'
import type { CatalogChannel, CatalogCredential } from '@sluice/contracts/scheduler.contract'

import type { ControlCall } from '../handlers.ts'
import { recordAction } from '../record-action.ts'
import type { ChannelDeps } from './channel-deps.ts'
import { abilitiesOf } from './credential-abilities.ts'
import { findChannel } from './find-channel.ts'
import type { CredentialTest } from './test-credential.ts'
import { testCredential } from './test-credential.ts'

const CREDENTIALS_MAX = 20
const CONCURRENCY_MAX = 4

type Call = Pick<
  ControlCall<'testChannel'>,
  'session' | 'params' | 'requestId' | 'address' | 'signal'
>

/**
 * Tests what the channel's credentials may do at the upstream, several at once, and reports the results to
 * the scheduler. A credential in state `attention` that works becomes active again, because an operator
 * requested the test. Throws `not_found`; stops when the caller disconnects.
 */
export async function testChannel(
  deps: ChannelDeps,
  call: Call,
): Promise<Decoded<'testChannel'>['answer']> {
  const { params, signal } = call
  const channel = await findChannel(deps, params.id)
  const chosen = channel.credentials.toSorted(attentionFirst).slice(0, CREDENTIALS_MAX)
  const tests = await mapConcurrently(chosen, (credential) =>
    testCredential(deps, { channel, credential }, signal),
  )
  const listing = tests.filter(({ listed }) => listed !== undefined)
  const working = tests.filter(({ isUsable }) => isUsable)
  const ok = tests.length > 0 && working.length === tests.length
  const facts = { tested: tests.length, working: working.length }
  const nowMs = deps.clock.nowMs()
  recordAction(deps, call, { act: 'channel.test', target: channel.id, facts })
  await report(deps, call, tests)
  return {
    ok,
    results: tests.map((test) => ({
      credential_id: test.credential.id,
      ok: test.isUsable,
      operations: abilitiesOf(test.credential, { ...test, nowMs }),
      duration_ms: test.durationMs,
      models: test.listed?.length ?? null,
      message: test.message,
    })),
    missing_models: listing.length > 0 ? missingModels(channel, listing) : [],
  }
}

const order: readonly CatalogCredential['state'][] = ['attention', 'active', 'paused', 'retired']
const attentionFirst = (a: CatalogCredential, b: CatalogCredential) =>
  order.indexOf(a.state) - order.indexOf(b.state)

/** Results in the order of the items; at most CONCURRENCY_MAX run at once. */
async function mapConcurrently<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  // All workers share one iterator.
  const remaining = items.entries()
  const worker = async () => {
    for (const [index, item] of remaining) results[index] = await run(item)
  }
  await Promise.all(Array.from({ length: CONCURRENCY_MAX }, worker))
  return results
}

function missingModels({ models }: CatalogChannel, working: readonly CredentialTest[]): string[] {
  const listed = new Set(working.flatMap((test) => test.listed ?? []))
  const missing = models.filter(({ upstreamModel }) => !listed.has(upstreamModel))
  return missing.map(({ model }) => model)
}

/** Reports the results. A failure is logged only, because the test itself was made. */
async function report(
  deps: ChannelDeps,
  call: Call,
  tests: readonly CredentialTest[],
): Promise<void> {
  const { scheduler, clock, log } = deps
  try {
    const recovered = tests.filter(
      ({ credential, works }) => credential.state === 'attention' && works,
    )
    const outcomes = tests
      .filter(({ credential }) => credential.state !== 'paused')
      .filter((test) => !recovered.includes(test))
      .flatMap(({ credential, outcomes: found }) =>
        found
          .filter(({ kind }) => kind !== 'aborted')
          .map((outcome) => ({ credentialId: credential.id, outcome, at: clock.now() })),
      )
    if (outcomes.length > 0) await scheduler.reportOutcomes({ outcomes })
    for (const { credential } of recovered) {
      const credentialId = credential.id
      const resume = { credentialId, state: 'active' as const }
      // The row may not have state `attention` yet; a pause set in the meantime by another operator stays.
      const from: CatalogCredential['state'][] = ['active', 'attention']
      const { changed } = await scheduler.setCredentialState({ ...resume, from })
      if (changed) recordAction(deps, call, { act: 'credential.recover', target: credentialId })
    }
  } catch (err) {
    log.warn({ err }, 'test results not reported to the scheduler')
  }
}
