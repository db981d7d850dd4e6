import { expect } from 'vitest'

import { ADMIN_EMAIL, PASSWORD } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { call } from '../harness/context.ts'

/** The requests that are sent, one per route. */
export type Route = 'chat' | 'models' | 'image' | 'task' | 'me' | 'login'

export interface Known {
  /** The task of an existing picture. */
  taskId: string
  /** A signed link to it. */
  link: string
  session: string
}

const image = (prompt: string) => ({
  model: 'gpt-image-2',
  prompt,
  size: '1024x1024',
  quality: 'low',
})

/**
 * Sends all requests concurrently and returns their statuses. A request that the gateway cannot serve must be
 * answered with the API's error envelope.
 */
export async function requestEverything(
  context: Context,
  { taskId, session }: Known,
): Promise<Record<Route, number>> {
  const requests: Record<Route, () => Promise<Response>> = {
    chat: () =>
      call(context, '/v1/chat/completions', {
        body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] },
      }),
    models: () => call(context, '/v1/models'),
    image: () => call(context, '/v1/images/generations', { body: image('a pier') }),
    task: () => call(context, `/v1/images/tasks/${taskId}`),
    me: () => call(context, '/api/me', { headers: { authorization: `Bearer ${session}` } }),
    login: () =>
      call(context, '/api/auth/login', { body: { email: ADMIN_EMAIL, password: PASSWORD } }),
  }
  const answers = await Promise.all(
    Object.entries(requests).map(
      async ([name, sendRequest]) => [name, await readAnswer(sendRequest())] as const,
    ),
  )
  return Object.fromEntries(answers) as Record<Route, number>
}

async function readAnswer(sent: Promise<Response>): Promise<number> {
  const answer = await sent
  const text = await answer.text()
  if (answer.status < 400) return answer.status
  // A caller gets the API's error envelope, whichever dependency is unavailable.
  expect(JSON.parse(text)).toMatchObject({ error: { code: expect.any(String) } })
  return answer.status
}

/** The statuses when everything is available. */
export const allOk = { chat: 200, models: 200, image: 200, task: 200, me: 200, login: 200 }

/** Requests sixteen pictures concurrently, all of which must be refused. */
export async function requestPictures(context: Context): Promise<number[]> {
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, n) =>
      call(context, '/v1/images/generations', { body: image(`refused ${n}`) }),
    ),
  )
  return answers.map(({ status }) => status)
}
