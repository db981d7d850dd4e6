import { join, resolve } from 'node:path'

import type { Random } from '@sluice/kernel/random'

import type { StandaloneConfig } from './config.ts'
import type { Secrets } from './start/load-secrets.ts'
import { findSecrets, loadSecrets } from './start/load-secrets.ts'

/** The configuration with everything that the data folder adds to it. */
export interface Settings {
  config: StandaloneConfig
  dataDir: string
  blobDir: string
  spoolDir: string
  secrets: Secrets
}

/**
 * Secrets come from the environment where it names them all (distributed mode), else from the data
 * folder, which makes them on its first start. Throws a sentence when only some are named.
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
    secrets: namedSecrets(config) ?? (await loadSecrets({ random }, { dataDir })),
  }
}

/** What a command works with: the same, made by nobody; without secrets where there are none. */
export type FoundSettings = Omit<Settings, 'secrets'> & { secrets: Secrets | undefined }

/** The settings of an installation that is there. Makes nothing; throws like `readSettings`. */
export async function findSettings(config: StandaloneConfig): Promise<FoundSettings> {
  const dataDir = resolve(config.SLUICE_DATA_DIR)
  return {
    config,
    dataDir,
    blobDir: join(dataDir, 'blobs'),
    spoolDir: join(dataDir, 'usage-spool'),
    secrets: namedSecrets(config) ?? (await findSecrets({ dataDir })),
  }
}

/** Secrets as the services' environment names them. */
export const givenSecrets = ({ sealingKeys, signingKeys, apiKeyPepper }: Secrets) => ({
  SEALING_KEYS: sealingKeys,
  SIGNING_KEYS: signingKeys,
  API_KEY_PEPPER: apiKeyPepper,
})

function namedSecrets(config: StandaloneConfig): Secrets | undefined {
  const { SEALING_KEYS, API_KEY_PEPPER, SIGNING_KEYS } = config
  if (SEALING_KEYS && API_KEY_PEPPER && SIGNING_KEYS) {
    return { sealingKeys: SEALING_KEYS, apiKeyPepper: API_KEY_PEPPER, signingKeys: SIGNING_KEYS }
  }
  if (SEALING_KEYS || API_KEY_PEPPER || SIGNING_KEYS) {
    throw new Error('Set SEALING_KEYS, API_KEY_PEPPER and SIGNING_KEYS together, or none of them.')
  }
  return undefined
}
