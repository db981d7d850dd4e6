import { expect, test } from 'vitest'
import { idBelow, placeOf, places } from './places.ts'

test('every place is found again by its own address', () => {
  for (const place of places) expect(placeOf(place.href)?.name).toBe(place.name)
})

test('a page below a place belongs to the nearest one above it', () => {
  expect(placeOf('/admin/users/usr_1')?.name).toBe('users')
  expect(placeOf('/usage/charges/chg_1')?.name).toBe('usage')
  expect(placeOf('/keysmith')).toBeUndefined()
})

test('the breadcrumb ends in the id of what is open, and in nothing on the place itself', () => {
  expect(idBelow('/gallery/img_1')).toBe('img_1')
  expect(idBelow('/gallery')).toBeUndefined()
  expect(idBelow('/nowhere/at/all')).toBeUndefined()
})
