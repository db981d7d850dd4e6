/**
 * With HTTP/1.1 a browser opens six connections to one host over all tabs. Streams use at most three of them,
 * so that pages, pictures and actions never wait for a stream to end.
 */
export const STREAMS_MAX = 3
/** Per tab, without Web Locks (unavailable over plain HTTP). */
const STREAMS_ALONE_MAX = 2

/** Releases a slot; repeated calls do nothing. */
export type Release = () => void

export interface StreamSlots {
  /** Undefined when all slots are in use. */
  take: () => Promise<Release | undefined>
}

export type Locks = Pick<LockManager, 'request'>

/** Slots shared by all tabs of this browser if it has Web Locks; otherwise slots of this page. */
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

// The lock is held until the callback's promise settles; the browser releases it when the tab is closed.
function takeLock(locks: Locks, name: string): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    const request = locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(undefined)
      const held = Promise.withResolvers<void>()
      resolve(held.resolve)
      return held.promise
    })
    request.catch(reject)
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
