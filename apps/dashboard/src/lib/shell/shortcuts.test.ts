import { expect, test } from 'vitest'
import { readShortcut } from './shortcuts.ts'

const press = (key: string, more = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  isComposing: false,
  target: { tagName: 'BODY' },
  ...more,
})

test('Ctrl-K and Command-K open the palette, from inside a field too', () => {
  expect(readShortcut(press('k', { ctrlKey: true }))).toBe('palette')
  expect(readShortcut(press('K', { metaKey: true, target: { tagName: 'INPUT' } }))).toBe('palette')
})

test('a slash focuses the filter, except while typing in a field', () => {
  expect(readShortcut(press('/'))).toBe('filter')
  for (const tagName of ['INPUT', 'textarea', 'SELECT']) {
    expect(readShortcut(press('/', { target: { tagName } }))).toBeUndefined()
  }
  expect(readShortcut(press('/', { target: { isContentEditable: true } }))).toBeUndefined()
})

test('keys of an input method or of another combination are ignored', () => {
  expect(readShortcut(press('/', { isComposing: true }))).toBeUndefined()
  expect(readShortcut(press('k', { ctrlKey: true, altKey: true }))).toBeUndefined()
  expect(readShortcut(press('j', { ctrlKey: true }))).toBeUndefined()
})
