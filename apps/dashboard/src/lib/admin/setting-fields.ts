import type { ShownChannel } from '@sluice/contracts/control/admin'

/** A setting of a dialect as a field. Its values are defined by `channel-settings.ts` of packages/contracts. */
export interface SettingField {
  readonly name: SettingName
  /** The allowed values of an enumeration. */
  readonly choices?: readonly string[]
  readonly number?: boolean
}

export type SettingName =
  | 'organization'
  | 'project'
  | 'usageInStreams'
  | 'streamImages'
  | 'allowPrivate'
  | 'latencyMs'
  | 'chunkDelayMs'
  | 'failureRate'
  | 'failWith'
  | 'retryAfterMs'
  | 'partialImages'

/** Repeated here, because schemas are not sent to the browser; a test compares it with the contract. */
export const settingFields: Readonly<Record<ShownChannel['dialect'], readonly SettingField[]>> = {
  openai: [
    { name: 'organization' },
    { name: 'project' },
    { name: 'usageInStreams', choices: ['request', 'estimate'] },
    { name: 'streamImages', choices: ['true', 'false'] },
    { name: 'allowPrivate' },
  ],
  sandbox: [
    { name: 'latencyMs', number: true },
    { name: 'chunkDelayMs', number: true },
    { name: 'failureRate' },
    {
      name: 'failWith',
      choices: [
        'answer-broken',
        'bad-request',
        'banned',
        'connect-failed',
        'connection-lost',
        'content-refused',
        'model-unknown',
        'overloaded',
        'quota-spent',
        'rate-limited',
        'server-error',
        'timeout',
        'unauthorised',
        'silence',
      ],
    },
    { name: 'retryAfterMs', number: true },
    { name: 'partialImages', choices: ['0', '1', '2', '3'] },
  ],
}
