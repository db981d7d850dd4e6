import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'

import { systemClock } from '@sluice/kernel/clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'

import { Agent } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { sendCall } from './send-call.ts'

// A generous limit for busy machines; polling ends as soon as the condition holds.
const waitLimit = { timeout: 4_000 }

let server: Server
let dispatcher: Agent
beforeEach(() => {
  dispatcher = new Agent({ allowH2: false })
})
afterEach(async () => {
  await dispatcher.destroy()
  await new Promise((resolve) => server.close(resolve))
})

async function call(
  listener: RequestListener,
  clock = systemClock,
  headers: Record<string, string> = {},
) {
  server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { signal } = new AbortController()
  const origin = `http://127.0.0.1:${portOf(server)}`
  return sendCall(
    { dispatcher, clock },
    { origin, path: '/', method: 'GET', headers, body: null, signal },
  )
}

// A server that listens on TCP always has an AddressInfo.
function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

describe('the body of an error response', () => {
  it('is read for a limited time', async () => {
    const clock = fakeClock()
    const begun = Promise.withResolvers<void>()
    const failed = call((_request, response) => {
      response.writeHead(429, { 'retry-after': '9' })
      response.write('{"error":', () => begun.resolve())
    }, clock).catch((error: unknown) => error)
    await begun.promise
    let isSettled = false
    void failed.then(() => (isSettled = true))
    await expect.poll(() => clock.advance(5_000).then(() => isSettled), waitLimit).toBe(true)
    expect(await failed).toMatchObject({ failure: { reason: 'rate-limited', retryAfterMs: 9_000 } })
  })

  it('does not contain the secret of the access', async () => {
    const secret = 'hunter2-of-a-compatible-service'
    const failed = call(
      (_request, response) => {
        const message = `No such key: ${secret}. Look at ${secret}!`
        response.writeHead(400).end(JSON.stringify({ error: { message } }))
      },
      systemClock,
      { authorization: `Bearer ${secret}` },
    )
    const message = 'No such key: [removed]. Look at [removed]!'
    await expect(failed).rejects.toMatchObject({ failure: { message } })
  })

  it('is read up to its size limit', async () => {
    const failed = call((_request, response) => {
      response.writeHead(400)
      const flood = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000))) continue
      }
      response.on('drain', flood)
      flood()
    })
    await expect(failed).rejects.toMatchObject({ failure: { reason: 'bad-request' } })
  })
})
