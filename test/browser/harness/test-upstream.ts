import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'

/** How far a held picture gets before it is let go. */
export type HeldAt = 'start' | 'partial'

/** Stands before the simulator of OpenAI, and stops at the pictures that a story wants to watch. */
export interface TestUpstream {
  /** The base of its API is `${url}/v1`. */
  url: string
  /**
   * Every picture whose prompt includes these words waits: before its first byte, or after its first
   * partial picture. Call the answer to let it, and all that wait with it, go on.
   */
  hold(messages: string, at?: HeldAt): () => void
  close(): Promise<void>
}

interface Held {
  messages: string
  at: HeldAt
  released: Promise<void>
}

/** Starts it on a free port of the loopback address. */
export async function startTestUpstream(simulator: OpenAiSimulator): Promise<TestUpstream> {
  const held = new Set<Held>()
  const server = createServer((request, response) => {
    // Whoever asked may have left; then there is nobody to tell.
    passOn(request, response).catch(() => response.destroy())
  })
  const passOn = async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray())
    const stop = [...held].find(({ messages }) => body.includes(messages))
    if (stop?.at === 'start') await stop.released
    const answer = await fetch(new URL(request.url ?? '/', simulator.url), {
      method: request.method ?? 'GET',
      headers: headersOf(request),
      ...(body.byteLength === 0 ? {} : { body }),
    })
    const type = answer.headers.get('content-type') ?? 'application/json'
    response.writeHead(answer.status, { 'content-type': type })
    const said = Buffer.from(await answer.arrayBuffer())
    if (stop?.at === 'partial') {
      const end = said.indexOf('\n\n') + 2
      response.write(said.subarray(0, end))
      await stop.released
      response.end(said.subarray(end))
    } else response.end(said)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    hold: (messages, at = 'start') => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const one = { messages, at, released: promise }
      held.add(one)
      return () => {
        held.delete(one)
        resolve()
      }
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const storage = ['authorization', 'content-type', 'accept'] as const
  return Object.fromEntries(
    storage.flatMap((name) => {
      const value = headers[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (typeof address !== 'object' || address === null) throw new Error('no port was given')
  return address.port
}
