import type { IncomingHttpHeaders } from 'node:http'

/**
 * All that an upstream may say in headers to our caller, and in which form: nothing that could carry words.
 * Limits and cookies are of our account.
 */
const passed = {
  'openai-processing-ms': /^\d{1,12}$/,
  'openai-version': /^\d{4}-\d{2}-\d{2}$/,
} as const

/** The upstream's headers that may be passed on, as a flat list. */
export function passedHeaders(headers: IncomingHttpHeaders): string[] {
  const list: string[] = []
  for (const [name, form] of Object.entries(passed)) {
    const value = headers[name]
    if (typeof value === 'string' && form.test(value)) list.push(name, value)
  }
  return list
}
