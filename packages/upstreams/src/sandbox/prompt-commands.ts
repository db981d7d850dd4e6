import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'

import { failureOf } from '../failure-treatments.ts'
import { UpstreamError } from '../upstream-error.ts'
import type { SandboxSettings } from './sandbox-settings.ts'

export interface CommandDeps {
  clock: Clock
  random: Random
}

/** Waits for `ms`. Throws the UpstreamError of an aborted call when the signal comes first. */
export async function pause(
  { clock }: Pick<CommandDeps, 'clock'>,
  { ms, signal }: { ms: number; signal: AbortSignal },
): Promise<void> {
  if (ms > 0 && !signal.aborted) await clock.sleep(ms, signal).catch(stop)
  if (signal.aborted) stop()

  function stop(): never {
    // Nothing outside was asked, so nothing can be on a bill.
    throw new UpstreamError(failureOf('aborted', { mayHaveProduced: false }), signal.reason)
  }
}

/** Fails as often as the channel says, with what it says. */
export async function failOnCommand(
  deps: CommandDeps,
  { settings, signal }: { settings: SandboxSettings; signal: AbortSignal },
): Promise<void> {
  const { failureRate, failWith, retryAfterMs } = settings
  if (failureRate === 0 || deps.random.next() >= failureRate) return
  if (failWith === 'silence') await pause(deps, { ms: SILENCE_MS, signal })
  const reason = failWith === 'silence' ? 'timeout' : failWith
  const status = statuses[reason]
  throw new UpstreamError(failureOf(reason, { status, retryAfterMs }))
}

// As long as a timer can be; every deadline is sooner.
const SILENCE_MS = 2 ** 31 - 1

const statuses: Readonly<Record<string, number>> = {
  'answer-broken': 200,
  'bad-request': 400,
  'content-refused': 400,
  unauthorised: 401,
  banned: 403,
  'model-unknown': 404,
  'quota-spent': 429,
  'rate-limited': 429,
  'server-error': 500,
  overloaded: 503,
}
