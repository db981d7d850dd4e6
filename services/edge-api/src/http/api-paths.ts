import type { IncomingHttpHeaders } from 'node:http'

interface Call {
  method: string
  /** Without the query. */
  path: string
  headers: IncomingHttpHeaders
}

/** First path segments of API clients whose base URL lacks `/v1` or has extra segments. */
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

/** True for a path of the API in any spelling; no path of the panel begins with these segments. */
export function isApiPath(path: string): boolean {
  const [first = ''] = segmentsOf(path)
  return API_NAMES.has(first) || VERSION.test(first)
}

/** True for a path of the control API, which is excluded from CORS. */
export function isControlPath(path: string): boolean {
  return segmentsOf(path)[0] === 'api'
}

/**
 * True for an API request without a matching route, recognized by its path, by an API key, or by a body that
 * no page of the panel sends (JSON, or a form without an `Origin`). It is answered with the API's error
 * envelope instead of an HTML page.
 */
export function isApiCall({ method, path, headers }: Call): boolean {
  if (isApiPath(path)) return true
  const { authorization, origin, 'content-type': type = '' } = headers
  if (authorization !== undefined && /^bearer\s+sk-/i.test(authorization)) return true
  if (headers['x-api-key'] !== undefined || headers['api-key'] !== undefined) return true
  if (SAFE_METHODS.has(method)) return false
  return origin === undefined || /^application\/(?:[\w.+-]*\+)?json\b/i.test(type)
}

/** Suggestions for an unknown path, most likely first: its suffixes under `/v1/`, then under `/api/`. */
export function likelyPaths(path: string): string[] {
  const segments = segmentsOf(path, { keepCase: true })
  const ends = segments.map((_, at) => segments.slice(at).join('/'))
  const likely = ['/v1/', '/api/'].flatMap((base) => ends.map((end) => base + end))
  return [...likely, ...likely.map((one) => one.toLowerCase())]
}

/** The segments of a path; ignores doubled, trailing and percent-encoded slashes. */
function segmentsOf(path: string, { keepCase = false } = {}): string[] {
  const text = decode(path).replaceAll('\\', '/')
  const names = text.split('/', SEGMENTS_MAX).filter((name) => name !== '' && name !== '.')
  return keepCase ? names : names.map((name) => name.toLowerCase())
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    // Malformed percent-encoding: used undecoded.
    return path
  }
}
