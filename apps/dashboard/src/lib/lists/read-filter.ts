/** Values of the URL that a list filters by; empty ones are absent. */
export function readFilter<Name extends string>(
  params: URLSearchParams,
  names: readonly Name[],
): { [One in Name]?: string } {
  const found = names.flatMap((name) => {
    const value = params.get(name)
    return value ? [[name, value] as const] : []
  })
  return asFilter<Name>(Object.fromEntries(found))
}

// Its names are those that were asked for.
const asFilter = <Name extends string>(filter: object) => filter as { [One in Name]?: string }

/** One of the values that a filter knows; another word in an old link filters nothing. */
export function oneOf<Value extends string>(
  text: string | undefined,
  values: readonly Value[],
): Value | undefined {
  return values.find((value) => value === text)
}
