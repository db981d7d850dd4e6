import { expect, test } from 'vitest'
import { idBelow, navItemOf, navItems } from './nav-items.ts'

test('every place is found again by its own address', () => {
  for (const navItem of navItems) expect(navItemOf(navItem.href)?.name).toBe(navItem.name)
})

test('a page below a place belongs to the nearest one above it', () => {
  expect(navItemOf('/admin/users/usr_1')?.name).toBe('users')
  expect(navItemOf('/usage/charges/chg_1')?.name).toBe('usage')
  expect(navItemOf('/keysmith')).toBeUndefined()
})

test('the breadcrumb ends in the id of what is open, and in nothing on the place itself', () => {
  expect(idBelow('/gallery/img_1')).toBe('img_1')
  expect(idBelow('/gallery')).toBeUndefined()
  expect(idBelow('/nowhere/at/all')).toBeUndefined()
})
