import { createSealer } from '@sluice/sealing/aes-sealer'
import { describe, expect, it } from 'vitest'

import { addChannel, createWorld, grant, leaseInput } from './world.ts'

describe('a secret that does not open with the sealing keys', () => {
  it('needs attention with the reason, is leased to nobody, and works again with the keys of before', async () => {
    const world = createWorld()
    const before = await world.started()
    await addChannel(before, { secrets: ['sk-sealed-before'] })
    const keys = [{ keyId: 'k1', key: world.random.bytes(32) }]
    const sealer = createSealer({ keys, random: world.random })
    const scheduler = await world.started({ sealer })
    const { channels } = await scheduler.readCatalog({})
    expect(channels[0]?.credentials).toMatchObject([
      { state: 'attention', reason: expect.stringContaining('SEALING_KEYS') },
    ])
    expect(await scheduler.grantLease(leaseInput(world))).toMatchObject({ outcome: 'none' })
    await world.clock.advance(5_000)
    expect((await world.deps.catalogStore.load()).channels[0]?.credentials[0]?.state).toBe('active')
    await grant(await world.started(), { world })
  })

  it('is shown by the answer of each change of its channel', async () => {
    const world = createWorld()
    const { channelId } = await addChannel(await world.started(), { secrets: ['a'] })
    const keys = [{ keyId: 'k2', key: world.random.bytes(32) }]
    const sealer = createSealer({ keys, random: world.random })
    const scheduler = await world.started({ sealer })
    const credentials = [{ secret: 'b', concurrencyMax: 1 }]
    const changed = await scheduler.changeChannel({ channelId, change: { weight: 2 }, credentials })
    if (changed.outcome !== 'changed') throw new Error('nothing was moved')
    const { channels } = await scheduler.readCatalog({})
    expect(changed.channel).toEqual(channels[0])
    const states = changed.channel.credentials.map(({ state }) => state).toSorted()
    expect(states).toEqual(['active', 'attention'])
  })

  it('does not keep the other credentials of its channel from being used', async () => {
    const world = createWorld()
    const before = await world.started()
    const { channelId } = await addChannel(before, { secrets: ['a'] })
    const keys = [{ keyId: 'k2', key: world.random.bytes(32) }]
    const sealer = createSealer({ keys, random: world.random })
    const scheduler = await world.started({ sealer })
    const credentials = [{ secret: 'b', concurrencyMax: 1 }]
    await scheduler.importCredentials({ channelId, credentials })
    const lease = await grant(scheduler, { world })
    expect(lease.secret.keyId).toBe('k2')
  })
})
