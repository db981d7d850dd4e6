import { expect, it } from 'vitest'

import { counted } from './counted.ts'

it('uses the plural forms of the language', () => {
  const pictures = counted('en', { one: '# picture', other: '# pictures' })
  expect([0, 1, 2, 1_000].map(pictures)).toEqual([
    '0 pictures',
    '1 picture',
    '2 pictures',
    '1,000 pictures',
  ])
  expect([1, 2].map(counted('zh', { other: '# 张图片' }))).toEqual(['1 张图片', '2 张图片'])
})
