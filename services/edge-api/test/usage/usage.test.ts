import type { Billing, LedgerEntry } from '@sluice/contracts/billing.contract'
import type {
  ChargeAccount,
  ChargeFacts,
  ChargesQuery,
  UsageSumQuery,
} from '@sluice/contracts/charges'
import { AppError } from '@sluice/kernel/app-error'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { describe, expect, test } from 'vitest'

import type { RequestRecord } from '../../src/request.ts'
import { id, world } from './world.ts'

const NOON = Date.UTC(2026, 10, 21, 12)
const DAY_MS = 86_400_000
const wallet = id('wal', 1)

const logged = (number: number, facts: Partial<RequestRecord> = {}): RequestRecord => ({
  requestId: id('req', number),
  apiKeyId: id('key', 1),
  wallet,
  route: '/v1/chat/completions',
  model: 'gpt-5',
  channelId: null,
  credentialId: null,
  status: 200,
  errorCode: null,
  streamed: false,
  attempts: 1,
  inputTokens: null,
  outputTokens: null,
  amountMicro: 0n,
  firstByteMs: null,
  durationMs: 100 * number,
  receivedAtMs: NOON,
  ...facts,
})
const sum = (facts: object = {}) => ({
  day: '2026-11-21',
  model: 'gpt-5',
  calls: 1,
  inputTokens: 10,
  outputTokens: 20,
  pictures: 0,
  chargedMicro: 30n,
  ...facts,
})
const zeros = {
  requests: 0,
  failures: 0,
  input_tokens: 0,
  output_tokens: 0,
  pictures: 0,
  charged_micro: '0',
}

describe('GET /api/user/usage', () => {
  test('merges the ledger and the log of the days, models and keys that were asked for', async () => {
    const asked: UsageSumQuery[] = []
    const readUsage: Billing['readUsage'] = async (query) => {
      asked.push(query)
      return { rows: [sum()] }
    }
    const { read, requestLogStore } = await world({
      clock: fakeClock(NOON),
      billing: { readUsage },
    })
    await requestLogStore.append([
      logged(1),
      logged(2, { errorCode: 'upstream_failed', status: 502 }),
      logged(3, { model: null, errorCode: 'model_not_found', status: 404 }),
      logged(4, { wallet: id('wal', 2) }),
    ])
    const row = { day: '2026-11-21', model: 'gpt-5', input_tokens: 10, output_tokens: 20 }
    expect(await read('/api/user/usage')).toEqual({
      from: '2026-11-08',
      to: '2026-11-21',
      rows: [
        { ...row, requests: 2, failures: 1, pictures: 0, charged_micro: '30' },
        { ...zeros, day: '2026-11-21', model: '', requests: 1, failures: 1 },
      ],
      totals: {
        requests: 3,
        failures: 2,
        input_tokens: 10,
        output_tokens: 20,
        pictures: 0,
        charged_micro: '30',
      },
    })
    await read(`/api/user/usage?from=2026-11-20&to=2026-11-20&model=x&api_key_id=${id('key', 1)}`)
    expect(asked.at(-1)).toEqual({
      wallet,
      from: new Date('2026-11-20T00:00:00.000Z'),
      until: new Date('2026-11-21T00:00:00.000Z'),
      model: 'x',
      apiKeyId: id('key', 1),
    })
  })

  test.each([
    ['from=2026-11-22&to=2026-11-21', '400 invalid_value from'],
    ['from=2024-01-01&to=2026-11-21', '400 invalid_value from'],
    ['from=yesterday', '400 invalid_value from'],
    ['to=2026-02-30', '400 invalid_value to'],
    ['api_key_id=x', '400 invalid_value api_key_id'],
    ['wallet=x', '400 invalid_value wallet'],
  ])('refuses %s, and says what is wrong', async (query, refusal) => {
    const { read } = await world({ clock: fakeClock(NOON) })
    expect(await read(`/api/user/usage?${query}`)).toBe(refusal)
  })

  test('says so when the ledger is away, instead of showing zeros', async () => {
    const readUsage: Billing['readUsage'] = async () => {
      throw new AppError('unavailable', 'billing is away')
    }
    const { read } = await world({ clock: fakeClock(NOON), billing: { readUsage } })
    expect(await read('/api/user/usage')).toBe('503 unavailable null')
  })
})

