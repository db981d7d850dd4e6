/** The part of a port that is needed: whatever asks for anything else fails its test. */
export function onlyThese<Port extends object>(members: Partial<Port>): Port {
  const strict = new Proxy(members, {
    get(target, name) {
      // Who awaits it asks for `then`, and Node's printer for symbols.
      const isNeeded = Reflect.has(target, name) || typeof name !== 'string' || name === 'then'
      if (isNeeded) return Reflect.get(target, name)
      throw new Error(`this was not to be needed: ${name}`)
    },
  })
  return strict as Port
}
