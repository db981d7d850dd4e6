import { EventEmitter } from 'node:events'

import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import { contractPart, redisPart } from './service-parts.ts'

function redisClient(connect: () => Promise<void>) {
  const events = new EventEmitter()
  const client = { connected: true, events }
  const redis = {
    on: (event: 'error', listener: (err: Error) => void) => events.on(event, listener),
    connect,
    disconnect: () => void (client.connected = false),
  }
  return { client, redis }
}

test('a service starts without Redis, and its later errors do not end the process', async () => {
  const log = recordedLog()
  const { client, redis } = redisClient(() => Promise.reject(new Error('refused')))
  const part = redisPart({ redis, log })
  await part.start?.()
  client.events.emit('error', new Error('connection lost'))
  expect(log.lines).toMatchObject([{ level: 'warn' }, { level: 'warn' }])
  await part.stop?.({ withinMs: 100 })
  expect(client.connected).toBe(false)
})

test('a contract is served from the start until the stop', async () => {
  let isServed = false
  const part = contractPart({
    serve: async () => {
      isServed = true
      return async () => void (isServed = false)
    },
  })
  expect(isServed).toBe(false)
  await part.start?.()
  expect(isServed).toBe(true)
  await part.stop?.({ withinMs: 100 })
  expect(isServed).toBe(false)
})
