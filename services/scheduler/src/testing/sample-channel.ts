import type { Channel } from '../catalog/channel.ts'
import type { Credential } from '../catalog/credential.ts'
import type { ChannelDraft, NewCredential } from '../store/catalog-store.ts'

const secret = { keyId: 'k1', box: 'sealed' }
const facts: Omit<Channel, 'id' | 'credentials'> = {
  name: 'main',
  dialect: 'openai',
  baseUrl: 'https://api.example.test/v1',
  priority: 0,
  weight: 1,
  enabled: true,
  models: [{ model: 'gpt-image-1', upstreamModel: 'gpt-image-1', kinds: ['image'] }],
  settings: {},
}

/** An enabled channel for `gpt-image-1`, without credentials. */
export const sampleChannel = (overrides: Partial<Channel> = {}): Channel => ({
  id: 'chan_1',
  ...facts,
  credentials: [],
  ...overrides,
})

/** The channel of `sampleChannel`, as it is saved. */
export const sampleDraft = (overrides: Partial<ChannelDraft> = {}): ChannelDraft => ({
  newChannelId: 'chan_1',
  ...facts,
  ...overrides,
})

/** An active credential of `sampleChannel`, in its first epoch. */
export const sampleCredential = (overrides: Partial<Credential> = {}): Credential => ({
  id: 'cred_1',
  channelId: 'chan_1',
  state: 'active',
  stateReason: null,
  concurrencyMax: 2,
  epoch: 1,
  coolingUntil: null,
  secret,
  ...overrides,
})

/** A credential as it is added; each has its own `id` and `fingerprint`. */
export const sampleNewCredential = (overrides: Partial<NewCredential> = {}): NewCredential => ({
  id: 'cred_1',
  secret,
  fingerprint: 'one',
  concurrencyMax: 2,
  ...overrides,
})
