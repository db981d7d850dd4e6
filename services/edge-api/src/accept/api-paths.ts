import type { IncomingHttpHeaders } from 'node:http'

interface Call {
  method: string
  /** Without its query. */
  path: string
  headers: IncomingHttpHeaders
}

/** First names of paths that clients of such APIs ask for, with a base URL that lacks `/v1` or has too much. */
const API_NAMES = new Set([
  'api',
  'p',
  'openai',
  'deployments',
  'engines',
  'chat',
  'completions',
  'responses',
  'messages',
  'models',
  'images',
  'embeddings',
  'audio',
  'moderations',
  'files',
  'uploads',
  'batches',
  'fine_tuning',
  'assistants',
  'threads',
  'vector_stores',
  'realtime',
  'rerank',
  'generate',
])
const VERSION = /^v\d{1,3}(?:(?:alpha|beta)\d*)?$/
const SEGMENTS_MAX = 32
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** True for a path of the API, however it is written: nothing that the panel has begins like this. */
export function isApiPath(path: string): boolean {
  const [first = ''] = segmentsOf(path)
  return API_NAMES.has(first) || VERSION.test(first)
}

/** True for a path of the control API, which pages of other sites may not read. */
export function isControlPath(path: string): boolean {
  return segmentsOf(path)[0] === 'api'
}

/**
 * True for a request that a program meant for the API, although no route has its path: by the path, by an API
 * key, or because it sends what no page of the panel sends (JSON, or a form without an `Origin`). It is answered
 * in the API's envelope, since a program cannot read a page.
 */
export function isApiCall({ method, path, headers }: Call): boolean {
  if (isApiPath(path)) return true
  const { authorization, origin, 'content-type': type = '' } = headers
  if (authorization !== undefined && /^bearer\s+sk-/i.test(authorization)) return true
  if (headers['x-api-key'] !== undefined || headers['api-key'] !== undefined) return true
  if (SAFE_METHODS.has(method)) return false
  return origin === undefined || /^application\/(?:[\w.+-]*\+)?json\b/i.test(type)
}

/** Paths that a wrong one may have meant, likeliest first: its ends under `/v1/`, then under `/api/`. */
export function likelyPaths(path: string): string[] {
  const segments = segmentsOf(path, { keepCase: true })
  const ends = segments.map((_, at) => segments.slice(at).join('/'))
  const likely = ['/v1/', '/api/'].flatMap((base) => ends.map((end) => base + end))
  return [...likely, ...likely.map((one) => one.toLowerCase())]
}

/** The names of a path; doubled slashes, one at the end and escapes of slashes are looked through. */
function segmentsOf(path: string, { keepCase = false } = {}): string[] {
  const text = decode(path).replaceAll('\\', '/')
  const names = text.split('/', SEGMENTS_MAX).filter((name) => name !== '' && name !== '.')
  return keepCase ? names : names.map((name) => name.toLowerCase())
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    // Not an escape of anything: taken as it stands.
    return path
  }
}
