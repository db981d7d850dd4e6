import { expect } from 'vitest'

import { checkBooks } from '../harness/check-books.ts'
import type { Context } from '../harness/context.ts'
import { eventually } from '../harness/context.ts'
import { ask } from '../harness/ledger.ts'

const CALLER_WAITS_MS = 15_000
const LOADED_BY = 6

/** What callers saw of a load. */
export interface Load {
  /** Request ids of the chats that were answered with 200. */
  delivered: string[]
  /** Statuses of the others; 0 for a connection that was refused or broke. */
  failed: number[]
}

const chatBody = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'count to three' }],
})

/** One chat at this address, by a caller that does not repeat it. */
export async function chat(context: Context, load: Load, baseUrl = context.running.baseUrl) {
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
  const load: Load = { delivered: [], failed: [] }
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

/** Callers chat without a pause from before `disturb` until a chat that began after it was answered. */
export async function underLoad(
  context: Context,
  disturb: () => Promise<void>,
  { baseUrl }: { baseUrl?: string } = {},
): Promise<Load> {
  const load: Load = { delivered: [], failed: [] }
  const over = new AbortController()
  const caller = async () => {
    while (!over.signal.aborted) await chat(context, load, baseUrl)
  }
  const callers = Array.from({ length: LOADED_BY }, caller)
  try {
    await eventually(async () => (load.delivered.length > LOADED_BY ? true : undefined))
    await disturb()
    const before = load.delivered.length
    await eventually(
      async () => (load.delivered.length > before + LOADED_BY ? true : undefined),
      60_000,
    )
  } finally {
    over.abort()
    await Promise.all(callers)
  }
  return load
}

/** Waits until each delivered chat is in the book, once, and the book verifies. */
export async function expectCharged(context: Context, { delivered }: Load): Promise<void> {
  expect(delivered.length).toBeGreaterThan(0)
  expect(new Set(delivered).size).toBe(delivered.length)
  await eventually(async () => {
    const [row] = await ask<{ count: string }>(
      context,
      'select count(*)::text as count from usage_records where request_id = any($1)',
      [delivered],
    )
    return Number(row?.count) === delivered.length ? true : undefined
  }, 60_000)
  expect(await checkBooks(context)).toEqual([])
}
