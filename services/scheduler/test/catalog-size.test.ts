import { MESSAGE_BYTES_MAX } from '@sluice/bus/bus-limits'
import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { describe, expect, it } from 'vitest'

import type { SchedulerModule } from '../src/module.ts'
import { addChannel, channelInput, createFixture, MODEL } from './fixture.ts'

const tooLarge = { code: 'invalid_value' }

/** Adds credentials, in ever smaller batches, until no more are accepted. */
async function fill(scheduler: SchedulerModule, channelId: string): Promise<void> {
  let added = 0
  for (let batch = 1_000; batch > 20;) {
    const credentials = Array.from({ length: batch }, (_, index) => ({
      secret: `secret ${added + index}`,
      concurrencyMax: 10_000,
    }))
    try {
      await scheduler.importCredentials({ channelId, credentials })
      added += batch
    } catch (err) {
      expect(err).toMatchObject(tooLarge)
      batch = Math.floor(batch / 2)
    }
  }
}

async function setUp() {
  const fixture = createFixture()
  const scheduler = await fixture.started()
  const { channelId } = await addChannel(scheduler)
  await fill(scheduler, channelId)
  const messageBytes = async (reader: SchedulerModule) =>
    Buffer.byteLength(JSON.stringify(await reader.readCatalog({})))
  const credentials = (await scheduler.readCatalog({})).channels[0]?.credentials ?? []
  return { fixture, scheduler, channelId, messageBytes, credentials }
}

describe('the largest accepted catalog fits into one message', () => {
  it('when no secret can be opened and each credential has the reason', async () => {
    const { fixture, messageBytes } = await setUp()
    const keys = [{ keyId: 'k1', key: fixture.random.bytes(32) }]
    const sealer = createSealer({ keys, random: fixture.random })
    const restarted = await fixture.started({ sealer })
    expect(await messageBytes(restarted)).toBeLessThan(MESSAGE_BYTES_MAX)
    const { channels } = await restarted.readCatalog({})
    expect(channels[0]?.credentials[0]?.reason).toContain('SEALING_KEYS')
  })

  it('when all credentials cool down and are restricted', async () => {
    const { fixture, scheduler, messageBytes, credentials } = await setUp()
    const at = fixture.clock.now()
    const retryAt = new Date(at.getTime() + 3_600_000)
    const limits: Outcome[] = [
      { kind: 'limited', retryAt, model: '模'.repeat(200) },
      { kind: 'limited', retryAt },
    ]
    for (const outcome of limits)
      for (let from = 0; from < credentials.length; from += 1_000) {
        const some = credentials.slice(from, from + 1_000)
        const outcomes = some.map(({ id: credentialId }) => ({ credentialId, outcome, at }))
        await scheduler.reportOutcomes({ outcomes })
      }
    expect(await messageBytes(scheduler)).toBeLessThan(MESSAGE_BYTES_MAX)
    const [first] = (await scheduler.readCatalog({})).channels[0]?.credentials ?? []
    expect([first?.coolingUntil, first?.restrictions?.length]).toEqual([retryAt, 1])
  })
})

it('a full catalog refuses what makes it larger, and accepts what makes it smaller', async () => {
  const { scheduler, channelId } = await setUp()
  const models = Array.from({ length: 1_000 }, (_, index) => ({
    model: `${MODEL}-${index}`,
    upstreamModel: 'x'.repeat(200),
    kinds: ['chat' as const],
  }))
  await expect(scheduler.changeChannel({ channelId, change: { models } })).rejects.toMatchObject(
    tooLarge,
  )
  await expect(scheduler.editChannel(channelInput({ models }))).rejects.toMatchObject(tooLarge)
  await expect(
    scheduler.editChannel(channelInput({ name: 'other', models })),
  ).rejects.toMatchObject(tooLarge)
  const change = { baseUrl: 'https://api.example.test/' }
  expect(await scheduler.changeChannel({ channelId, change })).toMatchObject({ outcome: 'changed' })
})
