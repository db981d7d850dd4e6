import type { IncomingHttpHeaders } from 'node:http'

/** All that an upstream may say in headers to our caller. Limits and cookies are of our account. */
const passed = ['openai-processing-ms', 'openai-version'] as const

const PRINTABLE = /^[\t\x20-\x7e]{1,1000}$/

/** Adds the upstream's headers that may be passed on to a flat list. */
export function passedHeaders(headers: IncomingHttpHeaders): string[] {
  const list: string[] = []
  for (const name of passed) {
    const value = headers[name]
    if (typeof value === 'string' && PRINTABLE.test(value)) list.push(name, value)
  }
  return list
}

/** What the answer is, if it can be said in a header of ours. */
export function contentTypeOf(headers: IncomingHttpHeaders): string {
  const value = headers['content-type']
  return value !== undefined && PRINTABLE.test(value) ? value : ''
}

/** True unless the body is compressed; we never ask for that. */
export function isPlain(headers: IncomingHttpHeaders): boolean {
  const encoding = headers['content-encoding']
  return encoding === undefined || encoding === '' || encoding === 'identity'
}
