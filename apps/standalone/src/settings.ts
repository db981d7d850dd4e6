import { join, resolve } from 'node:path'

import type { Random } from '@sluice/kernel/random'

import type { StandaloneConfig } from './config.ts'
import type { Secrets } from './start/load-secrets.ts'
import { findSecrets, loadSecrets } from './start/load-secrets.ts'

/** The configuration, with the paths and secrets of the data folder. */
export interface Settings {
  config: StandaloneConfig
  dataDir: string
  blobDir: string
  spoolDir: string
  secrets: Secrets
}

/**
 * Takes the secrets from the environment if it sets all of them (distributed mode), else from the data
 * folder, where they are generated on the first start. Throws when only some are set.
 */
export async function readSettings(
  { random }: { random: Random },
  config: StandaloneConfig,
): Promise<Settings> {
  const dataDir = resolve(config.SLUICE_DATA_DIR)
  return {
    config,
    dataDir,
    blobDir: join(dataDir, 'blobs'),
    spoolDir: join(dataDir, 'usage-spool'),
    secrets: environmentSecrets(config) ?? (await loadSecrets({ random }, { dataDir })),
  }
}

/** The settings of a command: nothing is generated, so `secrets` may be undefined. */
export type FoundSettings = Omit<Settings, 'secrets'> & { secrets: Secrets | undefined }

/** Reads the settings of an existing installation. Generates nothing; throws like `readSettings`. */
export async function findSettings(config: StandaloneConfig): Promise<FoundSettings> {
  const dataDir = resolve(config.SLUICE_DATA_DIR)
  return {
    config,
    dataDir,
    blobDir: join(dataDir, 'blobs'),
    spoolDir: join(dataDir, 'usage-spool'),
    secrets: environmentSecrets(config) ?? (await findSecrets({ dataDir })),
  }
}

/** Secrets under the names of the environment variables. */
export const givenSecrets = ({ sealingKeys, signingKeys, apiKeyPepper }: Secrets) => ({
  SEALING_KEYS: sealingKeys,
  SIGNING_KEYS: signingKeys,
  API_KEY_PEPPER: apiKeyPepper,
})

function environmentSecrets(config: StandaloneConfig): Secrets | undefined {
  const { SEALING_KEYS, API_KEY_PEPPER, SIGNING_KEYS } = config
  if (SEALING_KEYS && API_KEY_PEPPER && SIGNING_KEYS) {
    return { sealingKeys: SEALING_KEYS, apiKeyPepper: API_KEY_PEPPER, signingKeys: SIGNING_KEYS }
  }
  if (SEALING_KEYS || API_KEY_PEPPER || SIGNING_KEYS) {
    throw new Error('Set SEALING_KEYS, API_KEY_PEPPER and SIGNING_KEYS together, or none of them.')
  }
  return undefined
}
