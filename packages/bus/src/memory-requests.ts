import { callFailed } from './call-failed.ts'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

import type { Unsubscribe } from './bus.ts'
import type { InFlight } from './in-flight.ts'

type Answer = (body: string, signal: AbortSignal) => Promise<string>

export interface RequestOptions {
  timeoutMs: number
  signal?: AbortSignal
}

/** Requests and their servers inside one process. */
export function createMemoryRequests({
  clock,
  inFlight,
  log,
}: {
  clock: Clock
  inFlight: InFlight
  log?: Log
}) {
  const servers = new Map<string, Answer[]>()

  // Round robin: the chosen server moves to the end.
  const next = (subject: string): Answer | undefined => {
    const subjectServers = servers.get(subject)
    const answer = subjectServers?.shift()
    if (answer) subjectServers?.push(answer)
    return answer
  }

  const call = async (answer: Answer, { subject, body }: { subject: string; body: string }) => {
    inFlight.begin()
    try {
      return await answer(body, inFlight.signal)
    } catch (err) {
      // As over NATS: the caller receives no reply and times out.
      log?.error({ err, subject }, 'a server did not answer')
      return undefined
    } finally {
      inFlight.end()
    }
  }

  return {
    send: (subject: string, body: string, { timeoutMs, signal }: RequestOptions) =>
      new Promise<string>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const answer = next(subject)
        if (!answer)
          return reject(
            callFailed('unavailable', { what: 'unavailable', detail: `no server for ${subject}` }),
          )
        const settle = () => {
          cancel()
          signal?.removeEventListener('abort', giveUp)
        }
        const giveUp = () => {
          settle()
          reject(signal?.reason)
        }
        const cancel = clock.after(timeoutMs, () => {
          settle()
          reject(
            callFailed('unavailable', {
              what: 'late',
              detail: `${subject} did not answer within ${timeoutMs} ms`,
            }),
          )
        })
        signal?.addEventListener('abort', giveUp, { once: true })
        queueMicrotask(async () => {
          const text = await call(answer, { subject, body })
          if (text === undefined) return
          settle()
          resolve(text)
        })
      }),
    serve: (subject: string, answer: Answer): Unsubscribe => {
      const subjectServers = servers.get(subject) ?? []
      servers.set(subject, subjectServers)
      subjectServers.push(answer)
      return async () => {
        const at = subjectServers.indexOf(answer)
        if (at >= 0) subjectServers.splice(at, 1)
      }
    },
    stop: () => servers.clear(),
  }
}
