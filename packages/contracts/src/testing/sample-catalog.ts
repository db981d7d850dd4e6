import type { CatalogChannel, CatalogCredential } from '../scheduler.contract.ts'

const id = (prefix: string) => `${prefix}_${'1'.padStart(32, '0')}`

/** An enabled channel that offers the model `m`, without credentials. */
export const sampleChannel = (overrides: Partial<CatalogChannel> = {}): CatalogChannel => ({
  id: id('chan'),
  name: 'main',
  dialect: 'openai',
  baseUrl: 'https://upstream.example/v1',
  priority: 0,
  weight: 1,
  enabled: true,
  models: [{ model: 'm', upstreamModel: 'm', kinds: ['chat'] }],
  settings: {},
  credentials: [],
  ...overrides,
})

/** An active credential, whose secret cannot be opened. */
export const sampleCredential = (
  overrides: Partial<CatalogCredential> = {},
): CatalogCredential => ({
  id: id('cred'),
  state: 'active',
  concurrencyMax: 1,
  coolingUntil: null,
  secret: { keyId: 'k', box: 'b' },
  ...overrides,
})
