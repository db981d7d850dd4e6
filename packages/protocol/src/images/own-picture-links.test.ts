import { expect, test } from 'vitest'

import { LongText } from '../long-text.ts'
import { isOwnPictureLink, ownPictureLinks } from './own-picture-links.ts'

const task = `img_${'0123456789abcdef'.repeat(2)}`
const path = `/p/img/${task}/0`
const signed = `${path}?exp=1795219200&sig=0a1b`

test.each<[string, string[]]>([
  [signed, [signed]],
  [`https://sluice.example${signed}`, [signed]],
  [`Edit (https://sluice.example:8080/gateway${signed}), please.`, [signed]],
  [`![image](${signed}) and [it](${path})`, [signed, path]],
  [`<${path}> "${path}" ${task}`, [path]],
  [`${path}.`, [path]],
  [`/p/img/${task}/12 then ${path}`, [`/p/img/${task}/12`, path]],
  [`/p/img/${task}/007 /p/img/${task}/0/more /p/img/img_x/0 /p/img/${task}`, []],
  ['no own link: /files/1.png', []],
])('finds picture links of this installation in %j', (text, links) => {
  expect(ownPictureLinks(text)).toEqual(links)
})

test('finds the last ones of many in bounded time', () => {
  const many = Array.from({ length: 99 }, (_, index) => `/p/img/${task}/${index}`)
  expect(ownPictureLinks(`${'/p/img/img_'.repeat(1_000_000)} ${many.join(' ')}`)).toEqual(
    many.slice(-20),
  )
})

test('finds links in a LongText', () => {
  const escapes = String.raw`\n\u00e9`.repeat(2_000)
  const text = new LongText(Buffer.from(`${escapes}${signed}${escapes}(${path})${escapes}`))
  expect(ownPictureLinks(text)).toEqual([signed, path])
})

test('distinguishes the path of a link from base64', () => {
  expect(
    [signed, path, `${path} `, `https://a.example${path}`, `${path}AAAA`].map(isOwnPictureLink),
  ).toEqual([true, true, false, false, false])
})
