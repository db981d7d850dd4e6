import { expect, it } from 'vitest'

import { fileNameOf } from './file-name.ts'
import { fitIn } from './fit-in.ts'
import { linkEndsAtMs, variantLink, variantLinks } from './picture-link.ts'
import { boxOf, shapeOf } from './picture-shape.ts'
import { pictureOf, taskOf } from './testing/task-of.ts'

const url = '/p/img/img_1/0?exp=1800000000&sig=ab'

it('variants use the same signature, at two pixel densities', () => {
  expect(variantLink(url, { widthPx: 320 })).toBe(`${url}&w=320&format=webp`)
  expect(variantLinks(url, 320)).toBe(`${url}&w=320&format=webp 1x, ${url}&w=640&format=webp 2x`)
})

it('a link contains its expiry; a link without one counts as expired', () => {
  expect(linkEndsAtMs(url)).toBe(1_800_000_000_000)
  expect(linkEndsAtMs('/p/img/img_1/0?sig=ab')).toBe(0)
})

it('a picture has the box of its request until its own size is known', () => {
  const task = taskOf({ size: '1536x1024' })
  expect(boxOf(task)).toEqual({ width: 1536, height: 1024 })
  expect(boxOf({ size: 'auto' })).toEqual({ width: 1024, height: 1024 })
  expect(shapeOf(task, pictureOf({ width: 10, height: 20 }))).toEqual({ width: 10, height: 20 })
  expect(shapeOf(task, undefined)).toEqual({ width: 1536, height: 1024 })
})

it.each([
  ['A fox, in the snow!', 'a-fox-in-the-snow-abcdef.png'],
  ['../../etc/passwd\0', 'etc-passwd-abcdef.png'],
  ['雪地里的一只狐狸，晨光', '雪地里的一只狐狸-晨光-abcdef.png'],
  ['🦊🦊', 'abcdef.png'],
])('a download of %j has the file name %s', (prompt, name) => {
  expect(fileNameOf(taskOf({ prompt }), { index: 0, format: null })).toBe(name)
})

it('a file name has the number among several pictures and the format', () => {
  const task = taskOf({ count: 4, format: 'jpeg', prompt: 'fox' })
  expect(fileNameOf(task, { index: 2, format: null })).toBe('fox-abcdef-3.jpg')
  expect(fileNameOf(task, { index: 2, format: 'webp' })).toBe('fox-abcdef-3.webp')
})

it('a file name never exceeds the limit of file systems', () => {
  for (const prompt of ['x'.repeat(32_000), '狐'.repeat(32_000), 'word '.repeat(6_000)]) {
    const name = fileNameOf(taskOf({ prompt }), { index: 0, format: null })
    expect(new TextEncoder().encode(name).length).toBeLessThan(200)
  }
})

it('a picture is shown completely in a box of another ratio, and fills a box of its own ratio', () => {
  const square = { width: 1, height: 1 }
  expect(fitIn(square, { width: 3, height: 2 })).toEqual({ width: '100%', height: '66.67%' })
  expect(fitIn(square, { width: 2, height: 3 })).toEqual({ width: '66.67%', height: '100%' })
  expect(fitIn({ width: 1536, height: 1024 }, { width: 3, height: 2 })).toEqual({
    width: '100%',
    height: '100%',
  })
})
