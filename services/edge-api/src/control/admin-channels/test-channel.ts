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
const AT_ONCE_MAX = 4

type Call = Pick<
  ControlCall<'testChannel'>,
  'session' | 'params' | 'requestId' | 'address' | 'signal'
>

/**
 * Asks the upstream what the channel's credentials may do, some at once, and tells the scheduler what
 * came of it. A credential that needed a person and works is used again: a person has asked. Throws
 * `not_found`; ends when the caller leaves.
 */
export async function testChannel(
  deps: ChannelDeps,
  call: Call,
): Promise<Decoded<'testChannel'>['answer']> {
  const { params, signal } = call
  const channel = await findChannel(deps, params.id)
  const chosen = channel.credentials.toSorted(troubledFirst).slice(0, CREDENTIALS_MAX)
  const tests = await eachInLanes(chosen, (credential) =>
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
const troubledFirst = (a: CatalogCredential, b: CatalogCredential) =>
  order.indexOf(a.state) - order.indexOf(b.state)

/** Results in the order of the items, so many at once as is polite. */
async function eachInLanes<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  // The lanes take turns at one iterator.
  const left = items.entries()
  const lane = async () => {
    for (const [index, item] of left) results[index] = await run(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE_MAX }, lane))
  return results
}

function missingModels({ models }: CatalogChannel, working: readonly CredentialTest[]): string[] {
  const listed = new Set(working.flatMap((test) => test.listed ?? []))
  const missing = models.filter(({ upstreamModel }) => !listed.has(upstreamModel))
  return missing.map(({ model }) => model)
}

/** The test has been made, whether or not the scheduler can be told of it now. */
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
      // Attention may be known before its row says so; a pause meanwhile is another person's word.
      const from: CatalogCredential['state'][] = ['active', 'attention']
      const { changed } = await scheduler.setCredentialState({ ...resume, from })
      if (changed) recordAction(deps, call, { act: 'credential.recover', target: credentialId })
    }
  } catch (err) {
    log.warn({ err }, 'what a test has shown was not told to the scheduler')
  }
}
