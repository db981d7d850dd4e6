import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

/**
 * Runs a piece of upkeep every so often, never twice at once. A failure is logged and the next turn
 * tries again. Answers how to end it; that waits for a turn that runs.
 */
export function repeat({
  name,
  everyMs,
  run,
  clock,
  log,
}: {
  name: string
  everyMs: number
  run: () => Promise<unknown>
  clock: Clock
  log: Log
}): () => Promise<void> {
  let turn: Promise<void> | undefined
  const cancel = clock.every(everyMs, () => {
    turn ??= run().then(
      () => (turn = undefined),
      (err: unknown) => {
        turn = undefined
        log.error({ err, upkeep: name }, 'upkeep failed')
      },
    )
  })
  return async () => {
    cancel()
    await turn
  }
}
