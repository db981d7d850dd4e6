import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'

import { isAppError } from '@sluice/kernel/app-error'

import { Client } from 'undici'

import type { EgressLimits } from './egress-limits.ts'
import { isPacked, unpackChunks } from './unpack-chunks.ts'

export type FetchFailure =
  | 'timeout'
  | 'network'
  | 'status'
  | 'too-large'
  | 'content-type'
  | 'encoded'

export type HopAnswer =
  | { kind: 'bytes'; bytes: Uint8Array; contentType: string }
  | { kind: 'redirect'; location: string }
  | { kind: 'failed'; reason: FetchFailure; status: number | undefined }

export interface HopInput {
  url: URL
  /** The checked addresses; the connection goes to one of these and to no other. */
  addresses: readonly string[]
  bytesMax: number
  acceptTypes: readonly string[] | 'any'
  signal: AbortSignal
}

/** One GET without redirects, over a connection of its own that ends with it. */
export async function fetchHop(
  { limits }: { limits: EgressLimits },
  { url, addresses, bytesMax, acceptTypes, signal }: HopInput,
): Promise<HopAnswer> {
  const client = new Client(url.origin, {
    allowH2: false,
    pipelining: 1,
    maxHeaderSize: limits.headerBytesMax,
    // The whole fetch has one deadline, which comes with the signal.
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
    const location = one(headers['location'])
    if (isRedirect(statusCode) && location !== undefined) return { kind: 'redirect', location }
    if (statusCode !== 200) return { kind: 'failed', reason: 'status', status: statusCode }
    const reason = refuseByHeaders(headers, { bytesMax, acceptTypes })
    if (reason !== undefined) return { kind: 'failed', reason, status: statusCode }
    const contentEncoding = one(headers['content-encoding'])
    const bytes = await readCapped(unpackChunks(body, { contentEncoding }), bytesMax)
    if (bytes === 'encoded') return { kind: 'failed', reason: 'encoded', status: statusCode }
    if (bytes === undefined) return { kind: 'failed', reason: 'too-large', status: statusCode }
    return { kind: 'bytes', bytes, contentType: essence(headers['content-type']) }
  } finally {
    await client.destroy()
  }
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

type Headers = Record<string, string | string[] | undefined>

function refuseByHeaders(
  headers: Headers,
  { bytesMax, acceptTypes }: Pick<HopInput, 'bytesMax' | 'acceptTypes'>,
): FetchFailure | undefined {
  const isAccepted = acceptTypes === 'any' || acceptTypes.includes(essence(headers['content-type']))
  if (!isAccepted) return 'content-type'
  if (isPacked(one(headers['content-encoding']))) return undefined
  if (Number(one(headers['content-length']) ?? 0) > bytesMax) return 'too-large'
  return undefined
}

/** The body as far as the cap allows: undefined above it, `encoded` for what cannot be unpacked. */
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
  const answers = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_hostname, options, answer) => {
    const [first] = answers
    if (first === undefined) answer(new Error('no checked address'), '')
    else if (options.all) answer(null, answers)
    else answer(null, first.address, first.family)
  }
}

function essence(contentType: string | string[] | undefined): string {
  return (one(contentType) ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

// A body that we leave unread reports its own destruction; the answer is decided by then.
function ignoreLateError(): void {}
