import { expect } from 'vitest'

import { ADMIN_EMAIL, must, PASSWORD, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { call, eventually } from '../harness/context.ts'

/** A ban takes effect on sessions and API keys at every gateway, and so does lifting it. */
export async function banStops(context: Context): Promise<void> {
  const { running } = context
  const asAdmin = await signIn(context, ADMIN_EMAIL)
  const email = 'mallory@matrix.test'
  const { id } = await must<{ id: string }>(context, 'createUser', {
    as: asAdmin,
    input: { body: { email, password: PASSWORD } },
  })
  const session = await signIn(context, email)
  const { api_key: apiKey } = await must<{ api_key: string }>(context, 'createApiKey', {
    as: session,
    input: { body: { name: 'mine' } },
  })
  const gateways = [running.baseUrl, ...(running.otherBaseUrl ? [running.otherBaseUrl] : [])]
  const statuses = async (path: string, token: string) =>
    Promise.all(
      gateways.map(async (gateway) => {
        const headers = { authorization: `Bearer ${token}` }
        const answer = await fetch(`${gateway}${path}`, { headers })
        await answer.arrayBuffer()
        return answer.status
      }),
    )
  expect(new Set(await statuses('/v1/models', apiKey))).toEqual(new Set([200]))
  expect(new Set(await statuses('/api/me', session))).toEqual(new Set([200]))

  const ban = (banned: boolean) =>
    must(context, 'editUser', {
      as: asAdmin,
      input: { params: { id }, body: banned ? { banned, ban_reason: 'spam' } : { banned } },
    })
  await ban(true)
  const bannedAt = performance.now()
  // Sessions are looked up for each request, so the ban takes effect immediately.
  for (const status of await statuses('/api/me', session)) expect([401, 403]).toContain(status)
  await eventually(async () => {
    const seen = await statuses('/v1/models', apiKey)
    return seen.every((status) => status === 401 || status === 403) ? true : undefined
  })
  process.stderr.write(`banned key refused after ${Math.round(performance.now() - bannedAt)} ms\n`)
  await expect(signIn(context, email)).rejects.toThrow(/403/)

  await ban(false)
  expect(await signIn(context, email)).toBeTypeOf('string')
  await eventually(async () => {
    const seen = await statuses('/v1/models', apiKey)
    return seen.every((status) => status === 200) ? true : undefined
  })
  expect((await call(context, '/v1/models')).status).toBe(200)
}
