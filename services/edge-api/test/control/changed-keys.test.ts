import { describe, expect, it, onTestFinished } from 'vitest'

import { turns } from '../chat/time.ts'
import { createFixture } from '../chat/fixture.ts'
import { openKeys } from './own-keys.ts'

describe('a key change at one edge', () => {
  /** Two edges with a common store and bus; both have the key in their cache. */
  async function twoEdges() {
    const first = await openKeys()
    const { bus, keyStore, identityStore, quotaStore, pepper } = first.gateway.deps
    const second = await createFixture({
      clock: first.gateway.clock,
      override: () => ({ bus, keyStore, identityStore, quotaStore, pepper }),
    })
    onTestFinished(second.close)
    const { body } = await first.make()
    const headers = { authorization: `Bearer ${String(body['api_key'])}` }
    const both = async () => {
      await turns(5)
      return [
        (await first.gateway.chat({}, headers)).status,
        (await second.chat({}, headers)).status,
      ]
    }
    expect(await both()).toEqual([200, 200])
    return { ...first, both, keyId: body['id'], second, headers }
  }

  it.each([
    ['another model list', { model_whitelist: ['gpt-image-2'] }, 404],
    ['a network whitelist without the caller', { ip_whitelist: ['10.0.0.0/8'] }, 403],
    ['a quota below any price', { daily_quota_micro: '1' }, 429],
  ])('takes effect at every edge at once: %s', async (_name, body, status) => {
    const { edit, both, keyId } = await twoEdges()
    expect((await edit(keyId, body)).status).toBe(200)
    expect(await both()).toEqual([status, status])
    const [lifted] = Object.keys(body)
    await edit(keyId, { [String(lifted)]: null })
    expect(await both()).toEqual([200, 200])
  })

  it('takes effect at every edge at once: a rate limit, an expiry and a revocation', async () => {
    const { gateway, edit, revoke, both, keyId } = await twoEdges()
    await edit(keyId, { rpm_limit: 1 })
    expect(await both()).toEqual([200, 200])
    expect(await both()).toEqual([429, 429])
    const expiresAt = new Date(gateway.clock.nowMs() + 500).toISOString()
    await edit(keyId, { rpm_limit: null, expires_at: expiresAt })
    expect(await both()).toEqual([200, 200])
    await gateway.clock.advance(500)
    expect(await both()).toEqual([401, 401])
    await edit(keyId, { expires_at: null })
    expect(await both()).toEqual([200, 200])
    await revoke(keyId)
    expect(await both()).toEqual([401, 401])
  })

  it('is stored while the bus is unavailable, and published through the outbox', async () => {
    const { gateway, edit, keyId } = await twoEdges()
    const publishedBefore = gateway.keyStore.publishedKeys.length
    await gateway.bus.close({ withinMs: 10 })
    const edited = await edit(keyId, { name: 'renamed' })
    expect([edited.status, edited.body['name']]).toEqual([200, 'renamed'])
    expect(gateway.keyStore.publishedKeys.slice(publishedBefore)).toEqual([keyId])
  })
})
