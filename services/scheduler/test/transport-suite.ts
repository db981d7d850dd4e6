import type { Scheduler } from '@sluice/contracts/scheduler.contract'
import { afterEach, beforeEach, expect, it } from 'vitest'

import type { SchedulerModule } from '../src/module.ts'
import type { Fixture } from './fixture.ts'
import { channelInput, createFixture, leaseInput } from './fixture.ts'

/** A transport to the module: direct calls, or a bus. */
export interface Transport {
  port: Scheduler
  close(): Promise<void>
}

/** Every method of the contract behaves the same over every transport. */
export function transportSuite(open: (scheduler: SchedulerModule) => Promise<Transport>): void {
  let fixture: Fixture
  let transport: Transport
  let port: Scheduler
  beforeEach(async () => {
    fixture = createFixture()
    transport = await open(await fixture.started())
    port = transport.port
  })
  afterEach(() => transport.close())

  const addPool = async (secrets: string[]) => {
    const { channelId } = await port.editChannel(channelInput())
    const credentials = secrets.map((secret) => ({ secret, concurrencyMax: 1 }))
    const imported = await port.importCredentials({ channelId, credentials })
    return { channelId, imported }
  }

  it('editChannel, importCredentials, readCatalog: a written channel is read', async () => {
    const { channelId, imported } = await addPool(['a', 'b', 'a'])
    expect(imported).toEqual({ added: 2, known: 1 })
    const { version, channels } = await port.readCatalog({})
    expect(version).toBe(2)
    expect(channels).toMatchObject([{ ...channelInput(), id: channelId }])
    expect(channels[0]?.credentials).toHaveLength(2)
  })

  it('createChannel, changeChannel: a channel with its credentials, and refused changes', async () => {
    const credentials = [{ secret: 'a', concurrencyMax: 3 }]
    const input = { ...channelInput(), credentials }
    const created = await port.createChannel(input)
    if (created.outcome !== 'created') throw new Error('the name exists')
    expect(await port.createChannel(input)).toEqual({ outcome: 'name-taken' })
    const { id: channelId } = created.channel
    expect(created.channel).toMatchObject({ ...channelInput(), credentials: [{ reason: null }] })
    const baseUrl = 'https://other.example.test/v1'
    const change = { baseUrl, weight: 5 }
    expect(await port.changeChannel({ channelId, change })).toEqual({ outcome: 'secrets-needed' })
    const moved = await port.changeChannel({ channelId, change, credentials })
    expect(moved).toMatchObject({ outcome: 'changed', retired: 0, channel: { baseUrl, weight: 5 } })
    const { channels } = await port.readCatalog({ fresh: true })
    expect(channels).toMatchObject([{ id: channelId, baseUrl }])
  })

  it('grantLease, renewLease, releaseLease: a whole lease, with times as Date objects', async () => {
    await addPool(['a'])
    const granted = await port.grantLease(leaseInput(fixture))
    if (granted.outcome !== 'granted') throw new Error('no slot was free')
    const { leaseId, expiresAt, fence } = granted.lease
    expect(expiresAt).toEqual(new Date(fixture.clock.nowMs() + 30_000))
    expect(Number.isSafeInteger(fence)).toBe(true)
    expect(await port.grantLease(leaseInput(fixture))).toEqual({
      outcome: 'busy',
      retryAt: new Date(fixture.clock.nowMs() + 1_000),
    })
    const renewed = await port.renewLease({ leaseId, ttlMs: 60_000 })
    expect(renewed).toEqual({
      outcome: 'renewed',
      expiresAt: new Date(fixture.clock.nowMs() + 60_000),
    })
    const retryAt = new Date(fixture.clock.nowMs() + 20_000)
    const outcome = { kind: 'limited', retryAt } as const
    expect(await port.releaseLease({ leaseId, outcome })).toEqual({ released: true })
    expect(await port.releaseLease({ leaseId, outcome })).toEqual({ released: false })
    expect(await port.renewLease({ leaseId, ttlMs: 60_000 })).toEqual({ outcome: 'lost' })
    expect(await port.grantLease(leaseInput(fixture))).toEqual({ outcome: 'busy', retryAt })
  })

  it('reportOutcomes, setCredentialState: attention by a report, and a resume by an operator', async () => {
    await addPool(['a'])
    const { channels } = await port.readCatalog({})
    const credentialId = channels[0]?.credentials[0]?.id ?? ''
    const outcome = { kind: 'unauthorised', reason: '401' } as const
    const reports = [{ credentialId, outcome, at: fixture.clock.now() }]
    expect(await port.reportOutcomes({ outcomes: reports })).toEqual({ applied: 1 })
    const credential = (await port.readCatalog({})).channels[0]?.credentials[0]
    expect(credential).toMatchObject({ state: 'attention', coolingUntil: null })
    expect(await port.grantLease(leaseInput(fixture))).toEqual({
      outcome: 'none',
      reason: 'credentials: 1 attention',
    })
    const resumed = await port.setCredentialState({ credentialId, state: 'active' })
    expect(resumed).toEqual({ changed: true })
    expect(await port.grantLease(leaseInput(fixture))).toMatchObject({ outcome: 'granted' })
  })

  it('countRetired: the credentials that the catalog leaves out', async () => {
    await addPool(['a', 'b'])
    const { channels } = await port.readCatalog({})
    const credentialId = channels[0]?.credentials[0]?.id ?? ''
    expect(await port.countRetired({})).toEqual({ retired: 0 })
    await port.setCredentialState({ credentialId, state: 'retired' })
    expect(await port.countRetired({})).toEqual({ retired: 1 })
  })

  it('an error has the same code and parameter', async () => {
    const unknown = port.setCredentialState({ credentialId: fixture.id('cred'), state: 'paused' })
    await expect(unknown).rejects.toMatchObject({ code: 'not_found' })
    const bad = port.editChannel(channelInput({ baseUrl: 'nowhere' }))
    await expect(bad).rejects.toMatchObject({ code: 'invalid_value', param: 'baseUrl' })
  })
}
