import { existsSync } from 'node:fs'
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

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
  const path = join(dataDir, FILE)
  if (existsSync(path)) return readSecrets(path)
  if (existsSync(join(dataDir, 'postgres'))) {
    throw new Error(
      `${path} is missing, but ${dataDir} holds a database whose secrets were sealed with it. ` +
        'Put the file back from your backup, or start with an empty SLUICE_DATA_DIR.',
    )
  }
  const made = makeSecrets(random)
  await writePrivately({ dataDir, path, text: JSON.stringify(made, null, 2) })
  return made
}

async function readSecrets(path: string): Promise<Secrets> {
  await chmod(path, 0o600)
  const parsed = secretsSchema.safeParse(JSON.parse(await readFile(path, 'utf8')))
  if (!parsed.success) throw new Error(`${path} is damaged: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

function makeSecrets(random: Random): Secrets {
  const key = () => Buffer.from(random.bytes(32)).toString('base64')
  return { sealingKeys: `k1:${key()}`, apiKeyPepper: key(), signingKeys: `k1:${key()}` }
}

// Written beside and renamed, so that a crash leaves either no file or a whole one.
async function writePrivately(file: { dataDir: string; path: string; text: string }) {
  await mkdir(file.dataDir, { recursive: true })
  const temporary = `${file.path}.new`
  const handle = await open(temporary, 'w', 0o600)
  await handle.writeFile(`${file.text}\n`)
  await handle.sync()
  await handle.close()
  await rename(temporary, file.path)
}
