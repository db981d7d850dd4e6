/** Resolves in the next turn of Node's event loop, after the callbacks that are queued for this one. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
