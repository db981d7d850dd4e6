import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { Writable } from 'node:stream'

import { createMemoryBlobStore } from '@sluice/blobs/memory-blob-store'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, it } from 'vitest'

import { followAdminOverview } from './follow-admin-overview.ts'
import { liveFeed } from './live-feed.ts'

/** A reader that takes written data only when the test calls `takeAll`. */
function slowReader() {
  const taken: string[] = []
  let take: (() => void) | undefined
  const sink = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      take = () => {
        taken.push(chunk.toString())
        done()
      }
    },
  })
  const outgoing = new ServerResponse(new IncomingMessage(new Socket()))
  outgoing.assignSocket(asSocket(sink))
  // As a server does for its sockets.
  sink.on('drain', () => outgoing.emit('drain'))
  const takeAll = async () => {
    for (let turn = 0; turn < 50; turn += 1) {
      const next = take
      take = undefined
      next?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { outgoing, taken, takeAll }
}

// A response needs its socket to write, end and time out; the sink has these.
const asSocket = (sink: Writable) =>
  Object.assign(sink, { setTimeout: () => sink, cork() {}, uncork() {} }) as unknown as Socket

function setUp() {
  const clock = fakeClock()
  const log = recordedLog()
  const draining = new AbortController()
  let frames = 0
  const read = async () => `data: frame ${(frames += 1)}\n\n`
  const deps = { clock, log, blobs: createMemoryBlobStore({ clock }) }
  const gateway = { deps, draining: draining.signal }
  const admin = { userId: 'usr_1', sessionId: 'ses_1', email: 'a@b.c', wallet: 'wal_1' }
  const identity = { authenticate: async () => ({ ...admin, role: 'admin' as const }) }
  const feed = liveFeed({ read, clock, log })
  const reader = slowReader()
  const { outgoing } = reader
  const incoming = new IncomingMessage(new Socket())
  const followed = followAdminOverview({ gateway, identity, feed }, { incoming, outgoing })
  return { clock, draining, reader, feed, followed, frames: () => frames }
}

it('a slow reader misses frames: none is buffered, and the newest follows', async () => {
  const { clock, reader, frames } = setUp()
  await clock.advance(1)
  const waiting = () => reader.outgoing.writableLength
  const first = waiting()
  for (let second = 0; second < 100; second += 1) await clock.advance(1_000)
  expect(frames()).toBeGreaterThan(90)
  expect(waiting()).toBe(first)
  await reader.takeAll()
  await clock.advance(1_000)
  await reader.takeAll()
  const text = reader.taken.join('')
  const seen = [...text.matchAll(/frame (\d+)/g)].map(([, number]) => Number(number))
  expect(seen[0]).toBe(1)
  expect(seen[1]).toBeGreaterThan(90)
})

it('a stopping process does not wait for a reader that does not read', async () => {
  const { clock, draining, reader, feed, followed } = setUp()
  for (let second = 0; second < 10; second += 1) await clock.advance(1_000)
  draining.abort()
  await followed
  expect(reader.outgoing.destroyed).toBe(true)
  expect(feed.followers()).toBe(0)
})
