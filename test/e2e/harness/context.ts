import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import OpenAI from 'openai'

import type { Running } from './running.ts'

/** What a scenario works with. */
export interface Context {
  running: Running
  /** The upstream behind the `openai` channel; its log is the independent witness. */
  simulator: OpenAiSimulator
}

/** An SDK client of the first key, or of another; retries are off so that a scenario sees each answer. */
export function client({ running }: Context, options: { apiKey?: string; baseUrl?: string } = {}) {
  return new OpenAI({
    apiKey: options.apiKey ?? running.apiKey,
    baseURL: `${options.baseUrl ?? running.baseUrl}/v1`,
    maxRetries: 0,
  })
}

/** A plain request with the first key; bodies are JSON. */
export function call(
  { running }: Context,
  route: string,
  init: {
    method?: string
    body?: unknown
    headers?: Record<string, string>
    signal?: AbortSignal
  } = {},
): Promise<Response> {
  return fetch(`${running.baseUrl}${route}`, {
    method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
    headers: {
      authorization: `Bearer ${running.apiKey}`,
      ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...init.headers,
    },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    ...(init.signal ? { signal: init.signal } : {}),
  })
}

/** Waits until `look` answers something; polling, because the scenario watches from outside. */
export async function eventually<T>(
  look: () => Promise<T | undefined>,
  withinMs = 20_000,
): Promise<T> {
  const giveUpAt = performance.now() + withinMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (performance.now() > giveUpAt) throw new Error(`not seen within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
