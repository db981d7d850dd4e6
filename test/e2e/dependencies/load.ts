import { expect } from 'vitest'

import { checkLedger } from '../harness/check-ledger.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'
import { awaitPicture, pollPicture } from './pictures.ts'
import type { Load } from './load-results.ts'
import { emptyLoad } from './load-results.ts'

const REQUEST_TIMEOUT_MS = 15_000
const CONCURRENCY = 4
const SETTLE_TIMEOUT_MS = 60_000

const chatBody = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'count to three' }],
})

/** One chat request, without retries. */
async function chat(context: Context, load: Load, baseUrl = context.running.baseUrl) {
  try {
    const answer = await fetch(`${baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${context.running.apiKey}`,
        'content-type': 'application/json',
      },
      body: chatBody,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    })
    await answer.arrayBuffer()
    if (answer.status === 200) load.delivered.push(answer.headers.get('x-request-id') ?? '')
    else load.failed.push(answer.status)
  } catch {
    load.failed.push(0)
  }
}

/** Sends this many chats, some concurrently. */
export async function chats(context: Context, count: number): Promise<Load> {
  const load = emptyLoad()
  let left = count
  const caller = async () => {
    while (left > 0) {
      left -= 1
      await chat(context, load)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, caller))
  return load
}

/**
 * Callers continuously chat, wait for pictures and poll tasks, from before `disturb` until chats and pictures
 * started after it were answered.
 */
export async function underLoad(
  context: Context,
  disturb: () => Promise<void>,
  { baseUrl = context.running.baseUrl }: { baseUrl?: string } = {},
): Promise<Load> {
  const load = emptyLoad()
  const stop = new AbortController()
  const repeat = async (send: () => Promise<void>) => {
    while (!stop.signal.aborted) await send()
  }
  const callers = [
    ...Array.from({ length: CONCURRENCY }, () => repeat(() => chat(context, load, baseUrl))),
    repeat(() => awaitPicture({ context, load, baseUrl })),
    repeat(() => pollPicture({ context, load, baseUrl })),
  ]
  const untilMore = async (withinMs?: number) => {
    const [chats, pictures] = [load.delivered.length, load.generated.length]
    const isMore = () =>
      load.delivered.length > chats + CONCURRENCY && load.generated.length > pictures + 1
    await eventually(async () => (isMore() ? true : undefined), withinMs)
  }
  try {
    await untilMore()
    await disturb()
    await untilMore(SETTLE_TIMEOUT_MS)
  } finally {
    stop.abort()
    await Promise.all(callers)
  }
  return load
}

/** Waits until each delivered chat and each picture is in the ledger, once, and the ledger verifies. */
export async function expectCharged(context: Context, load: Load): Promise<void> {
  const { tasks, generated } = load
  expect(tasks).toEqual(expect.arrayContaining(generated))
  await untilCaptured(context, load)
  expect(await checkLedger(context)).toEqual([])
  expect(await capturesOf(context, tasks)).toEqual(tasks.map((id) => ({ id, ...generatedAndPaid })))
}

/** Waits until each delivered chat is in the ledger, once. */
export async function untilCaptured(context: Context, { delivered }: Load): Promise<void> {
  expect(delivered.length).toBeGreaterThan(0)
  expect(new Set(delivered).size).toBe(delivered.length)
  await eventually(async () => {
    const [row] = await queryDatabase<{ count: string }>(
      context,
      'select count(*)::text as count from usage_records where request_id = any($1)',
      [delivered],
    )
    return Number(row?.count) === delivered.length ? true : undefined
  }, SETTLE_TIMEOUT_MS)
}

const generatedAndPaid = { state: 'done', hold: 'captured', captures: 1 }

/** The states, holds and captures of these tasks, in their order. */
function capturesOf(context: Context, tasks: readonly string[]) {
  return queryDatabase(
    context,
    `select requested.id, j.state, h.state as hold,
        (select count(*)::int from ledger_transfers t where t.hold_id = h.id and t.kind = 'capture') as captures
      from unnest($1::text[]) with ordinality as requested (id, nth)
      left join image_jobs j on j.id = requested.id
      left join holds h on h.purpose = 'job' and h.ref = requested.id
      order by nth`,
    [tasks],
  )
}
