import { expect } from 'vitest'

import { ADMIN_EMAIL, must, PASSWORD, send, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'

type Answer = Record<string, unknown>

/**
 * Amounts may be JSON numbers or decimal strings of credits, or exact under `…_micro`; every answer has both
 * forms, and the ledger has the same amounts.
 */
export async function amountsInCredits(context: Context): Promise<void> {
  const asAdmin = await signIn(context, ADMIN_EMAIL)
  const email = 'amounts@matrix.test'
  const { id } = await must<{ id: string }>(context, 'createUser', {
    as: asAdmin,
    input: { body: { email, password: PASSWORD } },
  })
  const grant = (body: object) =>
    must<{ balance: Answer; fresh: boolean }>(context, 'grantCredits', {
      as: asAdmin,
      input: { params: { id }, body: { note: 'a grant', ...body } },
    })
  const balances: [object, string, string][] = [
    [{ amount: 10_000 }, '10000', '10000000000'],
    [{ amount: '12.5' }, '10012.5', '10012500000'],
    [{ amount: 0.000001 }, '10012.500001', '10012500001'],
    [{ amount_micro: '499999' }, '10013', '10013000000'],
    // Without an Idempotency-Key the same grant is repeated.
    [{ amount: 10_000 }, '20013', '20013000000'],
  ]
  for (const [body, posted, posted_micro] of balances) {
    const { balance, fresh } = await grant(body)
    expect({ fresh, balance }).toMatchObject({ fresh: true, balance: { posted, posted_micro } })
  }
  const { running } = context
  const twice = await fetch(`${running.baseUrl}/api/admin/users/${id}/credits`, {
    method: 'POST',
    headers: { authorization: `Bearer ${asAdmin}`, 'content-type': 'application/json' },
    body: '{"amount":1,"note":"a grant","amount":1000}',
  })
  expect(twice.status).toBe(400)
  expect(await twice.json()).toMatchObject({ error: { code: 'invalid_value', param: 'amount' } })
  const [row] = await queryDatabase<{ total: string }>(
    context,
    `select sum(balance_micro)::text as total from ledger_accounts join users on owner = wallet
      where users.id = $1 and kind in ('available', 'held')`,
    [id],
  )
  expect(row?.total).toBe('20013000000')

  const session = await signIn(context, email)
  const create = (body: object) =>
    must<Answer>(context, 'createApiKey', { as: session, input: { body: { name: 'q', ...body } } })
  const made = await create({ daily_quota: 1_000 })
  expect(made).toMatchObject({ daily_quota: '1000', daily_quota_micro: '1000000000' })
  const params = { id: String(made['id']) }
  const edited = await must<Answer>(context, 'editApiKey', {
    as: session,
    input: { params, body: { daily_quota: '12.5' } },
  })
  const both = { daily_quota: '12.5', daily_quota_micro: '12500000', spent_today: '0' }
  expect(edited).toMatchObject(both)
  const read = await must<Answer>(context, 'getApiKey', { as: session, input: { params } })
  expect(read).toMatchObject(both)

  const refused = await send(context, 'createApiKey', {
    as: session,
    input: { body: { name: 'q', daily_quota: '1.0000001' } },
  })
  expect(refused.status).toBe(400)
  expect(JSON.parse(refused.text)).toMatchObject({ error: { param: 'daily_quota' } })
}