describe('GET /api/user/overview', () => {
  const balance = { postedMicro: 9n, heldMicro: 2n, availableMicro: 7n }
  const readBalance: Billing['readBalance'] = async () => balance
  const noCharges: Billing['listCharges'] = async () => ({ charges: [], next: null })

  test('has a point for every day, the stretch before, today, latency, and the dearest models', async () => {
    const readUsage: Billing['readUsage'] = async ({ from }) => ({
      rows:
        from < new Date(NOON - 3 * DAY_MS)
          ? [sum({ day: '2026-11-18', chargedMicro: 5n })]
          : [
              sum({ day: '2026-11-19', model: 'gpt-image-2', pictures: 2, chargedMicro: 40n }),
              sum(),
            ],
    })
    const { read, requestLogStore } = await world({
      clock: fakeClock(NOON),
      billing: { readUsage, readBalance },
    })
    await requestLogStore.append([logged(1), logged(2), logged(9, { receivedAtMs: NOON - DAY_MS })])
    const overview = await read('/api/user/overview?days=3')
    const own = { input_tokens: 10, output_tokens: 20, pictures: 0 }
    const today = { ...own, requests: 2, failures: 0, charged_micro: '30' }
    const first = { ...own, requests: 1, failures: 0, pictures: 2, charged_micro: '40' }
    expect(overview).toEqual({
      balance: { posted_micro: '9', held_micro: '2', available_micro: '7' },
      from: '2026-11-19',
      to: '2026-11-21',
      totals: {
        requests: 4,
        failures: 0,
        input_tokens: 20,
        output_tokens: 40,
        pictures: 2,
        charged_micro: '70',
      },
      before: { ...own, requests: 1, failures: 0, charged_micro: '5' },
      today,
      days: [
        { day: '2026-11-19', ...first, p50_ms: null, p95_ms: null },
        { ...zeros, day: '2026-11-20', requests: 1, p50_ms: 900, p95_ms: 900 },
        { day: '2026-11-21', ...today, p50_ms: 100, p95_ms: 200 },
      ],
      latency: { p50_ms: 200, p95_ms: 900 },
      top_models: [
        { model: 'gpt-image-2', ...first },
        { model: 'gpt-5', ...today, requests: 3 },
      ],
      is_new: false,
    })
  })

  test('knows who has never asked for anything from who was away for a while', async () => {
    const readUsage: Billing['readUsage'] = async () => ({ rows: [] })
    const isNew = async (billing: Partial<Billing>, rows: RequestRecord[] = []) => {
      const made = await world({
        clock: fakeClock(NOON),
        billing: { readUsage, readBalance, ...billing },
      })
      await made.requestLogStore.append(rows)
      return made.read('/api/user/overview?days=1')
    }
    const charged: Billing['listCharges'] = async () => ({ charges: [job], next: null })
    const old = logged(1, { receivedAtMs: NOON - 9 * DAY_MS })
    expect(await isNew({ listCharges: noCharges })).toMatchObject({ is_new: true })
    expect(await isNew({ listCharges: charged })).toMatchObject({ is_new: false })
    expect(await isNew({ listCharges: noCharges }, [old])).toMatchObject({ is_new: false })
  })

  test.each(['0', '367', 'all', '1.5'])('refuses %s days', async (days) => {
    const { read } = await world({ clock: fakeClock(NOON) })
    expect(await read(`/api/user/overview?days=${days}`)).toBe('400 invalid_value days')
  })

  test('names its own parameter when there is too much for one answer', async () => {
    const readUsage: Billing['readUsage'] = async () => {
      throw new AppError('invalid_value', 'too many', { param: 'from' })
    }
    const { read } = await world({ clock: fakeClock(NOON), billing: { readUsage, readBalance } })
    expect(await read('/api/user/overview')).toBe('400 invalid_value days')
  })
})

