import { AppError } from '@sluice/kernel/app-error'

import { createCallTimes } from './call-times.ts'
import type { GatewayContext } from '../gateway-context.ts'

/** Limits the number of concurrent image requests in this process; further ones are `overloaded`. */
export function inFlightLimit({ deps, running }: Pick<GatewayContext, 'deps' | 'running'>) {
  const { clock } = deps
  const { requestsInFlightMax } = deps.config
  const times = createCallTimes()
  return async <Answer>(run: () => Promise<Answer>): Promise<Answer> => {
    if (running.images >= requestsInFlightMax)
      throw new AppError('overloaded', 'Too many image requests are running here.', {
        retryAfterMs: times.freeInMs(running.images),
      })
    const startedMs = clock.monotonicMs()
    running.images += 1
    try {
      return await run()
    } finally {
      running.images -= 1
      times.note(clock.monotonicMs() - startedMs)
    }
  }
}
