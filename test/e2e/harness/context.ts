import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import OpenAI from 'openai'

import type { Running } from './running.ts'

/** The context of a scenario. */
export interface Context {
  running: Running
  /** The upstream of the `openai` channel; its log proves independently what was called. */
  simulator: OpenAiSimulator
}

/** An SDK client with the first key, or another; without retries, so that a scenario sees each answer. */
export function client({ running }: Context, options: { apiKey?: string; baseUrl?: string } = {}) {
  return new OpenAI({
    apiKey: options.apiKey ?? running.apiKey,
    baseURL: `${options.baseUrl ?? running.baseUrl}/v1`,
    maxRetries: 0,
  })
}

/** A request with the first key; the body is sent as JSON. */
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

/** Polls `check` until it returns a value. */
export async function eventually<T>(
  check: () => Promise<T | undefined>,
  withinMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const seen = await check()
    if (seen !== undefined) return seen
    if (performance.now() > deadline) throw new Error(`condition not met within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
