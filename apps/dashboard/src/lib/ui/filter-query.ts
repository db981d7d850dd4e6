/** The used part of URLSearchParams; that of a page is read-only. */
type Query = Pick<URLSearchParams, 'get' | 'toString'>

/** A query with one filter changed; an empty value removes it, and any change resets the page. */
export function withFilter(query: Query, name: string, value: string): URLSearchParams {
  const next = new URLSearchParams(query.toString())
  next.delete('cursor')
  if (value === '') next.delete(name)
  else next.set(name, value)
  return next
}

/** The names of filters that are set. */
export function activeFilters(query: Query, names: readonly string[]): string[] {
  return names.filter((name) => (query.get(name) ?? '') !== '')
}
