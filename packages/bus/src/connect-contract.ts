import { callFailed } from './call-failed.ts'
import type { CallOptions, Contract, MethodSpec, PortOf } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import { remainingMsOf } from '@sluice/kernel/deadline'
import type { Random } from '@sluice/kernel/random'
import { systemRandom } from '@sluice/kernel/random'
import { z } from 'zod'

import type { Bus } from './bus.ts'
import { parseJson, issueText } from './event-wire.ts'
import { readReply, subjectOf, writeCall } from './rpc-wire.ts'

/**
 * A client with the contract's methods. They throw the AppError that the implementation threw; `unavailable`
 * when no server is subscribed or no reply comes within `timeoutMs`; and the signal's reason when it aborts.
 */
export function connectContract<C extends Contract>(
  contract: C,
  {
    bus,
    timeoutMs,
    clock = systemClock,
    random = systemRandom,
  }: { bus: Pick<Bus, 'request'>; timeoutMs: number; clock?: Clock; random?: Random },
): PortOf<C> {
  const from = Buffer.from(random.bytes(8)).toString('hex')
  const methods = Object.entries(contract.methods).map(([method, spec]) => {
    const subject = subjectOf(contract, method)
    const call = async (input: unknown, options?: CallOptions): Promise<unknown> => {
      const leftMs = options?.signal && remainingMsOf(options.signal)
      const withinMs = Math.min(timeoutMs, leftMs ?? timeoutMs)
      const sent = { from, sentMs: clock.monotonicMs(), withinMs }
      const body = writeCall(sent, encodeInput(spec, { input, subject }))
      const text = await bus.request(subject, body, { timeoutMs, ...options })
      return decodeOutput(spec, { reply: parseJson(text), subject })
    }
    return [method, call] as const
  })
  return asPort<C>(Object.fromEntries(methods))
}

function encodeInput(spec: MethodSpec, { input, subject }: { input: unknown; subject: string }) {
  const encoded = z.safeEncode(spec.input, input)
  if (encoded.success) return encoded.data
  throw invalidInput(subject, encoded.error)
}

function decodeOutput(spec: MethodSpec, { reply, subject }: { reply: unknown; subject: string }) {
  const decoded = spec.output.safeParse(readReply(reply, subject))
  if (decoded.success) return decoded.data
  const why = issueText(decoded.error)
  throw callFailed('internal_error', {
    what: 'unreadable',
    detail: `the reply of ${subject} does not match its contract: ${why}`,
  })
}

/** The error for an input that does not match its contract; thrown by client and server. */
export function invalidInput(subject: string, error: z.core.$ZodError): AppError {
  const param = error.issues[0]?.path.map(String).join('.')
  return new AppError('invalid_value', `A value is invalid: ${issueText(error)}`, {
    ...(param && { param }),
    cause: new Error(`the input of ${subject} does not match its contract`),
  })
}

// Holds every method of the contract, with the input and output types of its schemas.
function asPort<C extends Contract>(methods: Record<string, unknown>): PortOf<C> {
  return methods as PortOf<C>
}
