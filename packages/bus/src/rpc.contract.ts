import { amountMicro, instant, microCredits } from '@sluice/contracts/codecs'
import type { PortOf } from '@sluice/contracts/define-contract'
import { defineContract } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'
import { startDeadline } from '@sluice/kernel/deadline'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'

import { connectContract } from './connect-contract.ts'
import { serveContract } from './serve-contract.ts'
import type { BusHarness } from './testing/bus-harness.ts'
import { mailbox } from './testing/mailbox.ts'

const bankContract = defineContract({
  name: 'bank',
  version: 2,
  methods: {
    pay: {
      input: z.object({ amountMicro, at: instant, memo: z.string().max(10).optional() }),
      output: z.discriminatedUnion('outcome', [
        z.object({ outcome: z.literal('paid'), leftMicro: microCredits, at: instant }),
        z.object({ outcome: z.literal('refused'), availableMicro: microCredits }),
      ]),
    },
    read: { input: z.object({}), output: z.object({ text: z.string() }) },
  },
})
type Bank = PortOf<typeof bankContract>

const at = new Date('2026-11-21T09:00:00.123Z')

/** The guarantees of every bus implementation for calls over contracts. */
export function rpcContract(make: () => Promise<BusHarness>): void {
  let fixture: BusHarness
  beforeEach(async () => {
    fixture = await make()
  })
  afterEach(() => fixture.dispose())

  const serve = async (methods: Partial<Bank>, timeoutMs = 60_000) => {
    const log = recordedLog()
    const unused = () => Promise.reject(new Error('not part of this test'))
    const bank: Bank = { pay: unused, read: unused, ...methods }
    const end = await serveContract(bankContract, bank, { bus: fixture.bus, log })
    const client = connectContract(bankContract, { bus: await fixture.connect(), timeoutMs })
    return { log, end, client }
  }

  describe('contracts over the bus', () => {
    test('amounts and dates keep their types in both directions', async () => {
      const { client } = await serve({
        pay: async (input) => ({
          outcome: 'paid',
          leftMicro: -input.amountMicro,
          at: new Date(input.at.getTime() + 1),
        }),
      })
      const amount = 900_719_925_474_099_311n
      expect(await client.pay({ amountMicro: amount, at })).toEqual({
        outcome: 'paid',
        leftMicro: -amount,
        at: new Date(at.getTime() + 1),
      })
    })

    test('a refusal defined by the contract is a result, not an error', async () => {
      const { client } = await serve({
        pay: async () => ({ outcome: 'refused', availableMicro: 3n }),
      })
      const answer = await client.pay({ amountMicro: 5n, at })
      expect(answer).toEqual({ outcome: 'refused', availableMicro: 3n })
    })

    test('an AppError arrives with its code, fields and the message of its cause', async () => {
      const cause = new Error('connection terminated')
      const { client, log } = await serve({
        read: () =>
          Promise.reject(
            new AppError('unavailable', 'The database is unavailable.', {
              cause,
              param: 'wallet',
              retryAfterMs: 1_500,
              details: { attempt: 2 },
            }),
          ),
      })
      const error = await client.read({}).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({
        code: 'unavailable',
        retryable: true,
        message: 'The database is unavailable.',
        param: 'wallet',
        retryAfterMs: 1_500,
        details: { attempt: 2 },
        cause: { message: 'connection terminated' },
      })
      expect(log.lines).toEqual([])
    })

    test('an unexpected error is logged once by the server, and its text does not reach the caller', async () => {
      const err = new Error('password of postgres://sluice:hunter2@db is wrong')
      const { client, log } = await serve({ read: () => Promise.reject(err) })
      const error = await client.read({}).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'internal_error' })
      expect(error).not.toHaveProperty('cause')
      expect(JSON.stringify(error) + String(error)).not.toContain('hunter2')
      const subject = 'rpc.bank.v2.read'
      const facts = { err, subject }
      expect(log.lines).toEqual([{ level: 'error', message: 'a call failed', facts }])
    })

    test('an input that does not match the contract is rejected before it is sent', async () => {
      const paid = mailbox<bigint>()
      const { client } = await serve({
        pay: async ({ amountMicro }) => {
          paid.put(amountMicro)
          return { outcome: 'refused', availableMicro: 0n }
        },
      })
      const negative = client.pay({ amountMicro: -1n, at })
      await expect(negative).rejects.toMatchObject({ code: 'invalid_value', param: 'amountMicro' })
      const long = client.pay({ amountMicro: 1n, at, memo: 'far too long a memo' })
      await expect(long).rejects.toMatchObject({ code: 'invalid_value', param: 'memo' })
      expect(paid.received).toEqual([])
    })

    test('a server rejects the input of an incompatible release', async () => {
      await serve({})
      for (const body of ['no JSON {', '{}', '{"withinMs":1000,"input":{"amountMicro":"1.5"}}']) {
        const reply = await fixture.bus.request('rpc.bank.v2.pay', body, { timeoutMs: 60_000 })
        expect(JSON.parse(reply)).toMatchObject({ error: { code: 'invalid_value' } })
      }
    })

    test('an output that does not match the contract is an internal error of the server', async () => {
      const { client, log } = await serve({
        // A wrong output despite the types.
        read: async () => JSON.parse('{"text":7}'),
      })
      await expect(client.read({})).rejects.toMatchObject({ code: 'internal_error' })
      expect(log.lines).toHaveLength(1)
    })

    test('an output above the size limit rejects without waiting for the timeout', async () => {
      const { client } = await serve({ read: async () => ({ text: 'x'.repeat(1_100_000) }) })
      await expect(client.read({})).rejects.toMatchObject({ code: 'internal_error' })
    })

    test('without a server the call rejects at once', async () => {
      const { client, end } = await serve({ read: async () => ({ text: 'here' }) })
      expect(await client.read({})).toEqual({ text: 'here' })
      await end()
      await expect(client.read({})).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.not.stringContaining('rpc.'),
        cause: { message: expect.stringContaining('rpc.bank') },
      })
    })

    test('an aborted call rejects with the reason of its signal', async () => {
      const received = mailbox<undefined>()
      const { client } = await serve({
        read: () => {
          received.put(undefined)
          return new Promise(() => undefined)
        },
      })
      const aborter = new AbortController()
      const error = client.read({}, { signal: aborter.signal }).catch((thrown: unknown) => thrown)
      await received.take(1)
      aborter.abort(new Error('caller aborted'))
      expect(await error).toMatchObject({ message: 'caller aborted' })
    })

    test('a call that arrives after its caller has stopped waiting is not executed', async () => {
      const [here, there] = [fakeClock(), fakeClock()]
      await here.advance(7_000_000)
      const received = mailbox<string>()
      const bank: Bank = {
        pay: () => Promise.reject(new Error('not part of this test')),
        read: async () => {
          received.put('read')
          return { text: 'here' }
        },
      }
      await serveContract(bankContract, bank, {
        bus: fixture.bus,
        log: recordedLog(),
        clock: there,
      })
      const bus = await fixture.connect()
      const waiting = { timeoutMs: 60_000 }
      let transit = Promise.resolve()
      const client = connectContract(bankContract, {
        // A sent request arrives even after its caller has stopped waiting.
        bus: { request: (...[to, body]) => transit.then(() => bus.request(to, body, waiting)) },
        timeoutMs: 5_000,
        clock: here,
      })
      const pass = (ms: number) => Promise.all([here.advance(ms), there.advance(ms)])
      expect(await client.read({})).toEqual({ text: 'here' })
      const frozen = Promise.withResolvers<void>()
      transit = frozen.promise
      const deadline = startDeadline(here, 2_000)
      const calls = [client.read({}), client.read({}, { signal: deadline.signal })]
      const answers = Promise.allSettled(calls)
      await pass(4_000)
      frozen.resolve()
      // The first call's limit is not over yet.
      expect(await answers).toMatchObject([
        { status: 'fulfilled', value: { text: 'here' } },
        { status: 'rejected', reason: { code: 'unavailable' } },
      ])
      expect(received.received).toEqual(['read', 'read'])
    })

    test('the signal of a method aborts when its caller has stopped waiting', async () => {
      const received = mailbox<AbortSignal | undefined>()
      const stopped = mailbox<undefined>()
      const { client } = await serve(
        {
          read: (_, options) => {
            received.put(options?.signal)
            options?.signal?.addEventListener('abort', () => stopped.put(undefined))
            return new Promise(() => undefined)
          },
        },
        200,
      )
      const error = client.read({}).catch((thrown: unknown) => thrown)
      await received.take(1)
      await fixture.pass(200)
      expect(await error).toMatchObject({
        code: 'unavailable',
        message: expect.not.stringContaining('rpc.'),
      })
      await stopped.take(1)
    })
  })
}
