/** A stub of a port with only the given members; access to any other member throws. */
export function partialStub<Port extends object>(members: Partial<Port>): Port {
  const strict = new Proxy(members, {
    get(target, name) {
      // `await` reads `then`, and `util.inspect` reads symbols.
      const isAllowed = Reflect.has(target, name) || typeof name !== 'string' || name === 'then'
      if (isAllowed) return Reflect.get(target, name)
      throw new Error(`the stub has no member ${name}`)
    },
  })
  return strict as Port
}
