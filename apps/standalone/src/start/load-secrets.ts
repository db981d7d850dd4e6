import { existsSync } from 'node:fs'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { createWhole } from '@sluice/db/embedded/create-whole'
import { ownFolder } from '@sluice/db/embedded/own-folder'
import type { Random } from '@sluice/kernel/random'
import { z } from 'zod'

/** What the installation must keep to itself, in the form that the services' configuration reads. */
const secretsSchema = z.object({
  /** `id:base64[,id:base64]`, newest first: AES-256 keys that seal upstream secrets. */
  sealingKeys: z.string().min(1),
  /** Base64: keys the HMAC under which API keys are stored. */
  apiKeyPepper: z.string().min(1),
  /** `id:base64[,id:base64]`, newest first: HMAC keys of picture links. */
  signingKeys: z.string().min(1),
})
export type Secrets = z.output<typeof secretsSchema>

const FILE = 'secrets.json'

/**
 * The secrets of a data folder, made on the first start and kept for good (mode 0600). Throws a sentence
 * when the file is unreadable, or gone although the folder already holds data that was sealed with it.
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
      `${path} is missing, but ${dataDir} holds a database whose secrets were sealed with it. ` +
        'Put the file back from your backup, or start with an empty SLUICE_DATA_DIR.',
    )
  }
  await ownFolder(dataDir)
  const made = makeSecrets(random)
  const text = `${JSON.stringify(made, null, 2)}\n`
  // Another start may have made them at the same moment; then they are the ones.
  return (await createWhole({ random }, { path, text }))
    ? made
    : loadSecrets({ random }, { dataDir })
}

/** The secrets that a data folder has; undefined when it has none. Makes nothing. */
export async function findSecrets({ dataDir }: { dataDir: string }): Promise<Secrets | undefined> {
  const path = join(dataDir, FILE)
  if (!existsSync(path)) return undefined
  const parsed = secretsSchema.safeParse(parseJson(await readFile(path, 'utf8')))
  if (parsed.success) {
    await chmod(path, 0o600)
    return parsed.data
  }
  throw new Error(
    `${path} is damaged: it does not hold the three secrets of this installation. Put the file ` +
      'back from your backup. If nothing was ever stored with it, remove it and start again.',
  )
}

// An empty or torn file is no JSON; its bytes must not get into an error.
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function makeSecrets(random: Random): Secrets {
  const key = () => Buffer.from(random.bytes(32)).toString('base64')
  return { sealingKeys: `k1:${key()}`, apiKeyPepper: key(), signingKeys: `k1:${key()}` }
}
