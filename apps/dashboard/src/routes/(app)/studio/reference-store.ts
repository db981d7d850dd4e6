const NAME = 'sluice-studio'
const STORE = 'references'
/** Stored files expire after this time. */
const KEPT_MS_MAX = 86_400_000

interface Shelved {
  files: File[]
  atMs: number
}

/**
 * Stores the reference pictures of a user in this browser, so that they survive a reload or a new sign-in.
 * Without storage space they are not stored; nothing rejects.
 */
export function createReferenceStore(database: IDBFactory | undefined, userId: string) {
  const referenceStore = async () => {
    if (!database) return undefined
    const opening = database.open(NAME, 1)
    opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(STORE))
    return answered(opening)
  }

  const put = async (files: readonly File[], nowMs: number): Promise<void> => {
    try {
      const opened = await referenceStore()
      if (!opened) return
      const store = opened.transaction(STORE, 'readwrite').objectStore(STORE)
      const shelved: Shelved = { files: [...files], atMs: nowMs }
      if (files.length > 0) await answered(store.put(shelved, userId))
      else await answered(store.delete(userId))
      opened.close()
    } catch {
      // No storage space, or a private window.
    }
  }

  const take = async (nowMs: number): Promise<File[]> => {
    try {
      const opened = await referenceStore()
      if (!opened) return []
      const found: unknown = await answered(
        opened.transaction(STORE, 'readonly').objectStore(STORE).get(userId),
      )
      opened.close()
      return filesOf(found, nowMs)
    } catch {
      return []
    }
  }

  return { put, take }
}

function filesOf(found: unknown, nowMs: number): File[] {
  if (typeof found !== 'object' || found === null) return []
  const { files, atMs }: { files?: unknown; atMs?: unknown } = found
  if (!Array.isArray(files) || typeof atMs !== 'number') return []
  if (nowMs - atMs > KEPT_MS_MAX) return []
  return files.filter((file): file is File => file instanceof File)
}

function answered<Answer>(request: IDBRequest<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('request failed')))
  })
}
