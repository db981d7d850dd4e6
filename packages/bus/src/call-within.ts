import type { CallOptions, Contract, PortOf } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'

type Call = (input: unknown, options: CallOptions) => Promise<unknown>

/**
 * Gives an implementation in this process the time limits of one behind the bus: a call that exceeds its
 * limit rejects with `unavailable`, an aborted call with the signal's reason, and the implementation receives
 * a signal that aborts in both cases.
 */
export function callWithin<C extends Contract>(
  contract: C,
  implementation: PortOf<C>,
  {
    clock,
    timeoutMs,
    longer = {},
  }: {
    clock: Clock
    timeoutMs: number
    /** Limits of background methods, for which no API caller waits. */
    longer?: Partial<Record<keyof C['methods'], number>>
  },
): PortOf<C> {
  const calls = implementation as Record<string, Call>
  const limits = longer as Record<string, number | undefined>
  const methods = Object.keys(contract.methods).map((method) => {
    const limitMs = limits[method] ?? timeoutMs
    const call = async (input: unknown, { signal }: CallOptions = {}) => {
      const deadline = startDeadline(clock, limitMs, signal)
      const aborted = Promise.withResolvers<never>()
      const end = () =>
        aborted.reject(signal?.aborted ? signal.reason : tooLate(contract, { method, limitMs }))
      deadline.signal.addEventListener('abort', end, { once: true })
      if (deadline.signal.aborted) end()
      try {
        const called = calls[method]?.call(implementation, input, { signal: deadline.signal })
        return await Promise.race([called, aborted.promise])
      } finally {
        deadline.clear()
      }
    }
    return [method, call] as const
  })
  return Object.fromEntries(methods) as PortOf<C>
}

const tooLate = (
  { name }: Contract,
  { method, limitMs }: { method: string; limitMs: number },
): AppError =>
  new AppError('unavailable', `${name} did not answer within ${limitMs} ms.`, {
    cause: new Error(method),
  })
