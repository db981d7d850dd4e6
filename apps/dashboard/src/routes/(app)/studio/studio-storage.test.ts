import { expect, it } from 'vitest'

import { createStudioStorage } from './studio-storage.ts'

function storage(): Storage {
  const studioStorage = new Map<string, string>()
  return {
    get length() {
      return studioStorage.size
    },
    clear: () => studioStorage.clear(),
    key: (index) => [...studioStorage.keys()][index] ?? null,
    getItem: (name) => studioStorage.get(name) ?? null,
    setItem: (name, text) => void studioStorage.set(name, text),
    removeItem: (name) => void studioStorage.delete(name),
  }
}

it('two users of one browser do not read each other’s values', () => {
  const store = storage()
  const one = createStudioStorage(() => store, 'usr_1')
  const other = createStudioStorage(() => store, 'usr_2')
  one.write('prompt', 'a fox')
  expect(one.read('prompt')).toBe('a fox')
  expect(other.read('prompt')).toBeNull()
  one.write('prompt', null)
  expect(one.read('prompt')).toBeNull()
})

it('blocked storage causes no errors', () => {
  const studioStorage = createStudioStorage(() => {
    throw new DOMException('denied', 'SecurityError')
  }, 'usr_1')
  studioStorage.write('prompt', 'a fox')
  expect(studioStorage.read('prompt')).toBeNull()
})
