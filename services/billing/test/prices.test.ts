import type { ImagePriceStep } from '@sluice/contracts/prices'
import { sampleImagePrice, sampleTokenPrice } from '@sluice/contracts/testing/sample-price'
import { describe, expect, it, onTestFinished } from 'vitest'

import { PRICE_MICRO_MAX, STEP_PIXELS_MIN } from '../src/methods/add-price.ts'
import { id } from './ids.ts'
import { memoryLedger } from './ledgers.ts'
import { testBilling } from './test-billing.ts'

const images = (step: Partial<ImagePriceStep> = {}) =>
  sampleImagePrice({ microPerImage: 5n, ...step })

describe('adding a price', () => {
  it('inserts a row and announces catalog-changed', async () => {
    const { billing, bus, clock } = testBilling({ ledger: await memoryLedger() })
    const events: unknown[] = []
    await bus.subscribe('catalog-changed', (event) => void events.push(event))
    const row = { model: 'gpt-image-1', effectiveAt: clock.now(), price: images() }
    const { id } = await billing.addPrice({ row })
    await clock.advance(100)
    expect(events).toEqual([{}])
    expect((await billing.readPrices({})).rows).toContainEqual({ ...row, id })
  })

  it('succeeds while the bus is unavailable: the outbox relay publishes the event later', async () => {
    const installation = testBilling({ ledger: await memoryLedger() })
    await installation.bus.close()
    const row = { model: 'gpt-image-1', effectiveAt: installation.clock.now(), price: images() }
    const { id } = await installation.billing.addPrice({ row })
    expect((await installation.billing.readPrices({})).rows).toContainEqual({ ...row, id })
    expect(installation.log.lines).toContainEqual(expect.objectContaining({ level: 'warn' }))
  })

  it('takes effect at every replica within a second when the announcement is lost', async () => {
    const ledger = await memoryLedger()
    const one = testBilling({ ledger })
    // On another bus, so that it does not receive the announcement.
    const two = testBilling({ ledger, clock: one.clock, seed: 2 })
    await two.billing.start()
    onTestFinished(() => two.billing.stop())
    const wallet = id('wal', 1)
    await one.billing.grantCredits({
      transferId: 'gift',
      wallet,
      amountMicro: 9_000_000n,
      memo: '',
    })
    const hold = async (number: number) => {
      const picture = { width: 1024, height: 1024, quality: 'low' as const }
      const opened = await two.billing.openHold({
        wallet,
        ref: id('img', number),
        model: 'gpt-image-1',
        worstCase: { kind: 'images', pictures: [picture] },
        expiresAt: new Date(one.clock.nowMs() + 60_000),
      })
      return opened.outcome === 'opened' ? opened.amountMicro : opened.outcome
    }
    expect(await hold(1)).not.toBe(5n)
    const row = { model: 'gpt-image-1', effectiveAt: one.clock.now(), price: images() }
    await one.billing.addPrice({ row })
    await one.clock.advance(1_000)
    expect(await hold(2)).toBe(5n)
  })

  it.each([
    images({ microPerImage: PRICE_MICRO_MAX + 1n }),
    images({ pixelsMax: STEP_PIXELS_MIN - 1 }),
    sampleTokenPrice({ outputMicroPerMillion: PRICE_MICRO_MAX + 1n }),
  ])('refuses a price out of bounds: %#', async (price) => {
    const { billing, clock } = testBilling({ ledger: await memoryLedger() })
    const row = { model: 'gpt-image-1', effectiveAt: clock.now(), price }
    await expect(billing.addPrice({ row })).rejects.toMatchObject({ code: 'invalid_value' })
    expect((await billing.readPrices({})).rows).toHaveLength(2)
  })

  it('refuses a model whose name differs from another one only by case', async () => {
    const { billing, clock } = testBilling({ ledger: await memoryLedger() })
    const row = { model: 'gpt-image-1', effectiveAt: clock.now(), price: images() }
    await billing.addPrice({ row })
    const other = { ...row, model: 'GPT-\u0130mage-1' }
    await expect(billing.addPrice({ row: other })).rejects.toMatchObject({ code: 'invalid_value' })
    await billing.addPrice({ row })
  })
})
