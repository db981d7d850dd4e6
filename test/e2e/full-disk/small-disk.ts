import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CHUNK = Buffer.alloc(64 * 1024)

/** A folder for blobs on a disk that a test can fill. */
export interface SmallDisk {
  folder: string
  /**
   * True for a file system of its own that can be filled; otherwise writes fail although the disk has free
   * space.
   */
  isMounted: boolean
  fill(): Promise<void>
  freeSpace(): Promise<void>
  remove(): Promise<void>
}

/**
 * A file system of 16 MiB if this user may mount one. Otherwise a folder whose subfolder for temporary files
 * is replaced by a file while it counts as full: writes fail likewise, with another errno.
 */
export async function smallDisk(): Promise<SmallDisk> {
  const root = await mkdtemp(join(tmpdir(), 'sluice-disk-'))
  const folder = join(root, 'blobs')
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', root]).then(
    () => true,
    () => false,
  )
  await mkdir(folder)
  const remove = async () => {
    if (mounted) await run('umount', ['-l', root])
    await rm(root, { recursive: true, force: true })
  }
  const fillable = mounted ? fillWith(join(root, 'filler')) : blockFolder(join(folder, 'tmp'))
  return { folder, isMounted: mounted, ...fillable, remove }
}

function fillWith(filler: string) {
  return {
    fill: async () => {
      const file = await open(filler, 'w')
      try {
        for (;;) await file.write(CHUNK)
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      } finally {
        await file.close()
      }
    },
    freeSpace: () => rm(filler),
  }
}

function blockFolder(temporary: string) {
  return {
    fill: async () => {
      await rename(temporary, `${temporary}-before`)
      await writeFile(temporary, '')
    },
    freeSpace: async () => {
      await rm(temporary)
      await rename(`${temporary}-before`, temporary)
    },
  }
}
