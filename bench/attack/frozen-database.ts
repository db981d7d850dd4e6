import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { Running } from '@sluice/e2e/harness/running'
import { freezeTree, resumeTree } from '@sluice/testkit/signal-tree'

/** A process that can be stopped and resumed: its connections stay open without answers. */
export interface Freezable {
  freeze(): Promise<void>
  resume(): Promise<void>
}

/** The PostgreSQL of embedded mode, whose process id is in a file of its data folder. */
export function embeddedPostgres({ blobDir }: Pick<Running, 'blobDir'>): Freezable {
  const file = join(dirname(blobDir), 'postgres/data/postmaster.pid')
  const pid = async () => Number((await readFile(file, 'utf8')).split('\n')[0])
  return {
    freeze: async () => freezeTree(await pid()),
    resume: async () => resumeTree(await pid()),
  }
}

export const ADMIN = { email: 'admin@bench.test', password: 'a long pass phrase of the bench' }

export interface Measured {
  /** The count of each status; 0 is a broken connection. */
  statuses: Record<number, number>
  longestMs: number
}

type SendRequest = () => Promise<Response>

async function signIn({ baseUrl }: Running): Promise<Response> {
  return fetch(`${baseUrl}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ADMIN),
  })
}

/** Requests that always use the database. Call it before the database is frozen. */
export async function databaseRequests(running: Running): Promise<Record<string, SendRequest>> {
  const { baseUrl, apiKey } = running
  const { access_token: token } = (await (await signIn(running)).json()) as { access_token: string }
  const session = { headers: { authorization: `Bearer ${token}` } }
  const key = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }
  const picture = { model: 'gpt-image-2', prompt: 'a pier', size: '1024x1024', quality: 'low' }
  return {
    'sign-in': () => signIn(running),
    '/api/me': () => fetch(`${baseUrl}/api/me`, session),
    image: () =>
      fetch(`${baseUrl}/v1/images/generations`, {
        method: 'POST',
        headers: key,
        body: JSON.stringify(picture),
      }),
    task: () => fetch(`${baseUrl}/v1/images/tasks/img_${'0'.repeat(32)}`, { headers: key }),
  }
}

/** Repeats each request until the signal, at least once. */
export async function sendUntil(
  requests: Record<string, SendRequest>,
  stop: AbortSignal,
): Promise<Record<string, Measured>> {
  const pairs = Object.entries(requests).map(async ([name, send]) => {
    const measured: Measured = { statuses: {}, longestMs: 0 }
    do {
      const startedMs = performance.now()
      const status = await statusOf(send)
      measured.longestMs = Math.max(measured.longestMs, performance.now() - startedMs)
      measured.statuses[status] = (measured.statuses[status] ?? 0) + 1
    } while (!stop.aborted)
    return [name, measured] as const
  })
  return Object.fromEntries(await Promise.all(pairs))
}

async function statusOf(send: SendRequest): Promise<number> {
  try {
    const answer = await send()
    await answer.arrayBuffer()
    return answer.status
  } catch {
    // The connection was closed before an answer.
    return 0
  }
}

export function describeMeasured(all: Record<string, Measured>): string {
  return Object.entries(all)
    .map(([name, { statuses, longestMs }]) => {
      const counts = Object.entries(statuses).map(([status, count]) => `${status}: ${count}`)
      return `${name} ${counts.join(', ')}, longest ${(longestMs / 1_000).toFixed(1)} s`
    })
    .join('; ')
}
