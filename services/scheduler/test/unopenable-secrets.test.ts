import { createSealer } from '@sluice/sealing/aes-sealer'
import { describe, expect, it } from 'vitest'

import { addChannel, createFixture, grant, leaseInput } from './fixture.ts'

describe('a credential whose secret cannot be opened with the sealing keys', () => {
  it('has attention with a reason, is not leased, and works again with the earlier keys', async () => {
    const fixture = createFixture()
    const before = await fixture.started()
    await addChannel(before, { secrets: ['sk-sealed-before'] })
    const keys = [{ keyId: 'k1', key: fixture.random.bytes(32) }]
    const sealer = createSealer({ keys, random: fixture.random })
    const scheduler = await fixture.started({ sealer })
    const { channels } = await scheduler.readCatalog({})
    expect(channels[0]?.credentials).toMatchObject([
      { state: 'attention', reason: expect.stringContaining('SEALING_KEYS') },
    ])
    expect(await scheduler.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'none' })
    await fixture.clock.advance(5_000)
    expect((await fixture.deps.catalogStore.load()).channels[0]?.credentials[0]?.state).toBe(
      'active',
    )
    await grant(await fixture.started(), { fixture })
  })

  it('has attention in the result of a change of its channel', async () => {
    const fixture = createFixture()
    const { channelId } = await addChannel(await fixture.started(), { secrets: ['a'] })
    const keys = [{ keyId: 'k2', key: fixture.random.bytes(32) }]
    const sealer = createSealer({ keys, random: fixture.random })
    const scheduler = await fixture.started({ sealer })
    const credentials = [{ secret: 'b', concurrencyMax: 1 }]
    const changed = await scheduler.changeChannel({ channelId, change: { weight: 2 }, credentials })
    if (changed.outcome !== 'changed') throw new Error('unexpected secrets-needed')
    const { channels } = await scheduler.readCatalog({})
    expect(changed.channel).toEqual(channels[0])
    const states = changed.channel.credentials.map(({ state }) => state).toSorted()
    expect(states).toEqual(['active', 'attention'])
  })

  it('does not block the other credentials of its channel', async () => {
    const fixture = createFixture()
    const before = await fixture.started()
    const { channelId } = await addChannel(before, { secrets: ['a'] })
    const keys = [{ keyId: 'k2', key: fixture.random.bytes(32) }]
    const sealer = createSealer({ keys, random: fixture.random })
    const scheduler = await fixture.started({ sealer })
    const credentials = [{ secret: 'b', concurrencyMax: 1 }]
    await scheduler.importCredentials({ channelId, credentials })
    const lease = await grant(scheduler, { fixture })
    expect(lease.secret.keyId).toBe('k2')
  })
})
