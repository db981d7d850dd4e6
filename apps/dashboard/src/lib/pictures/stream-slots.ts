/**
 * A browser speaks HTTP/1.1 over six connections to one host, for all its tabs together. Streams take at
 * most three of them, so that pages, pictures and acts never wait for a stream to end.
 */
export const STREAMS_MAX = 3
/** Without Web Locks (plain HTTP in a network) tabs do not know of each other. */
const STREAMS_ALONE_MAX = 2

/** Gives a slot back; repeated calls do nothing. */
export type Release = () => void

export interface StreamSlots {
  /** Undefined when every slot is taken. */
  take: () => Promise<Release | undefined>
}

export type Locks = Pick<LockManager, 'request'>

/** Slots shared by every tab of this browser, where it has Web Locks; else slots of this page. */
export function createStreamSlots(locks: Locks | undefined): StreamSlots {
  return locks ? sharedSlots(locks) : ownSlots()
}

function sharedSlots(locks: Locks): StreamSlots {
  return {
    take: async () => {
      for (let slot = 0; slot < STREAMS_MAX; slot += 1) {
        const release = await takeLock(locks, `sluice-stream-${slot}`)
        if (release) return release
      }
      return undefined
    },
  }
}

// The lock is held until the promise in its callback ends; a closed tab gives it back by itself.
function takeLock(locks: Locks, name: string): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    const asked = locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(undefined)
      const held = Promise.withResolvers<void>()
      resolve(held.resolve)
      return held.promise
    })
    asked.catch(reject)
  })
}

function ownSlots(): StreamSlots {
  let taken = 0
  return {
    take: async () => {
      if (taken >= STREAMS_ALONE_MAX) return undefined
      taken += 1
      let open = true
      return () => {
        if (open) taken -= 1
        open = false
      }
    },
  }
}
