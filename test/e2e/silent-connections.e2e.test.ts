import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'

import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { Running } from './harness/running.ts'
import { distributed } from './wirings/distributed.ts'
import { embedded } from './wirings/embedded.ts'

/** All of 127.0.0.0/8 is loopback, so each address is a different client to the server. */
const FLOOD = '127.0.0.30'
const OTHER = '127.0.0.31'
const STREAMING = '127.0.0.32'
const CONNECTIONS_MAX = 1_500
const SENT = 2_000

describe.each([embedded, distributed])('$name wiring', (wiring) => {
  let simulator: OpenAiSimulator
  let running: Running
  const sockets: Socket[] = []

  beforeAll(async () => {
    simulator = await startOpenAiSimulator({ streamGapMs: 20, answerWords: 100 })
    const { url: upstreamUrl, key: upstreamKey } = simulator
    const env = { CONNECTIONS_MAX: String(CONNECTIONS_MAX) }
    running = await wiring.start({ upstreamUrl, upstreamKey, env })
  })
  afterEach(({ task }) => {
    for (const socket of sockets.splice(0)) socket.destroy()
    if (task.result?.state === 'fail') process.stderr.write(running.output().slice(-20_000))
  })
  afterAll(async () => {
    await running?.stop()
    await simulator.close()
  })

  /** Sends a chat over a new connection. */
  const chat = async (localAddress: string, extra: object = {}): Promise<IncomingMessage> => {
    const outgoing = request(`${running.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      localAddress,
      agent: false,
      headers: { authorization: `Bearer ${running.apiKey}`, 'content-type': 'application/json' },
    })
    const response = once(outgoing, 'response')
    const messages = [{ role: 'user', content: 'hi' }]
    outgoing.end(JSON.stringify({ model: 'gpt-4o-mini', messages, ...extra }))
    const [answer] = await response
    return answer
  }
  const chatStatus = async (localAddress: string) => {
    const answer = await chat(localAddress, { max_tokens: 3 })
    await text(answer)
    return answer.statusCode
  }
  /** Opens a connection; every second one starts a request that it never completes. */
  const open = async (n: number) => {
    const { hostname: host, port } = new URL(running.baseUrl)
    const socket = connect({ host, port: Number(port), localAddress: FLOOD })
    sockets.push(socket)
    socket.on('error', () => undefined)
    await Promise.race([once(socket, 'connect'), once(socket, 'close')])
    if (n % 2 === 0) socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n')
  }

  test('two thousand silent connections from one address do not block other addresses', async () => {
    const stream = await chat(STREAMING, { stream: true })
    expect(stream.statusCode).toBe(200)
    const streamed = text(stream)
    const statuses: (number | undefined)[] = []
    for (let n = 0; n < SENT; n += 1) {
      await open(n)
      if (n % 100 === 99) statuses.push(await chatStatus(OTHER))
    }
    expect(statuses).toEqual(Array.from({ length: SENT / 100 }, () => 200))
    // The stream that started before the flood completes, and the flooding address still has its share.
    expect(await streamed).toContain('data: [DONE]')
    expect(await chatStatus(FLOOD)).toBe(200)
    const share = Math.ceil(CONNECTIONS_MAX * 0.9)
    await expect
      .poll(() => sockets.filter(({ closed }) => closed).length)
      .toBeGreaterThanOrEqual(SENT - share)
  })
})
