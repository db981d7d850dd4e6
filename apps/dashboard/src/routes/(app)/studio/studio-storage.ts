/** Text stored in this browser for one user. Does nothing if storage is unavailable. */
export interface StudioStorage {
  read: (name: string) => string | null
  write: (name: string, text: string | null) => void
}

/**
 * Names include the user's id, so that two users of one browser do not see each other's prompts. `store` is
 * called each time, because accessing storage throws if the browser blocks it.
 */
export function createStudioStorage(store: () => Storage, userId: string): StudioStorage {
  const nameOf = (name: string) => `sluice.studio.${userId}.${name}`
  return {
    read: (name) => {
      try {
        return store().getItem(nameOf(name))
      } catch {
        return null
      }
    },
    write: (name, text) => {
      try {
        if (text === null) store().removeItem(nameOf(name))
        else store().setItem(nameOf(name), text)
      } catch {
        // Blocked or full: the page works without storage.
      }
    },
  }
}
