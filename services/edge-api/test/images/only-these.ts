/** A world of which the image routes must need nothing but these members: others throw when touched. */
export function onlyThese<Whole extends object>(members: Partial<Whole>): Whole {
  const strict = new Proxy(members, {
    get: (target, name) => {
      if (Reflect.has(target, name)) return Reflect.get(target, name)
      throw new Error(`the image routes do not need ${String(name)}`)
    },
  })
  return strict as Whole
}
