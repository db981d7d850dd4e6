/** Concurrent calls with the same key share one promise. Nothing is cached: the next call starts again. */
export function singleFlight<Value>() {
  const flights = new Map<string, Promise<Value>>()
  return {
    run(key: string, start: () => Promise<Value>): Promise<Value> {
      const running = flights.get(key)
      if (running) return running
      const flight = start().finally(() => flights.delete(key))
      flights.set(key, flight)
      return flight
    },
    get size() {
      return flights.size
    },
  }
}
