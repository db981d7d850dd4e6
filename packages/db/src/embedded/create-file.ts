import { link, open, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

import type { Random } from '@sluice/kernel/random'

import { hasCode } from './error-code.ts'

/**
 * Creates a file with this text, mode 0600; returns false and writes nothing if it exists. A crash or power
 * failure leaves no file or a complete one, and of concurrent calls exactly one creates it. `prepare` is
 * called with the temporary path before the file gets its name.
 */
export async function createFileAtomically(
  { random }: { random: Random },
  {
    path,
    text,
    prepare = async () => {},
  }: { path: string; text: string; prepare?: (temporary: string) => Promise<void> },
): Promise<boolean> {
  const temporary = `${path}.${Buffer.from(random.bytes(8)).toString('hex')}.new`
  try {
    await writeFile(temporary, text, { mode: 0o600, flag: 'wx', flush: true })
    await prepare(temporary)
    // Unlike rename(2), link(2) never replaces a file that a concurrent start has created.
    await link(temporary, path)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
  await syncFolder(dirname(path))
  return true
}

/** Flushes a folder, so that new names in it survive a power failure. */
export async function syncFolder(folder: string): Promise<void> {
  const opened = await open(folder)
  try {
    await opened.sync()
  } finally {
    await opened.close()
  }
}
