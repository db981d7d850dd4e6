import { permissionsOf } from '@sluice/contracts/control/permissions'
import { expect, test } from 'vitest'
import { searchPanel, readId } from './search-panel.ts'

const hex = '0192f3a4b5c6d7e8f901234567890abc'
const never = new AbortController().signal
const nothing = () => Promise.resolve({ items: [], next_cursor: null })

test('a complete id gives its page, only with the permission to see it', () => {
  expect(readId(`img_${hex}`, permissionsOf('user'))?.href).toBe(`/gallery/img_${hex}`)
  expect(readId(`img_${hex}`, permissionsOf('admin'))?.href).toBe(`/admin/images/img_${hex}`)
  expect(readId(` usr_${hex} `, permissionsOf('admin'))?.href).toBe(`/admin/users/usr_${hex}`)
  expect(readId(`usr_${hex}`, permissionsOf('user'))).toBeUndefined()
  expect(readId('img_1', permissionsOf('admin'))).toBeUndefined()
})

test('users are not searched without the permission', async () => {
  const listUsers = () => Promise.reject(new Error('users were requested'))
  const api = { listApiKeys: nothing, listImages: nothing, listUsers }
  expect(
    await searchPanel({ api }, { text: 'cat', may: permissionsOf('user'), signal: never }),
  ).toEqual([])
})

test('a single letter sends no request', async () => {
  const refuse = () => Promise.reject(new Error('requested'))
  const api = { listApiKeys: refuse, listImages: refuse, listUsers: refuse }
  const found = await searchPanel(
    { api },
    { text: ' c ', may: permissionsOf('admin'), signal: never },
  )
  expect(found).toEqual([])
})
