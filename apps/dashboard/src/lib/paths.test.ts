import { expect, it } from 'vitest'

import { localPath, paths, withQuery } from './paths.ts'

it('every address of the panel', () => {
  const id = 'a/b c'
  const filter = { q: 'a b', state: 'banned', role: undefined, cursor: '' }
  expect([
    paths.overview(),
    paths.studio(),
    paths.gallery(filter),
    paths.image(id),
    paths.keys(filter),
    paths.usage(filter),
    paths.charge(id),
    paths.ledger(filter),
    paths.account(),
    paths.welcome(),
    paths.login('/keys?q=a&b'),
    paths.register(),
    paths.logout(),
    paths.admin(),
    paths.users(filter),
    paths.user(id),
    paths.channels(),
    paths.channel(id),
    paths.models(),
    paths.allImages(filter),
    paths.anyImage(id),
    paths.openApi(),
  ]).toMatchInlineSnapshot(`
    [
      "/",
      "/studio",
      "/gallery?q=a+b&state=banned",
      "/gallery/a%2Fb%20c",
      "/keys?q=a+b&state=banned",
      "/usage?q=a+b&state=banned",
      "/usage/charges/a%2Fb%20c",
      "/ledger?q=a+b&state=banned",
      "/account",
      "/welcome",
      "/login?next=%2Fkeys%3Fq%3Da%26b",
      "/register",
      "/logout",
      "/admin",
      "/admin/users?q=a+b&state=banned",
      "/admin/users/a%2Fb%20c",
      "/admin/channels",
      "/admin/channels/a%2Fb%20c",
      "/admin/models",
      "/admin/images?q=a+b&state=banned",
      "/admin/images/a%2Fb%20c",
      "/api/openapi.json",
    ]
  `)
})

it('a query omits absent values', () => {
  expect(withQuery('/keys', { limit: 0, q: '' })).toBe('/keys?limit=0')
  expect(withQuery('/keys', {})).toBe('/keys')
  expect(paths.login('/')).toBe('/login')
})

it.each(['/', '/studio', '/admin/users?q=a%20b#top', '/a/../keys'])(
  'signing in leads back to %s',
  (path) => {
    expect(localPath(path)).toBe(path === '/a/../keys' ? '/keys' : path)
  },
)

it.each([
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https://evil.example/',
  'javascript:alert(1)',
  '/.//evil.example',
  '/a/..//evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  'studio',
  '',
  null,
  undefined,
])('signing in never leads to %j', (path) => {
  expect(localPath(path)).toBe('/')
})
