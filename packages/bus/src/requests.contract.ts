import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { jobId, queued, queueOptions, upTo } from './testing/bus-harness.ts'
import type { BusHarness } from './testing/bus-harness.ts'
import { mailbox } from './testing/mailbox.ts'

/** What every bus promises to those who ask and serve, and when it closes. */
export function requestsContract(make: () => Promise<BusHarness>): void {
  let fixture: BusHarness
  beforeEach(async () => {
    fixture = await make()
  })
  afterEach(() => fixture.dispose())

  describe('requests', () => {
    const waiting = { timeoutMs: 60_000 }

    test('a request is answered by one server of its subject', async () => {
      const asked = mailbox<string>()
      const service = await fixture.connect()
      for (const bus of [fixture.bus, service]) {
        await bus.serve('rpc.test.v1.echo', async (body) => {
          asked.put(body)
          return `${body}!`
        })
      }
      const bodies = upTo(20).map((index) => `ask ${index} ünïcødé`)
      const answers = await Promise.all(
        bodies.map((body) => fixture.bus.request('rpc.test.v1.echo', body, waiting)),
      )
      expect(answers).toEqual(bodies.map((body) => `${body}!`))
      expect([...asked.received].sort()).toEqual([...bodies].sort())
    })

    test('a request that nobody serves is refused at once', async () => {
      const asked = fixture.bus.request('rpc.test.v1.nobody', '{}', waiting)
      await expect(asked).rejects.toMatchObject({ code: 'unavailable' })
    })

    test('after the last server has left, requests are refused at once', async () => {
      const end = await fixture.bus.serve('rpc.test.v1.echo', async (body) => body)
      await end()
      const asked = fixture.bus.request('rpc.test.v1.echo', '{}', waiting)
      await expect(asked).rejects.toMatchObject({ code: 'unavailable' })
    })

    test('a request that is not answered in time is given up', async () => {
      const asked = mailbox<string>()
      await fixture.bus.serve('rpc.test.v1.slow', (body) => {
        asked.put(body)
        return new Promise(() => undefined)
      })
      const answer = fixture.bus
        .request('rpc.test.v1.slow', '{}', { timeoutMs: 200 })
        .catch((error: unknown) => error)
      await asked.take(1)
      await fixture.pass(200)
      expect(await answer).toMatchObject({ code: 'unavailable' })
    })

    test('a caller who leaves stops waiting at once, for the reason that its signal gives', async () => {
      const asked = mailbox<string>()
      await fixture.bus.serve('rpc.test.v1.slow', (body) => {
        asked.put(body)
        return new Promise(() => undefined)
      })
      const left = new AbortController()
      const request = { ...waiting, signal: left.signal }
      const answer = fixture.bus
        .request('rpc.test.v1.slow', '{}', request)
        .catch((error: unknown) => error)
      await asked.take(1)
      left.abort(new Error('caller left'))
      expect(await answer).toMatchObject({ message: 'caller left' })
      const again = fixture.bus.request('rpc.test.v1.slow', '{}', request)
      await expect(again).rejects.toThrow('caller left')
    })

    test('a message that is too large is refused before it is sent', async () => {
      await fixture.bus.serve('rpc.test.v1.echo', async (body) => body)
      const asked = fixture.bus.request('rpc.test.v1.echo', 'x'.repeat(1_100_000), waiting)
      await expect(asked).rejects.toMatchObject({ code: 'internal_error' })
    })
  })

  describe('closing', () => {
    test('a closing bus finishes what it has taken, and may still announce meanwhile', async () => {
      const started = mailbox<string>()
      const release = Promise.withResolvers<void>()
      const finished = mailbox<string>()
      await fixture.bus.consume('image-job-queued', queueOptions, async (event) => {
        started.put(event.jobId)
        await release.promise
        await fixture.bus.announce('image-job-ended', { jobId: event.jobId })
        finished.put(event.jobId)
      })
      await fixture.bus.announce('image-job-queued', queued(1))
      await started.take(1)
      const closed = fixture.bus.close({ withinMs: 60_000 })
      release.resolve()
      await closed
      expect(finished.received).toEqual([jobId(1)])
      expect(fixture.bus.connected()).toBe(false)
    })

    test('what does not finish within the time is told to stop', async () => {
      const started = mailbox<AbortSignal>()
      await fixture.bus.consume('image-job-queued', queueOptions, async (_, signal) => {
        started.put(signal)
        await new Promise(() => undefined)
      })
      await fixture.bus.announce('image-job-queued', queued(1))
      const [signal] = await started.take(1)
      const closed = fixture.bus.close({ withinMs: 100 })
      await fixture.pass(100)
      await closed
      expect(signal?.aborted).toBe(true)
    })

    test('a closed bus refuses at once', async () => {
      await fixture.bus.close()
      const refused = [
        fixture.bus.announce('image-job-cancelled', { jobId: jobId(1) }),
        fixture.bus.announce('image-job-queued', queued(1)),
        fixture.bus.request('rpc.test.v1.echo', '{}', { timeoutMs: 60_000 }),
      ]
      for (const attempt of refused) {
        await expect(attempt).rejects.toMatchObject({ code: 'unavailable' })
      }
    })
  })
}
