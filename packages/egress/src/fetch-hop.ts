import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'

import { isAppError } from '@sluice/kernel/app-error'

import { Client } from 'undici'

import type { EgressLimits } from './egress-limits.ts'
import { isEncoded, decodeChunks } from './decode-chunks.ts'

export type FetchFailure =
  | 'timeout'
  | 'network'
  | 'status'
  | 'too-large'
  | 'content-type'
  | 'encoded'

export type HopResult =
  | { kind: 'bytes'; bytes: Uint8Array; contentType: string }
  | { kind: 'redirect'; location: string }
  | { kind: 'failed'; reason: FetchFailure; status: number | undefined }

export interface HopInput {
  url: URL
  /** The checked addresses; the connection is made to one of these only. */
  addresses: readonly string[]
  bytesMax: number
  acceptTypes: readonly string[] | 'any'
  signal: AbortSignal
}

/** Sends one GET over a new connection that is closed afterwards. Follows no redirect. */
export async function fetchHop(
  { limits }: { limits: EgressLimits },
  { url, addresses, bytesMax, acceptTypes, signal }: HopInput,
): Promise<HopResult> {
  const client = new Client(url.origin, {
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: limits.headerBytesMax,
    // The signal has the deadline of the whole fetch.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: limits.connectTimeoutMs,
      rejectUnauthorized: true,
      lookup: pinned(addresses),
    },
  })
  try {
    const { statusCode, headers, body } = await client.request({
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      headers: {
        accept: acceptTypes === 'any' ? '*/*' : acceptTypes.join(', '),
        'accept-encoding': 'identity',
        'user-agent': 'sluice',
      },
      signal,
    })
    body.on('error', ignoreLateError)
    const location = firstOf(headers['location'])
    if (isRedirect(statusCode) && location !== undefined) return { kind: 'redirect', location }
    if (statusCode !== 200) return { kind: 'failed', reason: 'status', status: statusCode }
    const reason = rejectByHeaders(headers, { bytesMax, acceptTypes })
    if (reason !== undefined) return { kind: 'failed', reason, status: statusCode }
    const contentEncoding = firstOf(headers['content-encoding'])
    const bytes = await readCapped(decodeChunks(body, { contentEncoding }), bytesMax)
    if (bytes === 'encoded') return { kind: 'failed', reason: 'encoded', status: statusCode }
    if (bytes === undefined) return { kind: 'failed', reason: 'too-large', status: statusCode }
    return { kind: 'bytes', bytes, contentType: mediaType(headers['content-type']) }
  } finally {
    await client.destroy()
  }
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

type Headers = Record<string, string | string[] | undefined>

function rejectByHeaders(
  headers: Headers,
  { bytesMax, acceptTypes }: Pick<HopInput, 'bytesMax' | 'acceptTypes'>,
): FetchFailure | undefined {
  const isAccepted =
    acceptTypes === 'any' || acceptTypes.includes(mediaType(headers['content-type']))
  if (!isAccepted) return 'content-type'
  if (isEncoded(firstOf(headers['content-encoding']))) return undefined
  if (Number(firstOf(headers['content-length']) ?? 0) > bytesMax) return 'too-large'
  return undefined
}

/** Reads the body: undefined when it exceeds `bytesMax`, `encoded` when it cannot be decoded. */
async function readCapped(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array | 'encoded' | undefined> {
  const chunks: Uint8Array[] = []
  let total = 0
  try {
    for await (const chunk of body) {
      total += chunk.byteLength
      if (total > bytesMax) return undefined
      chunks.push(chunk)
    }
  } catch (error) {
    if (isAppError(error, 'upstream_failed')) return 'encoded'
    throw error
  }
  return Buffer.concat(chunks, total)
}

function pinned(addresses: readonly string[]): LookupFunction {
  const records = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_hostname, options, callback) => {
    const [first] = records
    if (first === undefined) callback(new Error('no checked address'), '')
    else if (options.all) callback(null, records)
    else callback(null, first.address, first.family)
  }
}

function mediaType(contentType: string | string[] | undefined): string {
  return (firstOf(contentType) ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

// An unread body emits an error when it is destroyed; the result is already decided by then.
function ignoreLateError(): void {}
