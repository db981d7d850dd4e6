/** Many callers, one flight, by key. A failed flight is forgotten, so the next caller tries anew. */
export function singleFlight<Value>() {
  const flights = new Map<string, Promise<Value>>()
  return {
    run(key: string, start: () => Promise<Value>): Promise<Value> {
      const known = flights.get(key)
      if (known) return known
      const flight = start().finally(() => flights.delete(key))
      flights.set(key, flight)
      return flight
    },
    get size() {
      return flights.size
    },
  }
}
