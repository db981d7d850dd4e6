import { AppError } from '@sluice/kernel/app-error'

import type { EdgeConfig } from '../config.ts'

/** Runs image requests, so many at once as this process bears; more are `overloaded`. */
export function inFlightLimit({ requestsInFlightMax }: Pick<EdgeConfig, 'requestsInFlightMax'>) {
  let running = 0
  return async <Answer>(run: () => Promise<Answer>): Promise<Answer> => {
    if (running >= requestsInFlightMax)
      throw new AppError('overloaded', 'Too many image requests are running here.')
    running += 1
    try {
      return await run()
    } finally {
      running -= 1
    }
  }
}
