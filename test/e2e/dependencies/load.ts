import { expect } from 'vitest'

import { checkBooks } from '../harness/check-books.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'
import { awaitPicture, pollPicture } from './pictures.ts'
import type { Load } from './seen.ts'
import { emptyLoad } from './seen.ts'

const CALLER_WAITS_MS = 15_000
const LOADED_BY = 4
const SETTLED_WITHIN_MS = 60_000

const chatBody = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'count to three' }],
})

/** One chat at this address, by a caller that does not repeat it. */
async function chat(context: Context, load: Load, baseUrl = context.running.baseUrl) {
  try {
    const answer = await fetch(`${baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${context.running.apiKey}`,
        'content-type': 'application/json',
      },
      body: chatBody,
      signal: AbortSignal.timeout(CALLER_WAITS_MS),
    })
    await answer.arrayBuffer()
    if (answer.status === 200) load.delivered.push(answer.headers.get('x-request-id') ?? '')
    else load.failed.push(answer.status)
  } catch {
    load.failed.push(0)
  }
}

/** So many chats, some at a time. */
export async function chats(context: Context, count: number): Promise<Load> {
  const load = emptyLoad()
  let left = count
  const caller = async () => {
    while (left > 0) {
      left -= 1
      await chat(context, load)
    }
  }
  await Promise.all(Array.from({ length: LOADED_BY }, caller))
  return load
}

/**
 * Callers chat, wait for pictures and ask for tasks without a pause, from before `disturb` until chats and
 * pictures that began after it were answered.
 */
export async function underLoad(
  context: Context,
  disturb: () => Promise<void>,
  { baseUrl = context.running.baseUrl }: { baseUrl?: string } = {},
): Promise<Load> {
  const load = emptyLoad()
  const over = new AbortController()
  const again = async (once: () => Promise<void>) => {
    while (!over.signal.aborted) await once()
  }
  const callers = [
    ...Array.from({ length: LOADED_BY }, () => again(() => chat(context, load, baseUrl))),
    again(() => awaitPicture({ context, load, baseUrl })),
    again(() => pollPicture({ context, load, baseUrl })),
  ]
  const more = async (withinMs?: number) => {
    const [chatted, drawn] = [load.delivered.length, load.drawn.length]
    const isMore = () =>
      load.delivered.length > chatted + LOADED_BY && load.drawn.length > drawn + 1
    await eventually(async () => (isMore() ? true : undefined), withinMs)
  }
  try {
    await more()
    await disturb()
    await more(SETTLED_WITHIN_MS)
  } finally {
    over.abort()
    await Promise.all(callers)
  }
  return load
}

/** Waits until each delivered chat and each picture is in the book, once, and the book verifies. */
export async function expectCharged(context: Context, load: Load): Promise<void> {
  const { tasks, drawn } = load
  expect(tasks).toEqual(expect.arrayContaining(drawn))
  await untilCaptured(context, load)
  expect(await checkBooks(context)).toEqual([])
  expect(await capturesOf(context, tasks)).toEqual(tasks.map((id) => ({ id, ...generatedAndPaid })))
}

/** Waits until each delivered chat is in the book, once. */
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
  }, SETTLED_WITHIN_MS)
}

const generatedAndPaid = { state: 'done', hold: 'captured', captures: 1 }

/** What became of these tasks, in their order; the books were waited for. */
function capturesOf(context: Context, tasks: readonly string[]) {
  return queryDatabase(
    context,
    `select asked.id, j.state, h.state as hold,
        (select count(*)::int from ledger_transfers t where t.hold_id = h.id and t.kind = 'capture') as captures
      from unnest($1::text[]) with ordinality as asked (id, nth)
      left join image_jobs j on j.id = asked.id
      left join holds h on h.purpose = 'job' and h.ref = asked.id
      order by nth`,
    [tasks],
  )
}
