import type { FaultInput } from '@sluice/simulators/openai/fault'

import { describe, vi } from 'vitest'

import type { Fault } from '../upstream.contract.ts'
import { upstreamContract } from '../upstream.contract.ts'
import { startOpenAiFixture, startUntrusted } from '../../test/openai-fixture.ts'

// A generous limit for busy machines; polling ends as soon as the condition holds.
const waitLimit = { timeout: 4_000 }

type Behaviour = NonNullable<FaultInput['behaviour']>

const status = (
  status: number,
  code: string | null,
  more: Partial<Extract<Behaviour, { kind: 'status' }>> = {},
): Behaviour => ({
  kind: 'status',
  status,
  code,
  ...more,
})

/** The simulator's behaviour for each fault; the other faults need a different base URL or key. */
const behaviours = {
  'answer-broken': { kind: 'malformed' },
  'answer-cut': { kind: 'cut', afterBytes: 40 },
  'answer-empty': { kind: 'empty' },
  'answer-too-large': status(200, null, { body: 'x'.repeat(65 * 1024 * 1024) }),
  'bad-request': status(400, 'invalid_value'),
  banned: status(403, 'account_deactivated'),
  'connection-lost': { kind: 'reset' },
  'content-refused': status(400, 'moderation_blocked'),
  'context-too-long': status(400, 'context_length_exceeded'),
  'image-refused': status(400, 'invalid_image_file'),
  misconfigured: status(404, null),
  'model-unknown': status(404, 'model_not_found'),
  'not-started': status(409, null),
  overloaded: status(503, 'server_is_overloaded'),
  'quota-spent': status(429, 'insufficient_quota'),
  'rate-limited': status(429, 'rate_limit_exceeded', { headers: { 'retry-after': '7' } }),
  'region-refused': status(403, 'unsupported_country_region_territory'),
  'server-error': status(500, 'server_error'),
  silence: { kind: 'hang' },
  timeout: status(504, null),
  unsupported: status(400, 'unsupported_parameter'),
} as const satisfies Partial<Record<Fault, Behaviour>>

const faults: Fault[] = ['connect-failed', 'tls-failed', 'unauthorised']

describe('the OpenAI dialect as an upstream', () => {
  upstreamContract({
    faults: [...faults, ...keysOf(behaviours)],
    start: async () => {
      const fixture = await startOpenAiFixture()
      const untrusted = await startUntrusted()
      const { simulator, upstream } = fixture
      let { access } = fixture
      const arrange = (fault: Fault) => {
        if (fault === 'unauthorised') access = { ...access, secret: 'revoked-key' }
        // No server listens on port 1.
        if (fault === 'connect-failed') access = { ...access, baseUrl: 'http://127.0.0.1:1/v1' }
        if (fault === 'tls-failed') access = { ...access, baseUrl: untrusted.url }
        const behaviour = keysOf(behaviours).find((known) => known === fault)
        if (behaviour) simulator.script({ behaviour: behaviours[behaviour] })
      }
      return {
        upstream,
        access: () => access,
        upstreamModel: 'gpt-image-2',
        arrange,
        underway: () => vi.waitUntil(() => simulator.log().length === 1, waitLimit),
        openCalls: async () => simulator.log().filter(({ end }) => end === null).length,
        close: async () => {
          untrusted.close()
          await fixture.close()
        },
      }
    },
  })
})

// A literal has exactly the keys of its type.
function keysOf<Key extends string>(record: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(record) as Key[]
}
