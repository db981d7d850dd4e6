import { withCredits } from '@sluice/contracts/control/amounts'
import type { Billing, LedgerEntry } from '@sluice/contracts/billing.contract'
import type { ChargeAccount, ChargesQuery } from '@sluice/contracts/charges'
import { sampleImagePrice, samplePrice } from '@sluice/contracts/testing/sample-price'
import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, test } from 'vitest'

import { DAY_MS, job, NOON, wallet } from './samples.ts'
import { id, createFixture } from './fixture.ts'

const shownJob = {
  id: id('img', 1),
  kind: 'images',
  model: 'gpt-image-2',
  api_key: { id: id('key', 1), name: 'batch', prefix: 'sk-abc' },
  state: 'charged',
  charged_micro: '16000000',
  at: '2026-11-21T12:00:00.000Z',
}

describe('GET /api/user/charges', () => {
  test('lists charges with the names of their keys, page by page', async () => {
    const queries: ChargesQuery[] = []
    const panel = { ...job, id: id('img', 2), apiKeyId: id('key', 2) }
    const open = { ...job, id: id('img', 3), apiKeyId: null, state: 'open' as const }
    const listCharges: Billing['listCharges'] = async (query) => {
      queries.push(query)
      return { charges: [job, panel, open], next: { at: job.at, id: open.id } }
    }
    const { read } = await createFixture({ clock: fakeClock(NOON), billing: { listCharges } })
    const page = (await read('/api/user/charges?limit=3&kind=images&to=2026-11-21')) as {
      items: unknown[]
      next_cursor: string
    }
    expect(page.items).toEqual(
      withCredits([
        shownJob,
        { ...shownJob, id: panel.id, api_key: null },
        { ...shownJob, id: open.id, api_key: null, state: 'open' },
      ]),
    )
    await read(`/api/user/charges?cursor=${page.next_cursor}`)
    const until = new Date('2026-11-22T00:00:00.000Z')
    expect(queries).toEqual([
      { wallet, limit: 3, kind: 'images', until },
      { wallet, limit: 25, after: { at: job.at, id: open.id } },
    ])
  })

  test.each([
    ['cursor=x', '400 invalid_value cursor'],
    ['from=2026-11-22&to=2026-11-21', '400 invalid_value from'],
    ['kind=coffee', '400 invalid_value kind'],
    ['limit=101', '400 invalid_value limit'],
  ])('refuses %s', async (query, refusal) => {
    const { read } = await createFixture({ clock: fakeClock(NOON) })
    expect(await read(`/api/user/charges?${query}`)).toBe(refusal)
  })
})

const entry = (facts: Partial<LedgerEntry>): LedgerEntry => ({
  id: 'hold_1:capture',
  seq: 7n,
  kind: 'capture',
  debitAccount: `held:${wallet}`,
  creditAccount: `revenue:${wallet}`,
  amountMicro: 16_000_000n,
  holdId: 'hold_1',
  refType: 'job',
  refId: job.id,
  memo: null,
  createdAt: new Date(NOON),
  ...facts,
})
const shownEntry = {
  id: 'hold_1:capture',
  kind: 'capture',
  amount_micro: '16000000',
  available_change_micro: '0',
  debit_account: `held:${wallet}`,
  credit_account: `revenue:${wallet}`,
  charge_id: job.id,
  memo: null,
  at: '2026-11-21T12:00:00.000Z',
}

describe('GET /api/user/charges/{id}', () => {
  const account: ChargeAccount = {
    ...job,
    price: samplePrice({
      id: 'price_1',
      model: '*',
      effectiveAt: new Date(NOON - DAY_MS),
      price: sampleImagePrice({
        quality: 'high',
        pixelsMax: 2_000_000,
        microPerImage: 8_000_000n,
      }),
    }),
    usage: { kind: 'images', pictures: Array.from({ length: 3 }, () => picture) },
    source: 'upstream',
    heldMicro: 16_000_000n,
    capturedMicro: 16_000_000n,
    releasedMicro: 0n,
    lateMicro: 0n,
    receivableMicro: 0n,
    refundedMicro: 1n,
    lossMicro: 8_000_000n,
    openedAt: new Date(NOON),
    settledAt: new Date(NOON + 5_000),
  }

  test('explains a charge: its lines, the hold, and the ledger entries', async () => {
    const readCharge: Billing['readCharge'] = async ({ wallet: whose, id: which }) => {
      if (whose === wallet && which === job.id) return { ...account, entries: [entry({})] }
      throw new AppError('not_found', 'There is no such charge.', { param: 'id' })
    }
    const { read } = await createFixture({ clock: fakeClock(NOON), billing: { readCharge } })
    expect(await read(`/api/user/charges/${job.id}`)).toEqual(
      withCredits({
        ...shownJob,
        price: { id: 'price_1', model: '*', effective_at: '2026-11-20T12:00:00.000Z' },
        lines: [
          {
            unit: 'picture',
            quantity: 3,
            unit_price_micro: '8000000',
            detail: '1024x1024 · high',
            amount_micro_exact: '24000000',
          },
          {
            unit: 'platform-paid',
            quantity: 1,
            unit_price_micro: null,
            detail: null,
            amount_micro_exact: '-8000000',
          },
        ],
        counted_by: 'upstream',
        held_micro: '16000000',
        captured_micro: '16000000',
        released_micro: '0',
        late_micro: '0',
        owed_micro: '0',
        refunded_micro: '1',
        platform_paid_micro: '8000000',
        opened_at: '2026-11-21T12:00:00.000Z',
        settled_at: '2026-11-21T12:00:05.000Z',
        entries: [shownEntry],
      }),
    )
    expect(await read(`/api/user/charges/${id('img', 2)}`)).toBe('404 not_found id')
    expect(await read(`/api/user/charges/${job.id}`, 'at-root')).toBe('404 not_found id')
  })
})

const picture = { width: 1024, height: 1024, quality: 'high' as const }

describe('a statement', () => {
  const queries: unknown[] = []
  const listEntries: Billing['listEntries'] = async (query) => {
    queries.push(query)
    return { entries: [entry({})], next: 7n }
  }

  test('of the own wallet is paged newest first by cursor', async () => {
    const { read } = await createFixture({ clock: fakeClock(NOON), billing: { listEntries } })
    const page = { items: [shownEntry], next_cursor: '7' }
    expect(await read('/api/user/ledger')).toEqual(withCredits(page))
    expect(await read('/api/user/ledger?cursor=7&limit=1')).toEqual(withCredits(page))
    expect(queries.splice(0)).toEqual([
      { wallet, limit: 25 },
      { wallet, limit: 1, before: 7n },
    ])
    expect(await read('/api/user/ledger?cursor=x')).toBe('400 invalid_value cursor')
  })

  test('of another user requires the permission to read users', async () => {
    const { read } = await createFixture({ clock: fakeClock(NOON), billing: { listEntries } })
    const path = `/api/admin/users/${id('usr', 1)}/ledger`
    expect(await read(path)).toBe('403 permission_denied null')
    expect(await read(path, 'at-root')).toMatchObject({ items: [shownEntry] })
    expect(queries.splice(0)).toEqual([{ wallet, limit: 25 }])
    const unknownUser = `/api/admin/users/${id('usr', 404)}/ledger`
    expect(await read(unknownUser, 'at-root')).toBe('404 not_found null')
  })
})
