import { pathToFileURL } from 'node:url'

import { expect, test } from 'vitest'

import { isOfPanel } from './is-of-panel.ts'

const thrownAt = (...places: string[]) => {
  const error = new Error('nobody listens')
  error.stack = ['Error: nobody listens', ...places.map((place) => `    at ${place}`)].join('\n')
  return error
}

const PANEL = '/srv/sluice/dist/panel'

test('what a page forgot is the fault of a page', () => {
  const page = 'load (file:///srv/sluice/dist/panel/1f2e/server/pages/(auth)/login/_page.ts.js:7:3)'
  expect(isOfPanel(thrownAt(page, 'run (file:///srv/sluice/apps/x.ts:1:1)'), PANEL)).toBe(true)
  expect(isOfPanel(thrownAt('/srv/sluice/dist/panel/1f2e/server/a.js:1:1'), PANEL)).toBe(true)
  const node = 'node:internal/deps/undici/undici:13510:13'
  expect(isOfPanel(thrownAt(node, `async ${page}`), PANEL)).toBe(true)
})

test('what the gateway forgot is not, also when a page had asked for it', () => {
  const ours = 'openHold (file:///srv/sluice/services/billing/src/methods/open-hold.ts:9:5)'
  const page = 'load (file:///srv/sluice/dist/panel/1f2e/server/chunks/page.js:7:3)'
  expect(isOfPanel(thrownAt(ours, page), PANEL)).toBe(false)
  expect(isOfPanel(thrownAt('f (file:///srv/sluice/dist/panel-of-others/a.js:1:1)'), PANEL)).toBe(
    false,
  )
  expect(isOfPanel('a word', PANEL)).toBe(false)
  expect(isOfPanel(undefined, PANEL)).toBe(false)
})

test('a page is known in a folder with spaces and letters beyond ASCII, too', () => {
  const folder = '/home/Jürgen Müller/sluice/dist/panel'
  const page = `load (${pathToFileURL(`${folder}/1f2e/server/pages/(auth)/_page.ts.js`).href}:7:3)`
  expect(isOfPanel(thrownAt(page), folder)).toBe(true)
})
