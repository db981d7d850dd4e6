import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

import type { ImageRequest } from '@sluice/contracts/image-request'
import { newId } from '@sluice/kernel/ids'
import { readIdempotencyKey } from '@sluice/service-kit/http/idempotency-key'

import type { EdgeDeps } from '../deps.ts'
import type { Principal } from '../http/request.ts'

/** The idempotency scope of a request: its job id, shared by all requests with the same Idempotency-Key. */
export interface IdempotencyScope {
  /**
   * The job's id at the n-th attempt. A further attempt is needed when the hold ended before any job was
   * written: its ref cannot be used again.
   */
  jobIdOf(attempt: number): string
  /** True when the request has an Idempotency-Key, so that a repeat can join the same job. */
  isRepeatable: boolean
}

/** Reads the Idempotency-Key. API key, route and Idempotency-Key identify the scope permanently. */
export function readIdempotencyScope(
  deps: Pick<EdgeDeps, 'clock' | 'random'>,
  {
    incoming,
    principal,
    route,
  }: { incoming: Pick<IncomingMessage, 'headers'>; principal: Principal; route: string },
): IdempotencyScope {
  const key = readIdempotencyKey(incoming.headers)
  if (key === undefined) {
    const ids = new Map<number, string>()
    const jobIdOf = (attempt: number) => {
      const id = ids.get(attempt) ?? newId('img', deps)
      ids.set(attempt, id)
      return id
    }
    return { jobIdOf, isRepeatable: false }
  }
  const { apiKeyId } = principal
  return {
    jobIdOf: (attempt) => `img_${digest([apiKeyId, route, key, String(attempt)]).slice(0, 32)}`,
    isRepeatable: true,
  }
}

/**
 * The fingerprint of a request, independent of the response mode: bodies that request the same pictures have
 * the same hash, also as form and as JSON. `fingerprints` identify the input pictures.
 */
export function bodyHashOf(
  request: Omit<ImageRequest, 'images' | 'mask'>,
  fingerprints: readonly string[],
): string {
  const { partialImages: _, qualityWord: _word, extra = {}, ...hashed } = request
  const sorted = (record: object) =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : Number(a > b)))
  return digest([JSON.stringify(sorted(hashed)), JSON.stringify(sorted(extra)), ...fingerprints])
}

// Each field is prefixed with its length, so that different lists never give the same bytes.
function digest(fields: readonly string[]): string {
  const hash = createHash('sha256')
  for (const field of fields) hash.update(`${Buffer.byteLength(field)}:${field}`)
  return hash.digest('hex')
}
