import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { renderFrame } from './render-frame.ts'

const template = readFileSync(join(import.meta.dirname, '../../app.html'), 'utf8')
const choice = { zone: 'UTC', rail: 'wide', welcomed: false } as const

it('the first tag of a page has the language and the theme of the user', () => {
  const dark = renderFrame(template, { ...choice, language: 'zh', theme: 'dark' })
  expect(dark).toContain('<html lang="zh-CN" data-theme="dark">')
  const system = renderFrame(template, { ...choice, language: 'en', theme: 'system' })
  expect(system).toContain('<html lang="en" data-theme="system">')
  expect(dark + system).not.toContain('%sluice.')
})
