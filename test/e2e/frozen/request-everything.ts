import { expect } from 'vitest'

import { ADMIN_EMAIL, PASSWORD } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import { call } from '../harness/context.ts'

/** What somebody who uses the gateway asks for. */
export type Route = 'chat' | 'models' | 'image' | 'task' | 'me' | 'login'

export interface Known {
  /** Of a picture that was made before. */
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
 * Asks for all of it at once and waits until everything was answered; what the gateway cannot do now is a 5xx
 * in the protocol's envelope. Answers the statuses.
 */
export async function requestEverything(
  context: Context,
  { taskId, session }: Known,
): Promise<Record<Route, number>> {
  const asks: Record<Route, () => Promise<Response>> = {
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
    Object.entries(asks).map(
      async ([name, queryDatabase]) => [name, await readAnswer(queryDatabase())] as const,
    ),
  )
  return Object.fromEntries(answers) as Record<Route, number>
}

async function readAnswer(sent: Promise<Response>): Promise<number> {
  const answer = await sent
  const text = await answer.text()
  if (answer.status < 400) return answer.status
  // Whatever is away, a caller gets the API's own words.
  expect(JSON.parse(text)).toMatchObject({ error: { code: expect.any(String) } })
  return answer.status
}

/** Asks until everything is answered well again. */
export const works = { chat: 200, models: 200, image: 200, task: 200, me: 200, login: 200 }

/** Sixteen pictures at once, of which none can be had. */
export async function requestPictures(context: Context): Promise<number[]> {
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, n) =>
      call(context, '/v1/images/generations', { body: image(`refused ${n}`) }),
    ),
  )
  return answers.map(({ status }) => status)
}
