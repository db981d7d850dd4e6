/** The filter values of the URL; empty ones are absent. */
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

// The keys are exactly the given names.
const asFilter = <Name extends string>(filter: object) => filter as { [One in Name]?: string }

/** One of the known values of a filter; an unknown value of an old link is ignored. */
export function oneOf<Value extends string>(
  text: string | undefined,
  values: readonly Value[],
): Value | undefined {
  return values.find((value) => value === text)
}
