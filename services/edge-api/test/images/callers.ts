import type { SessionPrincipal } from '../../src/identity/identity.ts'
import type { Principal } from '../../src/http/request.ts'
import { samplePrincipal } from '../../src/testing/sample-user.ts'

export const id = (prefix: string, digit: string) => `${prefix}_${digit.repeat(32)}`

/** The daily quota of the key `sk-capped`: three pictures. */
export const QUOTA_MICRO = 3_000_000n

/** Principals by API key. */
export const principals: Record<string, Principal> = {
  'sk-one': samplePrincipal({ apiKeyId: id('key', '1'), wallet: id('wal', '1') }),
  'sk-one-too': samplePrincipal({ apiKeyId: id('key', '2'), wallet: id('wal', '1') }),
  'sk-other': samplePrincipal({ apiKeyId: id('key', '3'), wallet: id('wal', '2') }),
  'sk-narrow': samplePrincipal({
    apiKeyId: id('key', '4'),
    wallet: id('wal', '1'),
    models: new Set(['gpt-4o', 'gpt-image-1.5']),
  }),
  'sk-capped': samplePrincipal({
    apiKeyId: id('key', '5'),
    wallet: id('wal', '1'),
    dailyQuotaMicro: QUOTA_MICRO,
  }),
}

export const quotaOf = (apiKeyId: string) =>
  Object.values(principals).find((one) => one.apiKeyId === apiKeyId)?.dailyQuotaMicro ?? null

const user = (digit: string, role: SessionPrincipal['role'] = 'user'): SessionPrincipal => ({
  userId: id('usr', digit),
  sessionId: id('ses', digit),
  email: `user${digit}@example.com`,
  role,
  wallet: id('wal', digit),
})

/** Users by bearer token; each shares a wallet with API keys. */
export const users = {
  'at-ada': user('1'),
  'at-bob': user('2'),
  'at-root': user('9', 'admin'),
}

/** Owners of the API keys and of the hidden panel keys of Ada and Bob. */
export const owners = [
  { ...users['at-ada'], panelKey: id('key', 'a') },
  { ...users['at-bob'], panelKey: id('key', 'b') },
].flatMap(({ userId, email, wallet, panelKey }) => {
  const own = Object.values(principals).filter((key) => key.wallet === wallet)
  const keys = own.map(({ apiKeyId }) => ({ apiKeyId, name: 'batch', isPanelKey: false }))
  const panel = { apiKeyId: panelKey, name: 'Panel', isPanelKey: true }
  const whose = { prefix: 'sk-test', user: { id: userId, email }, wallet }
  return [...keys, panel].map((key) => ({ ...key, ...whose }))
})
