import type { Agent, Dispatcher } from 'undici'
import { request } from 'undici'
import { z } from 'zod'

import type { OpenAiSimulator } from '../openai-simulator.ts'

/** An HTTP client without SDK: sends exactly what a test specifies and returns the raw response. */
export function rawClient({ simulator, agent }: { simulator: OpenAiSimulator; agent: Agent }) {
  const post = (path: string, body: unknown, { key = simulator.key, signal }: PostOptions = {}) =>
    request(`${simulator.url}${path}`, {
      dispatcher: agent,
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      ...(signal ? { signal } : {}),
    })
  return {
    post,
    get: (path: string) => request(`${simulator.url}${path}`, { dispatcher: agent }),
    generateImage: (extra: object = {}, options: PostOptions = {}) => {
      const body = { model: 'gpt-image-2', prompt: 'a cat', size: '64x48', ...extra }
      return post('/v1/images/generations', body, options)
    },
    chat: (extra: object = {}) => {
      const messages = [{ role: 'user', content: 'hello there' }]
      return post('/v1/chat/completions', { model: 'gpt-5-mini', messages, ...extra })
    },
  }
}

interface PostOptions {
  key?: string
  signal?: AbortSignal
}

/** The first image of a response: the value of `field`. */
export async function firstPicture(
  { body }: Pick<Dispatcher.ResponseData, 'body'>,
  field: 'b64_json' | 'url',
): Promise<string> {
  const answer = imagesAnswer.parse(await body.json())
  return answer.data[0]?.[field] ?? ''
}

const imagesAnswer = z.object({
  data: z.array(z.object({ b64_json: z.string().optional(), url: z.string().optional() })),
})
