import type { Unsubscribe } from '@sluice/bus/bus'

import type { ImageRunnerDeps } from '../src/deps.ts'

type Mortal = Pick<ImageRunnerDeps, 'store' | 'blobs' | 'scheduler' | 'bus' | 'upstreams'>

/**
 * The dependencies of a process that can die: from then on its calls never return and nothing reaches
 * it. With `dieAt` it dies at its n-th call, before the call takes effect or right after.
 */
export function mortal(
  { store, blobs, scheduler, bus, upstreams }: Mortal,
  { dieAt = Infinity, after = false }: { dieAt?: number; after?: boolean } = {},
) {
  let dead = false
  let calls = 0
  const made: string[] = []
  const ears: Unsubscribe[] = []
  const never = new Promise<never>(() => {})

  const die = () => {
    dead = true
    for (const end of ears) void end()
  }
  const wrap = <Deps extends object>(name: string, deps: Deps): Deps =>
    new Proxy(deps, {
      get: (target, method, receiver) => {
        const value: unknown = Reflect.get(target, method, receiver)
        if (typeof value !== 'function') return value
        return (...input: unknown[]) => {
          if (dead) return never
          calls += 1
          made.push(`${name}.${String(method)}`)
          if (calls !== dieAt) return value.apply(target, input)
          if (!after) return (die(), never)
          const effect: unknown = value.apply(target, input)
          return Promise.resolve(effect).then(() => (die(), never))
        }
      },
    })
  const hearing = async (end: Promise<Unsubscribe>) => {
    ears.push(await end)
    return end
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
      subscribe: (name, receive) => hearing(bus.subscribe(name, receive)),
      consume: (name, options, receive) => hearing(bus.consume(name, options, receive)),
    },
  } satisfies Mortal
  return { deps, die, wakeUp: () => void (dead = false), isDead: () => dead, made }
}
