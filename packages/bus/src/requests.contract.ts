import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { jobId, queued, queueOptions, upTo } from './testing/bus-harness.ts'
import type { BusHarness } from './testing/bus-harness.ts'
import { mailbox } from './testing/mailbox.ts'

/** The guarantees of every bus implementation for `request` and `serve`, and for `close`. */
export function requestsContract(make: () => Promise<BusHarness>): void {
  let fixture: BusHarness
  beforeEach(async () => {
    fixture = await make()
  })
  afterEach(() => fixture.dispose())

  describe('requests', () => {
    const waiting = { timeoutMs: 60_000 }

    test('a request is answered by one server of its subject', async () => {
      const received = mailbox<string>()
      const service = await fixture.connect()
      for (const bus of [fixture.bus, service]) {
        await bus.serve('rpc.test.v1.echo', async (body) => {
          received.put(body)
          return `${body}!`
        })
      }
      const bodies = upTo(20).map((index) => `request ${index} ünïcødé`)
      const answers = await Promise.all(
        bodies.map((body) => fixture.bus.request('rpc.test.v1.echo', body, waiting)),
      )
      expect(answers).toEqual(bodies.map((body) => `${body}!`))
      expect([...received.received].sort()).toEqual([...bodies].sort())
    })

    test('a request without a server rejects at once', async () => {
      const pending = fixture.bus.request('rpc.test.v1.unserved', '{}', waiting)
      await expect(pending).rejects.toMatchObject({ code: 'unavailable' })
    })

    test('after the last server has ended, requests reject at once', async () => {
      const end = await fixture.bus.serve('rpc.test.v1.echo', async (body) => body)
      await end()
      const pending = fixture.bus.request('rpc.test.v1.echo', '{}', waiting)
      await expect(pending).rejects.toMatchObject({ code: 'unavailable' })
    })

    test('a request that is not answered in time rejects', async () => {
      const received = mailbox<string>()
      await fixture.bus.serve('rpc.test.v1.slow', (body) => {
        received.put(body)
        return new Promise(() => undefined)
      })
      const answer = fixture.bus
        .request('rpc.test.v1.slow', '{}', { timeoutMs: 200 })
        .catch((error: unknown) => error)
      await received.take(1)
      await fixture.pass(200)
      expect(await answer).toMatchObject({ code: 'unavailable' })
    })

    test('an aborted request rejects at once with the reason of its signal', async () => {
      const received = mailbox<string>()
      await fixture.bus.serve('rpc.test.v1.slow', (body) => {
        received.put(body)
        return new Promise(() => undefined)
      })
      const aborter = new AbortController()
      const request = { ...waiting, signal: aborter.signal }
      const answer = fixture.bus
        .request('rpc.test.v1.slow', '{}', request)
        .catch((error: unknown) => error)
      await received.take(1)
      aborter.abort(new Error('caller aborted'))
      expect(await answer).toMatchObject({ message: 'caller aborted' })
      const again = fixture.bus.request('rpc.test.v1.slow', '{}', request)
      await expect(again).rejects.toThrow('caller aborted')
    })

    test('a message above the size limit is rejected before it is sent', async () => {
      await fixture.bus.serve('rpc.test.v1.echo', async (body) => body)
      const pending = fixture.bus.request('rpc.test.v1.echo', 'x'.repeat(1_100_000), waiting)
      await expect(pending).rejects.toMatchObject({ code: 'internal_error' })
    })
  })

  describe('closing', () => {
    test('a closing bus finishes running messages, and their consumers may still announce', async () => {
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

    test('the signal of a consumer that does not finish in time aborts', async () => {
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

    test('a closed bus rejects at once', async () => {
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
