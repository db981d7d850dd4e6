import { existsSync } from 'node:fs'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createFileAtomically } from '@sluice/db/embedded/create-file'
import { createPrivateFolder } from '@sluice/db/embedded/create-private-folder'
import type { Random } from '@sluice/kernel/random'
import { z } from 'zod'

/** The secrets of the installation, in the format of the services' environment variables. */
const secretsSchema = z.object({
  /** `id:base64[,id:base64]`, newest first: AES-256 keys that seal upstream secrets. */
  sealingKeys: z.string().min(1),
  /** Base64: the key of the HMAC under which API keys are stored. */
  apiKeyPepper: z.string().min(1),
  /** `id:base64[,id:base64]`, newest first: HMAC keys of picture links. */
  signingKeys: z.string().min(1),
})
export type Secrets = z.output<typeof secretsSchema>

const FILE = 'secrets.json'

/**
 * Loads the secrets of a data folder; generates the file on the first start (mode 0600). Throws when the file
 * is damaged, or missing although the folder already contains data that was sealed with it.
 */
export async function loadSecrets(
  { random }: { random: Random },
  { dataDir }: { dataDir: string },
): Promise<Secrets> {
  const known = await findSecrets({ dataDir })
  if (known) return known
  const path = join(dataDir, FILE)
  if (existsSync(join(dataDir, 'postgres'))) {
    throw new Error(
      `${path} is missing, but ${dataDir} contains a database whose secrets were sealed with it. ` +
        'Restore the file from your backup, or start with an empty SLUICE_DATA_DIR.',
    )
  }
  await createPrivateFolder(dataDir)
  const made = generateSecrets(random)
  const text = `${JSON.stringify(made, null, 2)}\n`
  // A concurrent start may have created the file first; then its secrets are used.
  return (await createFileAtomically({ random }, { path, text }))
    ? made
    : loadSecrets({ random }, { dataDir })
}

/** The secrets of a data folder; undefined when it has none. Generates nothing. */
export async function findSecrets({ dataDir }: { dataDir: string }): Promise<Secrets | undefined> {
  const path = join(dataDir, FILE)
  if (!existsSync(path)) return undefined
  const parsed = secretsSchema.safeParse(parseJson(await readFile(path, 'utf8')))
  if (parsed.success) {
    await chmod(path, 0o600)
    return parsed.data
  }
  throw new Error(
    `${path} is damaged: it does not contain the three secrets of this installation. Restore the file ` +
      'from your backup. If no data was stored with it, remove it and start again.',
  )
}

// The error of JSON.parse would quote the file's content, so it is discarded.
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function generateSecrets(random: Random): Secrets {
  const key = () => Buffer.from(random.bytes(32)).toString('base64')
  return { sealingKeys: `k1:${key()}`, apiKeyPepper: key(), signingKeys: `k1:${key()}` }
}
