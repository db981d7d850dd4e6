/** Text kept in this browser for one person. Where a browser keeps nothing, nothing is kept. */
export interface StudioStorage {
  read: (name: string) => string | null
  write: (name: string, text: string | null) => void
}

/**
 * Names are the person's own, so that two people at one browser do not see each other's prompts. `store` is
 * asked for anew each time: reading it throws where the browser forbids it.
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
        // Forbidden or full: the page works without.
      }
    },
  }
}
