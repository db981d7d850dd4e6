import type { Unsubscribe } from '@sluice/bus/bus'

import type { ImageRunnerDeps } from '../src/deps.ts'

type CrashableDeps = Pick<ImageRunnerDeps, 'store' | 'blobs' | 'scheduler' | 'bus' | 'upstreams'>

/**
 * Dependencies that can simulate a crash of their process: afterwards, calls never return and no messages
 * are received. With `crashAt`, the crash is at the n-th call, before the call takes effect or right after.
 */
export function crashable(
  { store, blobs, scheduler, bus, upstreams }: CrashableDeps,
  { crashAt = Infinity, after = false }: { crashAt?: number; after?: boolean } = {},
) {
  let crashed = false
  let calls = 0
  const callNames: string[] = []
  const subscriptions: Unsubscribe[] = []
  const never = new Promise<never>(() => {})

  const crash = () => {
    crashed = true
    for (const unsubscribe of subscriptions) void unsubscribe()
  }
  const wrap = <Deps extends object>(name: string, deps: Deps): Deps =>
    new Proxy(deps, {
      get: (target, method, receiver) => {
        const value: unknown = Reflect.get(target, method, receiver)
        if (typeof value !== 'function') return value
        return (...input: unknown[]) => {
          if (crashed) return never
          calls += 1
          callNames.push(`${name}.${String(method)}`)
          if (calls !== crashAt) return value.apply(target, input)
          if (!after) return (crash(), never)
          const effect: unknown = value.apply(target, input)
          return Promise.resolve(effect).then(() => (crash(), never))
        }
      },
    })
  const track = async (unsubscribe: Promise<Unsubscribe>) => {
    subscriptions.push(await unsubscribe)
    return unsubscribe
  }
  const deps = {
    store: wrap('store', store),
    blobs: wrap('blobs', blobs),
    scheduler: wrap('scheduler', scheduler),
    upstreams: {
      openai: wrap('upstream', upstreams.openai),
      sandbox: wrap('upstream', upstreams.sandbox),
    },
    bus: {
      announce: wrap('bus', { announce: bus.announce }).announce,
      connected: bus.connected,
      subscribe: (name, receive) => track(bus.subscribe(name, receive)),
      consume: (name, options, receive) => track(bus.consume(name, options, receive)),
    },
  } satisfies CrashableDeps
  return { deps, crash, resume: () => void (crashed = false), hasCrashed: () => crashed, callNames }
}
