import { callFailed } from './call-failed.ts'
import type { CallOptions, Contract, MethodSpec, PortOf } from '@sluice/contracts/define-contract'
import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import type { Deadline } from '@sluice/kernel/deadline'
import { startDeadline } from '@sluice/kernel/deadline'
import type { Log } from '@sluice/kernel/log'
import { z } from 'zod'

import { assertFits } from './bus-limits.ts'
import type { Bus, Unsubscribe } from './bus.ts'
import { invalidInput } from './connect-contract.ts'
import { parseJson, issueText } from './event-wire.ts'
import { createLateCalls } from './late-calls.ts'
import { rpcCall, subjectOf, writeError, writeOk } from './rpc-wire.ts'

/** Concurrent calls per server of a contract; further calls are rejected with `overloaded`. */
const CALLS_MAX = 1_000

export interface ServeDeps {
  bus: Pick<Bus, 'serve'>
  log: Log
  clock?: Clock
}

/**
 * Serves an implementation: parses the input, calls the method and serialises its result or error. AppErrors
 * are sent with their code; any other error is logged here, once, and sent as `internal_error` without its
 * message. The signal of a method aborts when its caller has stopped waiting or the bus closes. A call that
 * arrives after its caller has stopped waiting is rejected and not executed (`late-calls.ts`).
 */
export async function serveContract<C extends Contract>(
  contract: C,
  implementation: PortOf<C>,
  { bus, log, clock = systemClock }: ServeDeps,
): Promise<Unsubscribe> {
  let calls = 0
  const late = createLateCalls(clock)
  const served: Unsubscribe[] = []
  for (const [method, spec] of Object.entries(contract.methods)) {
    const subject = subjectOf(contract, method)
    const call = methodOf(implementation, method)
    const unsubscribe = await bus.serve(subject, async (body, signal) => {
      if (calls >= CALLS_MAX) return writeError(tooManyCalls(subject))
      calls += 1
      try {
        return await answer({ spec, subject, call, clock, late }, { body, signal })
      } catch (thrown) {
        return writeError(toAppError(thrown, { log, subject }))
      } finally {
        calls -= 1
      }
    })
    served.push(unsubscribe)
  }
  return async () => {
    for (const unsubscribe of served) await unsubscribe()
  }
}

interface Served {
  spec: MethodSpec
  subject: string
  call: (input: unknown, options: CallOptions) => Promise<unknown>
  clock: Clock
  late: ReturnType<typeof createLateCalls>
}

async function answer(
  { spec, subject, call, clock, late }: Served,
  { body, signal }: { body: string; signal: AbortSignal },
): Promise<string> {
  const parsed = rpcCall.safeParse(parseJson(body))
  if (!parsed.success) throw invalidInput(subject, parsed.error)
  if (late.isLate(parsed.data)) throw tooLate(subject)
  const input = spec.input.safeParse(parsed.data.input)
  if (!input.success) throw invalidInput(subject, input.error)
  const waitLimit = createWaitLimit(clock, { withinMs: parsed.data.withinMs, signal })
  try {
    const output = z.safeEncode(spec.output, await call(input.data, waitLimit))
    if (!output.success) {
      throw new Error(
        `the output of ${subject} does not match its contract: ${issueText(output.error)}`,
      )
    }
    const reply = writeOk(output.data)
    assertFits(subject, reply)
    return reply
  } finally {
    waitLimit.end()
  }
}

/**
 * The caller's wait limit as call options. The signal is created on first use, since most methods do not read
 * it.
 */
function createWaitLimit(clock: Clock, limit: { withinMs: number; signal: AbortSignal }) {
  const startedMs = clock.monotonicMs()
  let deadline: Deadline | undefined
  return {
    get signal(): AbortSignal {
      const leftMs = Math.max(0, limit.withinMs - (clock.monotonicMs() - startedMs))
      deadline ??= startDeadline(clock, leftMs, limit.signal)
      return deadline.signal
    },
    end: () => deadline?.clear(),
  }
}

function toAppError(thrown: unknown, { log, subject }: { log: Log; subject: string }): AppError {
  if (isAppError(thrown)) {
    if (thrown.code === 'internal_error') log.error({ err: thrown, subject }, 'a call failed')
    return thrown
  }
  log.error({ err: thrown, subject }, 'a call failed')
  return new AppError('internal_error', 'A service failed; the cause is in its log.')
}

const tooLate = (subject: string) =>
  callFailed('unavailable', {
    what: 'late',
    detail: `a call of ${subject} arrived after its caller had stopped waiting`,
  })

const tooManyCalls = (subject: string) =>
  callFailed('overloaded', {
    what: 'busy',
    detail: `${subject} is at its limit of ${CALLS_MAX} concurrent calls`,
    retryAfterMs: 1_000,
  })

// A port has exactly the methods of its contract, with the input and output types of its schemas.
function methodOf<C extends Contract>(implementation: PortOf<C>, method: string): Served['call'] {
  const port = implementation as Record<string, Served['call'] | undefined>
  return async (input, options) => {
    const call = port[method]
    if (!call) throw new Error(`the implementation has no method ${method}`)
    return call.call(port, input, options)
  }
}
