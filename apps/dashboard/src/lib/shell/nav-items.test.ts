import { expect, test } from 'vitest'
import { idBelow, navItemOf, navItems } from './nav-items.ts'

test('every navigation item is found by its own path', () => {
  for (const navItem of navItems) expect(navItemOf(navItem.href)?.name).toBe(navItem.name)
})

test('a page belongs to the navigation item with the longest matching path', () => {
  expect(navItemOf('/admin/users/usr_1')?.name).toBe('users')
  expect(navItemOf('/usage/charges/chg_1')?.name).toBe('usage')
  expect(navItemOf('/keysmith')).toBeUndefined()
})

test('the breadcrumb ends with the id of the open object, if any', () => {
  expect(idBelow('/gallery/img_1')).toBe('img_1')
  expect(idBelow('/gallery')).toBeUndefined()
  expect(idBelow('/nowhere/at/all')).toBeUndefined()
})
