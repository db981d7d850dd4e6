import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

import type { Route } from './fault.ts'

/** A file of a multipart body. */
export interface SentFile {
  part: string
  name: string
  type: string
  bytes: Uint8Array
}

/** A parsed request. Fields of multipart bodies are strings. */
export interface Call {
  method: string
  path: string
  route: Route
  key: string | null
  acceptEncoding: string | null
  fields: Record<string, unknown>
  files: SentFile[]
  /** Names of multipart parts in order. */
  parts: string[]
  bodySha256: string
  bodyBytes: number
  /** The body could not be parsed according to its content type. */
  broken: boolean
}

const BODY_BYTES_MAX = 256 * 1024 * 1024

const routesByPath: Record<string, Route> = {
  '/v1/images/generations': 'images.generations',
  '/v1/images/edits': 'images.edits',
  '/v1/chat/completions': 'chat.completions',
  '/v1/models': 'models',
}

/** Reads a request to its end. Rejects when the client disconnects before. */
export async function readCall(request: IncomingMessage): Promise<Call> {
  const bytes = await readBody(request)
  const path = new URL(request.url ?? '/', 'http://simulator').pathname
  const body = await parseBody(bytes, request.headers['content-type'] ?? '')
  return {
    method: request.method ?? 'GET',
    path,
    route: routeOf(path),
    acceptEncoding: request.headers['accept-encoding']?.toString() ?? null,
    key: /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? null,
    bodySha256: createHash('sha256').update(bytes).digest('hex'),
    bodyBytes: bytes.byteLength,
    ...body,
  }
}

function routeOf(path: string): Route {
  if (path.startsWith('/v1/models/')) return 'models'
  if (path.startsWith('/files/')) return 'files'
  return routesByPath[path] ?? 'unknown'
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    total += bytes.byteLength
    if (total > BODY_BYTES_MAX) throw new Error('the body exceeds the limit of the simulator')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks, total)
}

type Body = Pick<Call, 'fields' | 'files' | 'parts' | 'broken'>

async function parseBody(bytes: Buffer, contentType: string): Promise<Body> {
  const nothing: Body = { fields: {}, files: [], parts: [], broken: false }
  if (bytes.byteLength === 0) return nothing
  try {
    if (contentType.startsWith('multipart/form-data')) return await parseForm(bytes, contentType)
    const parsed: unknown = JSON.parse(bytes.toString('utf8'))
    return isRecord(parsed) ? { ...nothing, fields: parsed } : { ...nothing, broken: true }
  } catch {
    return { ...nothing, broken: true }
  }
}

// The runtime's parser (RFC 7578) is independent of the gateway's.
async function parseForm(bytes: Buffer, contentType: string): Promise<Body> {
  const headers = { 'content-type': contentType }
  const form = await new Response(new Uint8Array(bytes), { headers }).formData()
  const body: Body = { fields: {}, files: [], parts: [], broken: false }
  for (const [part, value] of form.entries()) {
    body.parts.push(part)
    if (typeof value === 'string') body.fields[part] = value
    else {
      const content = new Uint8Array(await value.arrayBuffer())
      body.files.push({ part, name: value.name, type: value.type, bytes: content })
    }
  }
  return body
}

/** True for plain objects of JSON. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
