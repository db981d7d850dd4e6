import { pathToFileURL } from 'node:url'

import { expect, test } from 'vitest'

import { isPanelError } from './is-panel-error.ts'

const thrownAt = (...frames: string[]) => {
  const error = new Error('connection refused')
  error.stack = ['Error: connection refused', ...frames.map((frame) => `    at ${frame}`)].join(
    '\n',
  )
  return error
}

const PANEL = '/srv/sluice/dist/panel'

test('a rejection thrown in the panel build is of the panel', () => {
  const page = 'load (file:///srv/sluice/dist/panel/1f2e/server/pages/(auth)/login/_page.ts.js:7:3)'
  expect(isPanelError(thrownAt(page, 'run (file:///srv/sluice/apps/x.ts:1:1)'), PANEL)).toBe(true)
  expect(isPanelError(thrownAt('/srv/sluice/dist/panel/1f2e/server/a.js:1:1'), PANEL)).toBe(true)
  const node = 'node:internal/deps/undici/undici:13510:13'
  expect(isPanelError(thrownAt(node, `async ${page}`), PANEL)).toBe(true)
})

test('a rejection thrown in the gateway is not, even when a panel page called it', () => {
  const ours = 'openHold (file:///srv/sluice/services/billing/src/methods/open-hold.ts:9:5)'
  const page = 'load (file:///srv/sluice/dist/panel/1f2e/server/chunks/page.js:7:3)'
  expect(isPanelError(thrownAt(ours, page), PANEL)).toBe(false)
  expect(
    isPanelError(thrownAt('f (file:///srv/sluice/dist/panel-of-others/a.js:1:1)'), PANEL),
  ).toBe(false)
  expect(isPanelError('a word', PANEL)).toBe(false)
  expect(isPanelError(undefined, PANEL)).toBe(false)
})

test('a panel build is recognised in a folder with spaces and non-ASCII letters', () => {
  const folder = '/home/Jürgen Müller/sluice/dist/panel'
  const page = `load (${pathToFileURL(`${folder}/1f2e/server/pages/(auth)/_page.ts.js`).href}:7:3)`
  expect(isPanelError(thrownAt(page), folder)).toBe(true)
})
