/** Resolves in the next turn of Node's event loop: what waited for this one is served before. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
