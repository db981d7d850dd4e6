import { describe, expect, it } from 'vitest'

import type { AnswerStore } from './answer-store.ts'

const now = new Date('2026-11-21T09:00:00.000Z')
const later = (ms: number) => new Date(now.getTime() + ms)

const name = { apiKeyId: 'key_1', route: 'chat', key: 'order-17' }
const claim = {
  ...name,
  bodyHash: 'a'.repeat(64),
  holder: 'edge_1',
  now,
  leaseUntil: later(60_000),
  expiresAt: later(86_400_000),
}
const answer = {
  status: 200,
  contentType: 'application/json',
  requestId: 'req_1',
  body: Buffer.from('{"ok":"\u{1f600}"}'),
}

/** The contract of every answer store. */
export function answerStoreContract(make: () => Promise<AnswerStore>): void {
  describe('an answer store', () => {
    it('lets one of many concurrent requests claim an Idempotency-Key', async () => {
      const store = await make()
      const racers = [1, 2, 3, 4, 5].map((n) => store.claim({ ...claim, holder: `edge_${n}` }))
      const outcomes = (await Promise.all(racers)).map(({ outcome }) => outcome)
      expect(outcomes.filter((outcome) => outcome === 'claimed')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'running')).toHaveLength(4)
    })

    it('answers a repeat with the bytes of the first', async () => {
      const store = await make()
      await store.claim(claim)
      expect(await store.saveAnswer({ ...name, holder: 'edge_1', answer })).toBe(true)
      const repeat = await store.claim({ ...claim, holder: 'edge_2' })
      expect(repeat).toMatchObject({
        outcome: 'answered',
        answer: { status: 200, requestId: 'req_1' },
      })
      const storedBody = repeat.outcome === 'answered' ? repeat.answer.body : null
      expect(Buffer.from(storedBody ?? []).toString()).toBe('{"ok":"\u{1f600}"}')
    })

    it('remembers an answer that was too large to be stored', async () => {
      const store = await make()
      await store.claim(claim)
      await store.saveAnswer({ ...name, holder: 'edge_1', answer: { ...answer, body: null } })
      expect(await store.claim(claim)).toMatchObject({ answer: { body: null } })
    })

    it('reports a conflict for another body under the same key, also while the first runs', async () => {
      const store = await make()
      await store.claim(claim)
      const other = { ...claim, bodyHash: 'b'.repeat(64) }
      expect(await store.claim(other)).toEqual({ outcome: 'conflict' })
      await store.saveAnswer({ ...name, holder: 'edge_1', answer })
      expect(await store.claim(other)).toEqual({ outcome: 'conflict' })
      const crashed = { ...other, now: later(120_000) }
      expect(await store.claim(crashed)).toEqual({ outcome: 'conflict' })
    })

    it('separates callers, routes and keys', async () => {
      const store = await make()
      await store.claim(claim)
      for (const other of [{ apiKeyId: 'key_2' }, { route: 'images' }, { key: 'order-18' }]) {
        expect(await store.claim({ ...claim, ...other })).toEqual({ outcome: 'claimed' })
      }
    })

    it('gives the claim of a dead edge to the next, and then rejects writes of the dead one', async () => {
      const store = await make()
      await store.claim(claim)
      await store.renew({ holders: ['edge_1'], leaseUntil: later(100_000) })
      const at = (ms: number) => ({
        ...claim,
        holder: 'edge_2',
        now: later(ms),
        leaseUntil: later(ms + 1),
      })
      expect(await store.claim(at(99_999))).toEqual({ outcome: 'running' })
      expect(await store.claim(at(100_000))).toEqual({ outcome: 'claimed' })
      expect(await store.saveAnswer({ ...name, holder: 'edge_1', answer })).toBe(false)
      await store.release({ ...name, holder: 'edge_1' })
      expect(await store.saveAnswer({ ...name, holder: 'edge_2', answer })).toBe(true)
    })

    it('renews only the claims of the given holders', async () => {
      const store = await make()
      await store.claim(claim)
      await store.claim({ ...claim, key: 'order-18', holder: 'edge_2' })
      await store.renew({ holders: ['edge_2', 'edge_3'], leaseUntil: later(100_000) })
      await store.renew({ holders: [], leaseUntil: later(200_000) })
      const now = later(60_000)
      expect(await store.claim({ ...claim, now })).toEqual({ outcome: 'claimed' })
      const other = await store.claim({ ...claim, key: 'order-18', now })
      expect(other).toEqual({ outcome: 'running' })
    })

    it('lets a released key be claimed again, also with another body', async () => {
      const store = await make()
      await store.claim(claim)
      await store.release({ ...name, holder: 'edge_1' })
      expect(await store.claim({ ...claim, bodyHash: 'b'.repeat(64) })).toEqual({
        outcome: 'claimed',
      })
    })

    it('does not release a stored answer', async () => {
      const store = await make()
      await store.claim(claim)
      await store.saveAnswer({ ...name, holder: 'edge_1', answer })
      await store.release({ ...name, holder: 'edge_1' })
      expect(await store.claim(claim)).toMatchObject({ outcome: 'answered' })
    })

    it('treats expired answers as absent, and prunes them', async () => {
      const store = await make()
      await store.claim(claim)
      await store.saveAnswer({ ...name, holder: 'edge_1', answer })
      const nextDay = later(86_400_000)
      expect(await store.prune({ now: later(86_399_999), limit: 10 })).toBe(0)
      const nextClaim = {
        ...claim,
        bodyHash: 'b'.repeat(64),
        now: nextDay,
        expiresAt: later(90_000_000),
      }
      expect(await store.claim(nextClaim)).toEqual({ outcome: 'claimed' })
      expect(await store.prune({ now: later(90_000_000), limit: 10 })).toBe(1)
    })
  })
}