const job: ChargeFacts = {
  id: id('img', 1),
  kind: 'images',
  model: 'gpt-image-2',
  apiKeyId: id('key', 1),
  state: 'charged',
  chargedMicro: 16_000_000n,
  at: new Date(NOON),
}
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
    const asked: ChargesQuery[] = []
    const panel = { ...job, id: id('img', 2), apiKeyId: id('key', 2) }
    const open = { ...job, id: id('img', 3), apiKeyId: null, state: 'open' as const }
    const listCharges: Billing['listCharges'] = async (query) => {
      asked.push(query)
      return { charges: [job, panel, open], next: { at: job.at, id: open.id } }
    }
    const { read } = await world({ clock: fakeClock(NOON), billing: { listCharges } })
    const page = (await read('/api/user/charges?limit=3&kind=images&to=2026-11-21')) as {
      items: unknown[]
      next_cursor: string
    }
    expect(page.items).toEqual([
      shownJob,
      { ...shownJob, id: panel.id, api_key: null },
      { ...shownJob, id: open.id, api_key: null, state: 'open' },
    ])
    await read(`/api/user/charges?cursor=${page.next_cursor}`)
    const until = new Date('2026-11-22T00:00:00.000Z')
    expect(asked).toEqual([
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
    const { read } = await world({ clock: fakeClock(NOON) })
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
    price: {
      id: 'price_1',
      model: '*',
      effectiveAt: new Date(NOON - DAY_MS),
      price: {
        kind: 'images',
        steps: [{ quality: 'high', pixelsMax: 2_000_000, microPerImage: 8_000_000n }],
      },
    },
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

  test('explains a charge: lines that add up, what was held, and the entries that carry it', async () => {
    const readCharge: Billing['readCharge'] = async ({ wallet: whose, id: which }) => {
      if (whose === wallet && which === job.id) return { ...account, entries: [entry({})] }
      throw new AppError('not_found', 'There is no such charge.', { param: 'id' })
    }
    const { read } = await world({ clock: fakeClock(NOON), billing: { readCharge } })
    expect(await read(`/api/user/charges/${job.id}`)).toEqual({
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
          unit: 'house-paid',
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
      house_paid_micro: '8000000',
      opened_at: '2026-11-21T12:00:00.000Z',
      settled_at: '2026-11-21T12:00:05.000Z',
      entries: [shownEntry],
    })
    expect(await read(`/api/user/charges/${id('img', 2)}`)).toBe('404 not_found id')
    expect(await read(`/api/user/charges/${job.id}`, 'at-root')).toBe('404 not_found id')
  })
})

const picture = { width: 1024, height: 1024, quality: 'high' as const }

describe('a statement', () => {
  const asked: unknown[] = []
  const listEntries: Billing['listEntries'] = async (query) => {
    asked.push(query)
    return { entries: [entry({})], next: 7n }
  }

  test('is one’s own, newest first, by cursor', async () => {
    const { read } = await world({ clock: fakeClock(NOON), billing: { listEntries } })
    const page = { items: [shownEntry], next_cursor: '7' }
    expect(await read('/api/user/ledger')).toEqual(page)
    expect(await read('/api/user/ledger?cursor=7&limit=1')).toEqual(page)
    expect(asked.splice(0)).toEqual([
      { wallet, limit: 25 },
      { wallet, limit: 1, before: 7n },
    ])
    expect(await read('/api/user/ledger?cursor=x')).toBe('400 invalid_value cursor')
  })

  test('of another is for those who may see people', async () => {
    const { read } = await world({ clock: fakeClock(NOON), billing: { listEntries } })
    const path = `/api/admin/users/${id('usr', 1)}/ledger`
    expect(await read(path)).toBe('403 permission_denied null')
    expect(await read(path, 'at-root')).toMatchObject({ items: [shownEntry] })
    expect(asked.splice(0)).toEqual([{ wallet, limit: 25 }])
    const nobody = `/api/admin/users/${id('usr', 404)}/ledger`
    expect(await read(nobody, 'at-root')).toBe('404 not_found null')
  })
})
