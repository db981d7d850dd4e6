import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'

/** Where a held response stops. */
export type HeldAt = 'start' | 'partial'

/** A proxy in front of the OpenAI simulator that can hold responses. */
export interface TestUpstream {
  /** The base URL of its API is `${url}/v1`. */
  url: string
  /**
   * Holds every response to a prompt with this text: before its first byte, or after its first partial picture.
   * The returned function releases them.
   */
  hold(promptPart: string, at?: HeldAt): () => void
  close(): Promise<void>
}

interface Held {
  promptPart: string
  at: HeldAt
  released: Promise<void>
}

/** Starts it on a free loopback port. */
export async function startTestUpstream(simulator: OpenAiSimulator): Promise<TestUpstream> {
  const held = new Set<Held>()
  const server = createServer((request, response) => {
    // The caller may have disconnected.
    forward(request, response).catch(() => response.destroy())
  })
  const forward = async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray())
    const stop = [...held].find(({ promptPart }) => body.includes(promptPart))
    if (stop?.at === 'start') await stop.released
    const answer = await fetch(new URL(request.url ?? '/', simulator.url), {
      method: request.method ?? 'GET',
      headers: headersOf(request),
      ...(body.byteLength === 0 ? {} : { body }),
    })
    const type = answer.headers.get('content-type') ?? 'application/json'
    response.writeHead(answer.status, { 'content-type': type })
    const responseBody = Buffer.from(await answer.arrayBuffer())
    if (stop?.at === 'partial') {
      const end = responseBody.indexOf('\n\n') + 2
      response.write(responseBody.subarray(0, end))
      await stop.released
      response.end(responseBody.subarray(end))
    } else response.end(responseBody)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    hold: (promptPart, at = 'start') => {
      const { promise, resolve } = Promise.withResolvers<void>()
      const one = { promptPart, at, released: promise }
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
  const forwarded = ['authorization', 'content-type', 'accept'] as const
  return Object.fromEntries(
    forwarded.flatMap((name) => {
      const value = headers[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return address.port
}
