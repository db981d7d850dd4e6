import { lstat, mkdir, open, opendir, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import { isAppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'

import { checkBlobKey, checkBlobPrefix } from './blob-key.ts'
import type { BlobFacts, BlobStore, PutOptions } from './blob-store.ts'
import { openBlobFile } from './disk/blob-file.ts'
import { ignoreNotFound } from './disk/errno.ts'
import { foldersOf, keyOfFile, locationOf } from './disk/location-of.ts'
import {
  restrictToOwner,
  ensureFolder,
  FILE_MODE,
  FOLDER_MODE,
  publishFile,
} from './disk/publish-file.ts'
import { mapToUnavailable, writeBlobFile } from './disk/write-blob-file.ts'
import { listOldest } from './list-oldest.ts'

const TEMPORARY = 'tmp'
/** A temporary file is removed at this age: the process that was writing it was killed. */
const TEMPORARY_AGE_MS_MAX = 3_600_000

export interface DiskBlobStoreDeps {
  /** Shared by every process that uses this store. Created when it does not exist. */
  folder: string
  clock: Clock
  random: Random
}

/** Stores blobs as files. Opens no file until it is used; several processes may share the folder. */
export function createDiskBlobStore(deps: DiskBlobStoreDeps): BlobStore {
  const { folder } = deps
  const pathOf = (key: string) => {
    checkBlobKey(key)
    const location = locationOf(key)
    return join(folder, location.folder, location.file)
  }
  const openKey = async (key: string) => openBlobFile(pathOf(key))
  const stat = async (key: string) => {
    const blob = await openKey(key)
    await blob?.handle.close()
    return blob?.facts
  }
  const store: BlobStore = {
    put: createPut(deps, { pathOf, stat }),
    stat,
    open: async (key, range) => {
      const blob = await openKey(key)
      if (!blob) return undefined
      const { handle, facts } = blob
      const { start = 0, end = facts.bytes - 1 } = range ?? {}
      const last = Math.min(end, facts.bytes - 1)
      if (start <= last) return { ...facts, stream: handle.createReadStream({ start, end: last }) }
      await handle.close()
      return { ...facts, stream: Readable.from([]) }
    },
    read: async (key) => {
      const blob = await openKey(key)
      if (!blob) return undefined
      try {
        const bytes = Buffer.alloc(blob.facts.bytes)
        await blob.handle.read(bytes, 0, bytes.byteLength, 0)
        return bytes
      } finally {
        await blob.handle.close()
      }
    },
    remove: async (key) => void (await ignoreNotFound(unlink(pathOf(key)))),
    list: (prefix, options) => listOldest(store.walk(prefix), options),
    walk: (prefix) => {
      checkBlobPrefix(prefix)
      return walkFolders(deps, prefix)
    },
    check: async () => {
      await mapToUnavailable(prepareTemporary(deps))
      const probe = temporaryPath(deps)
      await mapToUnavailable(open(probe, 'wx', FILE_MODE).then((handle) => handle.close()))
      await unlink(probe)
    },
  }
  return store
}

function createPut(
  deps: DiskBlobStoreDeps,
  { pathOf, stat }: { pathOf: (key: string) => string; stat: BlobStore['stat'] },
): BlobStore['put'] {
  const made = new Map<string, Promise<void>>()
  // Runs once per process and folder; after a failure the next put tries again.
  const once = (name: string, make: () => Promise<void>) => {
    const known = made.get(name)
    if (known) return known
    const making = mapToUnavailable(make())
    made.set(name, making)
    making.catch(() => made.delete(name))
    return making
  }

  return async (key, source, options) => {
    const path = pathOf(key)
    const location = locationOf(key)
    await once(TEMPORARY, () => prepareTemporary(deps))
    await once(location.folder, () => ensureFolder({ parent: deps.folder, name: location.folder }))
    const temporary = temporaryPath(deps)
    try {
      const facts = await writeBlobFile(deps, { path: temporary, source, options })
      const known = await publish({ temporary, path, options, stat: () => stat(key) })
      return known ?? facts
    } finally {
      await ignoreNotFound(unlink(temporary))
    }
  }
}

/** Publishes the temporary file under its final name; returns the facts of an existing blob. */
async function publish({
  temporary,
  path,
  options,
  stat,
}: {
  temporary: string
  path: string
  options: PutOptions
  stat: () => Promise<BlobFacts | undefined>
}): Promise<BlobFacts | undefined> {
  let ifAbsent = options.ifAbsent ?? false
  while (!(await mapToUnavailable(publishFile({ temporary, path, ifAbsent })))) {
    try {
      const known = await stat()
      if (known) return known
    } catch (error) {
      // A damaged blob is replaced: otherwise no put with ifAbsent could ever succeed.
      if (!isAppError(error, 'internal_error')) throw error
      ifAbsent = false
    }
  }
  return undefined
}

function temporaryPath({ folder, random }: DiskBlobStoreDeps): string {
  return join(folder, TEMPORARY, Buffer.from(random.bytes(16)).toString('hex'))
}

async function prepareTemporary({ folder, clock }: DiskBlobStoreDeps): Promise<void> {
  const path = join(folder, TEMPORARY)
  await mkdir(path, { recursive: true, mode: FOLDER_MODE })
  await restrictToOwner(folder)
  await restrictToOwner(path)
  for (const file of await readdir(path)) {
    const facts = await ignoreNotFound(lstat(join(path, file)))
    const old = facts && clock.nowMs() - facts.mtimeMs > TEMPORARY_AGE_MS_MAX
    if (old) await ignoreNotFound(unlink(join(path, file)))
  }
}

async function* walkFolders({ folder }: DiskBlobStoreDeps, prefix: string) {
  for (const name of foldersOf(prefix)) {
    const files = await ignoreNotFound(opendir(join(folder, name)))
    if (!files) continue
    for await (const { name: file } of files) {
      const key = keyOfFile(file)
      if (!key.startsWith(prefix)) continue
      const facts = await ignoreNotFound(lstat(join(folder, name, file)))
      if (facts) yield { key, storedAt: facts.mtime }
    }
  }
}
