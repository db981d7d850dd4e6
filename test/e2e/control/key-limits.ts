import type { ShownApiKey } from '@sluice/contracts/control/apikeys'
import type { Charge } from '@sluice/contracts/control/usage'
import { expect } from 'vitest'

import { ADMIN_EMAIL, must, PASSWORD, send, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'

const PARALLEL = 8
const picture = { model: 'gpt-image-2', prompt: 'a limit', quality: 'low', size: '1024x1024' }

/**
 * A key spends at most its daily quota across all gateways; changes by its owner take effect at every gateway
 * within seconds.
 */
export async function keyLimitsHold(context: Context): Promise<void> {
  const session = await createSpender(context)
  const { id, api_key: apiKey } = await must<ShownApiKey & { api_key: string }>(
    context,
    'createApiKey',
    { as: session, input: { body: { name: 'limited', daily_quota_micro: '100000000' } } },
  )
  const { baseUrl, otherBaseUrl = baseUrl } = context.running
  const generate = (gateway: string) => post(`${gateway}/v1/images/generations`, apiKey)
  const read = () =>
    must<ShownApiKey>(context, 'getApiKey', { as: session, input: { params: { id } } })
  const edit = (body: object) =>
    must<ShownApiKey>(context, 'editApiKey', { as: session, input: { params: { id }, body } })
  const charged = async () => {
    const { items } = await must<{ items: Charge[] }>(context, 'listCharges', { as: session })
    return items.reduce((sum, { charged_micro }) => sum + BigInt(charged_micro), 0n)
  }
  /** Waits until nothing is reserved, so that the spent amount is the charged amount. */
  const settled = (pictures: number) =>
    eventually(async () => {
      const { items } = await must<{ items: Charge[] }>(context, 'listCharges', { as: session })
      const paid = items.filter(({ state }) => state === 'charged')
      const isOver = paid.length === pictures && items.every(({ state }) => state !== 'open')
      const { spent_today_micro: spent } = await read()
      return isOver && BigInt(spent) === (await charged()) ? BigInt(spent) : undefined
    })

  expect(await generate(baseUrl)).toBe(200)
  const oneMicro = await settled(1)
  expect(oneMicro).toBeGreaterThan(0n)
  await eventually(async () => (await read()).last_used_at ?? undefined)

  const quotaMicro = oneMicro * 4n
  await edit({ daily_quota_micro: String(quotaMicro) })
  const statuses = await Promise.all(
    Array.from({ length: PARALLEL }, (_none, n) => generate(n % 2 === 0 ? baseUrl : otherBaseUrl)),
  )
  expect(new Set(statuses)).toEqual(new Set([200, 429]))
  const generated = statuses.filter((status) => status === 200).length
  expect(await settled(1 + generated)).toBeLessThanOrEqual(quotaMicro)

  await edit({ daily_quota: null, ip_whitelist: ['203.0.113.0/24'] })
  await everywhere(context, apiKey, 403)
  await edit({ ip_whitelist: ['127.0.0.0/8', '::1'] })
  await everywhere(context, apiKey, 200)
  const revoked = await send(context, 'revokeApiKey', { as: session, input: { params: { id } } })
  expect(revoked.status).toBe(204)
  await everywhere(context, apiKey, 401)
}

async function createSpender(context: Context): Promise<string> {
  const asAdmin = await signIn(context, ADMIN_EMAIL)
  const email = 'spender@matrix.test'
  const { id } = await must<{ id: string }>(context, 'createUser', {
    as: asAdmin,
    input: { body: { email, password: PASSWORD } },
  })
  await must(context, 'grantCredits', {
    as: asAdmin,
    input: {
      params: { id },
      body: { amount_micro: '500000000', note: 'to be spent' },
      headers: { 'idempotency-key': `grant to ${id}` },
    },
  })
  return signIn(context, email)
}

async function post(url: string, apiKey: string): Promise<number> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(picture),
  })
  await answer.arrayBuffer()
  return answer.status
}

async function everywhere({ running }: Context, apiKey: string, status: number): Promise<void> {
  const gateways = [running.baseUrl, ...(running.otherBaseUrl ? [running.otherBaseUrl] : [])]
  await eventually(async () => {
    const seen = await Promise.all(
      gateways.map(async (gateway) => {
        const headers = { authorization: `Bearer ${apiKey}` }
        const answer = await fetch(`${gateway}/v1/models`, { headers })
        await answer.arrayBuffer()
        return answer.status
      }),
    )
    return seen.every((one) => one === status) ? true : undefined
  })
}
