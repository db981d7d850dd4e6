import type { AdminOverview, LiveCounters } from '@sluice/contracts/control/admin'
import type { Charge, ChargeDetail, LedgerLine, UsageAnswer } from '@sluice/contracts/control/usage'
import { expect } from 'vitest'

import { ADMIN_EMAIL, must, PASSWORD, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { client, eventually } from '../harness/context.ts'

const GRANT_MICRO = 500_000_000n

/**
 * The lines of each charge add up to its amount, the charges add up to the usage, and the balance is the
 * granted amount minus the usage.
 */
export async function chargesAddUp(context: Context): Promise<void> {
  const asAdmin = await signIn(context, ADMIN_EMAIL)
  const { id, session, apiKey } = await createPayer(context, asAdmin)
  const openai = client(context, { apiKey })
  const picture = { model: 'gpt-image-2', prompt: 'a ledger', quality: 'low' } as const
  await openai.images.generate({ ...picture, n: 2, size: '1024x1024' })
  await openai.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: 'Write one short sentence about money.' }],
  })

  const charges = await eventually(async () => {
    const { items } = await must<{ items: Charge[] }>(context, 'listCharges', { as: session })
    const isSettled = items.length === 2 && items.every(({ state }) => state === 'charged')
    return isSettled ? items : undefined
  })
  expect(charges.map(({ kind }) => kind).sort()).toEqual(['images', 'tokens'])
  for (const charge of charges) await expectExplained(context, session, charge)

  const charged = sum(charges.map(({ charged_micro }) => BigInt(charged_micro)))
  const { totals } = await must<UsageAnswer>(context, 'getUsage', { as: session })
  expect(totals).toMatchObject({ requests: 2, pictures: 2, charged_micro: String(charged) })
  const overview = await eventually(async () => {
    const read = await must<{ balance: Record<string, string>; is_new: boolean }>(
      context,
      'getOverview',
      { as: session },
    )
    // An allowance for further calls stays held for some time, and is part of the posted balance.
    return BigInt(read.balance['posted_micro'] ?? 0) === GRANT_MICRO - charged ? read : undefined
  })
  expect(overview.is_new).toBe(false)

  const own = await must<{ items: LedgerLine[] }>(context, 'listLedger', { as: session })
  const seen = await must<{ items: LedgerLine[] }>(context, 'listUserLedger', {
    as: asAdmin,
    input: { params: { id } },
  })
  expect(seen.items.map((line) => line.id)).toEqual(
    expect.arrayContaining(own.items.map((line) => line.id)),
  )
  const { counters } = await must<AdminOverview>(context, 'getAdminOverview', { as: asAdmin })
  expect(BigInt(counters.money.charged_today_micro)).toBeGreaterThanOrEqual(charged)
  expect(counters.images.stored_today).toBeGreaterThanOrEqual(1)
}

async function createPayer(context: Context, asAdmin: string) {
  const email = 'payer@matrix.test'
  const { id } = await must<{ id: string }>(context, 'createUser', {
    as: asAdmin,
    input: { body: { email, password: PASSWORD } },
  })
  await must(context, 'grantCredits', {
    as: asAdmin,
    input: {
      params: { id },
      body: { amount_micro: String(GRANT_MICRO), note: 'to be added up' },
      headers: { 'idempotency-key': `grant to ${id}` },
    },
  })
  const session = await signIn(context, email)
  const { api_key: apiKey } = await must<{ api_key: string }>(context, 'createApiKey', {
    as: session,
    input: { body: { name: 'adding up' } },
  })
  return { id, session, apiKey }
}

async function expectExplained(context: Context, session: string, charge: Charge): Promise<void> {
  const detail = await must<ChargeDetail>(context, 'getCharge', {
    as: session,
    input: { params: { id: charge.id } },
  })
  const exact = detail.lines.map((line) => millionthsOf(line.amount_micro_exact))
  expect(sum(exact)).toBe(BigInt(charge.charged_micro) * 1_000_000n)
  expect(detail).toMatchObject({ state: 'charged', api_key: { name: 'adding up' } })
  expect(detail.price).not.toBeNull()
  expect(BigInt(detail.held_micro ?? 0)).toBe(
    BigInt(detail.captured_micro) + BigInt(detail.released_micro ?? 0),
  )
  const captures = detail.entries.filter(({ kind }) => kind === 'capture')
  expect(captures).toHaveLength(1)
  expect(BigInt(captures[0]?.amount_micro ?? 0)).toBeGreaterThanOrEqual(
    BigInt(charge.charged_micro),
  )
}

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n)

/** `-12.5` is -12,500,000 millionths. Independent of the product's own arithmetic, which is under test. */
function millionthsOf(text: string): bigint {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,6}))?$/.exec(text) ?? []
  const size = BigInt(whole + fraction.padEnd(6, '0'))
  return sign ? -size : size
}

/** The live counters of the admin overview include a request within seconds. */
export async function countersAreLive({ running, ...context }: Context): Promise<void> {
  const asAdmin = await signIn({ running }, ADMIN_EMAIL)
  const abort = new AbortController()
  const answer = await fetch(`${running.baseUrl}/api/admin/overview/live`, {
    headers: { authorization: `Bearer ${asAdmin}` },
    signal: abort.signal,
  })
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  const frames: LiveCounters[] = []
  const read = async () => {
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true })
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        const data = /^event: counters\ndata: (.*)$/.exec(event)?.[1]
        if (data) frames.push(JSON.parse(data))
      }
    }
  }
  const reading = read().catch(() => undefined)
  const first = await eventually(async () => frames[0])
  const openai = client({ running, ...context })
  await openai.images.generate({ model: 'gpt-image-2', prompt: 'watched', quality: 'low' })
  await eventually(async () =>
    frames.find(
      ({ images, requests }) =>
        images.stored_today > first.images.stored_today && requests.last_minute > 0,
    ),
  )
  abort.abort()
  await reading
}
