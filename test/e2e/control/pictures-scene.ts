import type { ImageTask, ImageTaskDetail } from '@sluice/contracts/control/images'
import { expect } from 'vitest'

import { ADMIN_EMAIL, must, PASSWORD, signIn } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'

const GIFT_MICRO = 500_000_000n

/** Somebody who draws at the panel. */
export interface TestUser {
  id: string
  email: string
  wallet: string
  session: string
}

/** An account of its own, with credits unless they are 0. */
export async function newTestUser(
  context: Context,
  { name, giftMicro = GIFT_MICRO }: { name: string; giftMicro?: bigint },
): Promise<TestUser> {
  const asAdmin = await signIn(context, ADMIN_EMAIL)
  const email = `${name}@pictures.test`
  const { id } = await must<{ id: string }>(context, 'createUser', {
    as: asAdmin,
    input: { body: { email, password: PASSWORD } },
  })
  if (giftMicro > 0n)
    await must(context, 'grantCredits', {
      as: asAdmin,
      input: {
        params: { id },
        body: { amount_micro: String(giftMicro), note: 'for paint' },
        headers: { 'idempotency-key': `gift to ${id}` },
      },
    })
  const [row] = await queryDatabase<{ wallet: string }>(
    context,
    'select wallet from users where id = $1',
    [id],
  )
  return { id, email, wallet: row?.wallet ?? '', session: await signIn(context, email) }
}

/** The same house by each of its doors; where there is one only, twice that. */
export function gatewaysOf(context: Context): [here: Context, there: Context] {
  const { running } = context
  const baseUrl = running.otherBaseUrl ?? running.baseUrl
  return [context, { ...context, running: { ...running, baseUrl } }]
}

/** What the simulator and the sandbox draw quickly. */
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

/** The task once it has ended and its money is settled. */
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

/** Bytes of a path at a door, by session. */
export async function bytesOf(
  { running }: Context,
  { path, session }: { path: string; session?: string },
): Promise<{ status: number; type: string | null; bytes: Buffer }> {
  const headers = session === undefined ? {} : { authorization: `Bearer ${session}` }
  const answer = await fetch(`${running.baseUrl}${path}`, { headers })
  const bytes = Buffer.from(await answer.arrayBuffer())
  return { status: answer.status, type: answer.headers.get('content-type'), bytes }
}

/** One hold of the task's name, captured once, for what the task says that it cost. */
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

/** Everything that a wallet has had held, and whether anything of it was captured. */
export function holdsOf(context: Context, { wallet }: TestUser) {
  return queryDatabase<{ ref: string; state: string; captured: string }>(
    context,
    `select ref, state, captured_micro::text as captured from holds where wallet = $1 order by opened_at`,
    [wallet],
  )
}

/** Words of this wiring alone: both have the same upstream. */
export const prompted = ({ running }: Context, words: string) => `${words}, ${running.wiring}`

/** Calls of the upstream that had these words in their prompt. */
export const callsFor = ({ simulator }: Context, words: string) =>
  simulator.log().filter(({ prompt }) => prompt?.includes(words))
