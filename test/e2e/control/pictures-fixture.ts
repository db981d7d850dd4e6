import type { ImageTask, ImageTaskDetail } from '@sluice/contracts/control/images'
import { expect } from 'vitest'

import { ADMIN_EMAIL, must, PASSWORD, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'

const GRANT_MICRO = 500_000_000n

/** A user of the panel. */
export interface TestUser {
  id: string
  email: string
  wallet: string
  session: string
}

/** Creates a user, with credits unless they are 0. */
export async function newTestUser(
  context: Context,
  { name, grantMicro = GRANT_MICRO }: { name: string; grantMicro?: bigint },
): Promise<TestUser> {
  const asAdmin = await signIn(context, ADMIN_EMAIL)
  const email = `${name}@pictures.test`
  const { id } = await must<{ id: string }>(context, 'createUser', {
    as: asAdmin,
    input: { body: { email, password: PASSWORD } },
  })
  if (grantMicro > 0n)
    await must(context, 'grantCredits', {
      as: asAdmin,
      input: {
        params: { id },
        body: { amount_micro: String(grantMicro), note: 'for pictures' },
        headers: { 'idempotency-key': `grant to ${id}` },
      },
    })
  const [row] = await queryDatabase<{ wallet: string }>(
    context,
    'select wallet from users where id = $1',
    [id],
  )
  return { id, email, wallet: row?.wallet ?? '', session: await signIn(context, email) }
}

/** The installation by each of its gateways; twice the same if there is only one. */
export function gatewaysOf(context: Context): [gatewayA: Context, gatewayB: Context] {
  const { running } = context
  const baseUrl = running.otherBaseUrl ?? running.baseUrl
  return [context, { ...context, running: { ...running, baseUrl } }]
}

/** Requests that the simulator and the sandbox serve quickly. */
export const small = { model: 'gpt-image-2', quality: 'low', size: '1024x1024' }
export const tiny = { model: 'sandbox-image', quality: 'low', size: '512x512' }

export function generate(
  gateway: Context,
  { session }: TestUser,
  body: object,
  headers: Record<string, string> = {},
): Promise<ImageTaskDetail> {
  return must<ImageTaskDetail>(gateway, 'createImages', { as: session, input: { body, headers } })
}

export function read(
  gateway: Context,
  { session }: TestUser,
  id: string,
): Promise<ImageTaskDetail> {
  return must<ImageTaskDetail>(gateway, 'getImage', { as: session, input: { params: { id } } })
}

export async function listed(
  gateway: Context,
  { session }: TestUser,
  query: Record<string, string> = {},
): Promise<{ items: ImageTask[]; next_cursor: string | null }> {
  return must(gateway, 'listImages', { as: session, input: { query } })
}

/** Waits until the task has ended and its charge is settled. */
export function settled(
  gateway: Context,
  testUser: TestUser,
  id: string,
): Promise<ImageTaskDetail> {
  return eventually(async () => {
    const task = await read(gateway, testUser, id)
    return task.ended_at !== null && task.charged_micro !== null ? task : undefined
  }, 40_000)
}

/** Fetches a path at a gateway, with an optional session. */
export async function bytesOf(
  { running }: Context,
  { path, session }: { path: string; session?: string },
): Promise<{ status: number; type: string | null; bytes: Buffer }> {
  const headers = session === undefined ? {} : { authorization: `Bearer ${session}` }
  const answer = await fetch(`${running.baseUrl}${path}`, { headers })
  const bytes = Buffer.from(await answer.arrayBuffer())
  return { status: answer.status, type: answer.headers.get('content-type'), bytes }
}

/** Expects one hold for the task, captured once, with the charge that the task shows. */
export async function expectPaidOnce(
  context: Context,
  { wallet }: TestUser,
  { id, charged_micro: charged }: ImageTaskDetail,
): Promise<void> {
  const holds = await queryDatabase<{ id: string; state: string; captured: string }>(
    context,
    'select id, state, captured_micro::text as captured from holds where ref = $1 and wallet = $2',
    [id, wallet],
  )
  expect(holds).toEqual([{ id: expect.any(String), state: 'captured', captured: charged }])
  const captures = await queryDatabase<{ amount: string }>(
    context,
    `select amount_micro::text as amount from ledger_transfers where kind = 'capture' and hold_id = $1`,
    [holds[0]?.id],
  )
  expect(captures).toEqual([{ amount: charged }])
  expect(BigInt(charged ?? 0)).toBeGreaterThan(0n)
}

/** All holds of a wallet, with their captured amounts. */
export function holdsOf(context: Context, { wallet }: TestUser) {
  return queryDatabase<{ ref: string; state: string; captured: string }>(
    context,
    `select ref, state, captured_micro::text as captured from holds where wallet = $1 order by opened_at`,
    [wallet],
  )
}

/** A prompt with the wiring's name, because both wirings use the same upstream. */
export const prompted = ({ running }: Context, text: string) => `${text}, ${running.wiring}`

/** Upstream calls whose prompt contains this text. */
export const callsFor = ({ simulator }: Context, text: string) =>
  simulator.log().filter(({ prompt }) => prompt?.includes(text))
