import type { IncomingHttpHeaders } from 'node:http'

/**
 * Upstream headers that are relayed, with their permitted format, which excludes free text. Rate limits and
 * cookies concern the upstream account and are not relayed.
 */
const relayed = {
  'openai-processing-ms': /^\d{1,12}$/,
  'openai-version': /^\d{4}-\d{2}-\d{2}$/,
} as const

/** The upstream's headers to relay, as a flat list. */
export function passedHeaders(headers: IncomingHttpHeaders): string[] {
  const list: string[] = []
  for (const [name, form] of Object.entries(relayed)) {
    const value = headers[name]
    if (typeof value === 'string' && form.test(value)) list.push(name, value)
  }
  return list
}
