import { globSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { expect, it } from 'vitest'

import { chooseLanguage, languageNames } from './languages.ts'

const folderOf = (language: string) => join(import.meta.dirname, language)
const areasOf = (language: string) =>
  globSync('*.ts', { cwd: folderOf(language) })
    .map((path) => basename(path, '.ts'))
    .toSorted()

it("the user's choice takes precedence over the Accept-Language header", () => {
  expect(chooseLanguage({ cookie: 'zh', acceptLanguage: 'en-US' })).toBe('zh')
})

it.each([
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['de, zh-TW;q=0.5, en;q=0.7', 'en'],
  ['EN-gb', 'en'],
  ['fr', 'en'],
  ['zh;q=0, en;q=0.1', 'en'],
  ['*', 'en'],
  [';;q=,', 'en'],
  [null, 'en'],
])('Accept-Language %s selects %s', (acceptLanguage, language) => {
  expect(chooseLanguage({ cookie: undefined, acceptLanguage })).toBe(language)
})

it('a cookie with an unknown language is ignored', () => {
  for (const cookie of ['xx', '', '__proto__', 'constructor']) {
    expect(chooseLanguage({ cookie, acceptLanguage: 'zh' })).toBe('zh')
  }
})

it('every language has a folder with every area of messages', () => {
  const folders = globSync('*/everywhere.ts', { cwd: import.meta.dirname }).map((path) =>
    dirname(path),
  )
  expect(folders.toSorted()).toEqual(languageNames.toSorted())
  for (const language of languageNames) expect(areasOf(language)).toEqual(areasOf('en'))
})
