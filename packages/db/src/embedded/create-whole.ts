import { link, open, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

import type { Random } from '@sluice/kernel/random'

import { hasCode } from './error-code.ts'

/**
 * Creates a file with this text, mode 0600, unless it is there; false when it is, and then nothing was
 * written. A crash or a power cut leaves no file or a whole one, and of many who create it at once
 * exactly one does. `prepare` gets the file's path before it appears under its name.
 */
export async function createWhole(
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
    // Unlike rename(2), link(2) never replaces what another start has created meanwhile.
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

/** A name is on disk only when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const opened = await open(folder)
  try {
    await opened.sync()
  } finally {
    await opened.close()
  }
}
