import { expect, it } from 'vitest'

import { createKept } from './kept.ts'

function storage(): Storage {
  const kept = new Map<string, string>()
  return {
    get length() {
      return kept.size
    },
    clear: () => kept.clear(),
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, text) => void kept.set(name, text),
    removeItem: (name) => void kept.delete(name),
  }
}

it('two people at one browser do not read each other', () => {
  const store = storage()
  const one = createKept(() => store, 'usr_1')
  const other = createKept(() => store, 'usr_2')
  one.write('prompt', 'a fox')
  expect(one.read('prompt')).toBe('a fox')
  expect(other.read('prompt')).toBeNull()
  one.write('prompt', null)
  expect(one.read('prompt')).toBeNull()
})

it('a browser that keeps nothing does no harm', () => {
  const kept = createKept(() => {
    throw new DOMException('denied', 'SecurityError')
  }, 'usr_1')
  kept.write('prompt', 'a fox')
  expect(kept.read('prompt')).toBeNull()
})
