import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

const CHECK_EVERY_MS = 50

/** A load balancer in front of edge-api: it checks `/ready`, keeps connections open, and retries nothing. */
export interface Balancer {
  url: string
  /** The replicas that are ready now. */
  ready(): string[]
  stop(): Promise<void>
}

export async function startBalancer(edges: readonly string[]): Promise<Balancer> {
  const ready = new Set<string>()
  const checkReady = async (edge: string) => {
    const answer = await fetch(`${edge}/ready`).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok) ready.add(edge)
    else ready.delete(edge)
  }
  await Promise.all(edges.map(checkReady))
  const timer = setInterval(() => edges.forEach((edge) => void checkReady(edge)), CHECK_EVERY_MS)
  let turn = 0
  const server = createServer((incoming, outgoing) => {
    const usable = [...ready]
    turn += 1
    const edge = usable[turn % Math.max(1, usable.length)]
    if (edge === undefined) return void outgoing.writeHead(502).end()
    forward(incoming, outgoing, edge)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    ready: () => [...ready],
    stop: async () => {
      clearInterval(timer)
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, edge: string): void {
  const { method, url, headers } = incoming
  const target = new URL(url ?? '/', edge)
  const sent = request(target, { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  sent.on('error', () =>
    outgoing.headersSent ? outgoing.destroy() : outgoing.writeHead(502).end(),
  )
  incoming.pipe(sent)
}
