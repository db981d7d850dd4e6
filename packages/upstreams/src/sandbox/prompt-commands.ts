import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'

import { failureOf } from '../failure-treatments.ts'
import { UpstreamError } from '../upstream-error.ts'
import type { SandboxSettings } from './sandbox-settings.ts'

export interface CommandDeps {
  clock: Clock
  random: Random
}

/** Waits for `ms`. Throws the UpstreamError of an aborted call when the signal aborts first. */
export async function pause(
  { clock }: Pick<CommandDeps, 'clock'>,
  { ms, signal }: { ms: number; signal: AbortSignal },
): Promise<void> {
  if (ms > 0 && !signal.aborted) await clock.sleep(ms, signal).catch(stop)
  if (signal.aborted) stop()

  function stop(): never {
    // No external upstream was called, so nothing is charged.
    throw new UpstreamError(failureOf('aborted', { mayHaveProduced: false }), signal.reason)
  }
}

/** Fails with the rate and the reason configured in the channel. */
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

// The longest possible timer; every deadline is earlier.
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
